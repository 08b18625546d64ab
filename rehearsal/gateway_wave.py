"""The fleet at a gateway as one wave of the real engine: it is moved by the shipped recipe, and its rows are stored."""

import time
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from charging.clock import system_clock
from charging.database import hold, journal
from charging.database.operations import moves as write
from charging.database.queries import moves as read
from charging.migration import cutover
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.lifecycle import Stage
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address, Recipe
from charging.network.model import Lane
from charging.ocpp.channels.gateway import open_gateway
from charging.secret import Secret
from rehearsal.crowd import identity
from rehearsal.gateway_field import GatewayField
from rehearsal.wave_plan import PLAN


def recipe() -> Recipe:
    """Return the recipe by which the gateway leads a station elsewhere."""
    return next(one for one in parse_recipes(shipped_texts()) if one.name == "gateway")


async def plan(field: GatewayField, *, at: datetime) -> None:
    """Store a plan with every station of the fleet in its one wave."""
    await field.ask(lambda connection: _store(connection, map(identity, range(field.stations)), at))


async def move(field: GatewayField, *, pace: Pace, reason: str = "") -> float:
    """Move every station that is not at rest yet, or with a reason bring back those that moved; return the seconds."""
    began, address, known = time.perf_counter(), Secret(field.url), {"gateway": recipe()}
    with hold.alone(field.engine, PLAN) as held:
        moves = await field.ask(lambda connection: read.moves(connection, PLAN))
        async with (
            journal.opened(held.engine, PLAN, hold=held) as kept,
            open_gateway("old", address=address, clock=system_clock) as old,
            open_gateway("new", address=address, clock=system_clock) as new,
        ):
            crossing = Crossing(
                legacy=End(channel=old, address=Address(url="old")),
                target=End(channel=new, address=Address(url="new")),
                journal=kept,
                clock=system_clock,
                pace=pace,
            )
            if reason:
                await cutover.roll_back(moves, recipes=known, crossing=crossing, reason=reason)
            else:
                await cutover.cut_over(moves, recipes=known, crossing=crossing)
    return time.perf_counter() - began


def _store(connection: sa.Connection, station_ids: Iterable[str], at: datetime) -> None:
    rows = [
        {
            "station_id": station_id,
            "wave": 0,
            "lane": str(Lane.LIVE),
            "recipe": "gateway",
            "stage": Stage.PLANNED,
            "attempt": 1,
            "deadline_at": None,
            "reason": "",
        }
        for station_id in station_ids
    ]
    write.store_plan(connection, plan_id=PLAN, parameters={}, content_sha256="0", moves=rows, at=at)
