"""Firmware campaigns: planned, begun, run and told. How each station stands is in our tables, not in Prefect."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import sqlalchemy as sa
from prefect import task

from charging import canonical
from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.database import hold
from charging.database.operations import firmware as write
from charging.database.queries import clean
from charging.database.queries import firmware as read
from charging.errors import UserError
from charging.migration.firmware import running
from charging.migration.firmware.campaign import Update
from charging.migration.firmware.choosing import Chosen, Image, Rates, choose
from charging.migration.firmware.order import Fetch
from charging.migration.firmware.running import Rules
from charging.migration.firmware.status import State
from charging.migration.firmware.transfer import Limits, carrier_limits, timetable
from charging.ocpp.channels.configurations import Configurations, fingerprint_key
from charging.ocpp.channels.gateway import open_gateway
from charging.ocpp.channels.gateway_firmware import GatewayField
from charging.secret import resolve
from charging.settings import Settings
from tasks import opening

Form = Mapping[str, Any]
_FIXED = ("vendor", "models", "version", "size_bytes", "via")
"""What makes a campaign this one: none of it may change while it runs."""


@task(task_run_name="plan-firmware")
def plan(form: Form) -> dict[str, Any]:
    """Return who would fetch when, who has the version, and who cannot take part and why. Stores and sends nothing."""
    with opening.engine() as engine, engine.connect() as connection:
        chosen = _chosen(connection, form)
    table = timetable(chosen.fetchers, image_bytes=form["size_bytes"], limits=_limits(form))
    return {
        "campaign_id": _name(form),
        "version": form["version"],
        "dry_run": form["dry_run"],
        "turns": [
            {"station_id": slot.station_id, "rank": slot.rank, "starts_at": slot.starts_at, "seconds": slot.seconds}
            for slot in table.slots
        ],
        "seconds": table.seconds,
        "has_it": list(chosen.has_it),
        "not_now": dict(chosen.not_now) | dict(table.left_out),
    }


@task(task_run_name="begin-firmware")
def begin(form: Form) -> str:
    """Store the campaign and its stations, or what is new of one that has begun; return its name.

    Raises:
        UserError: if one of that name has begun for another image or other stations.
    """
    _location(form)  # a reference that cannot be read is told before anything is stored
    fixed = {name: form[name] for name in _FIXED}
    campaign_id = _name(form)
    with opening.engine() as engine, engine.begin() as connection:
        row = {"campaign_id": campaign_id, "parameters": fixed, **{name: form[name] for name in ("by", "reason")}}
        row |= {"version": form["version"], "via": form["via"]}
        is_new = write.begin(connection, row, at=system_clock())
        known = read.campaign(connection, campaign_id)
        if known is not None and known["parameters"] != fixed:
            other = ", ".join(name for name in _FIXED if known["parameters"].get(name) != fixed[name])
            raise UserError(f"campaign {campaign_id} has begun with another {other}: give this one a name of its own")
        limits = _limits(form)
        chosen = _chosen(connection, form)
        hopeless = timetable(chosen.fetchers, image_bytes=form["size_bytes"], limits=limits).left_out
        # one that comes later is no pilot: those have been
        able = [one for one in chosen.fetchers if one.station_id not in hopeless]
        fetchers = [one if is_new else replace(one, rank=1) for one in able]
        write.join(connection, campaign_id, [Update(station_id=one.station_id, fetcher=one) for one in fetchers])
    return campaign_id


@task(task_run_name="run-firmware-{campaign_id}")
def run(campaign_id: str, form: Form) -> str:
    """Order and follow until all are at rest, nobody else may be ordered, or the run's time is up; return why it ended.

    Raises:
        PlanInUse: if another process runs this campaign now.
    """
    settings = configuration.load()
    with opening.engine(settings) as engine, hold.alone(engine, f"firmware {campaign_id}") as held:
        return asyncio.run(_run(settings, held, campaign_id, form))


@task(task_run_name="outcome-firmware-{campaign_id}")
def outcome(campaign_id: str, *, ended: str) -> dict[str, Any]:
    """Return how every station of a campaign stands, and what an update changed that it should not have."""
    with opening.engine() as engine, engine.connect() as connection:
        campaign = read.campaign(connection, campaign_id)
        updates = read.updates(connection, campaign_id)
    return {
        "campaign_id": campaign_id,
        "version": campaign["version"] if campaign else "",
        "dry_run": False,
        "ended": ended or "every station is at rest",
        "states": dict(Counter(str(one.state) for one in updates)),
        "compared": dict(Counter(str(one.compared) for one in updates if one.state is State.CONFIRMED)),
        "stations": [_told(one) for one in updates],
        "is_done": all(one.state is State.CONFIRMED and not one.is_wrong for one in updates),
    }


async def _run(settings: Settings, held: hold.Hold, campaign_id: str, form: Form) -> str:
    via: Literal["legacy", "target"] = form["via"]
    key, address = fingerprint_key(settings), database.address(settings)
    rules = Rules(
        version=form["version"],
        limits=_limits(form),
        most_wrong=form["most_wrong"],
        needs_snapshot=form["needs_snapshot"],
        poll_seconds=settings.pace.poll_seconds,
    )
    async with open_gateway(via, address=address, clock=system_clock, by="firmware campaign") as channel:
        snapshots = Configurations(via, channel, engine=held.engine, clock=system_clock, key=key)
        field = GatewayField(campaign_id, via, _fetch(form), held=held, snapshots=snapshots, clock=system_clock)
        until = system_clock() + timedelta(minutes=form["minutes"])
        return await running.run(field, rules, clock=system_clock, until=until)


def _chosen(connection: sa.Connection, form: Form) -> Chosen:
    """Return who takes part: what a station last booted with goes before what the extract says of it."""
    image = Image(
        vendor=form["vendor"], models=tuple(form["models"]), version=form["version"], size_bytes=form["size_bytes"]
    )
    stations = clean.stations(connection)
    seen = read.seen(connection, [one.station_id for one in stations], form["via"], at=system_clock())
    told = [
        replace(one, firmware=place.firmware) if (place := seen.get(one.station_id)) and place.firmware else one
        for one in stations
    ]
    chosen = choose(told, image, rates=Rates(air=form["air"], wire=form["wire"]), pilots=form["pilots"])
    strangers = [one.station_id for one in chosen.fetchers if one.station_id not in seen]
    why = "no gateway knows it: order it through its back-office, and follow it with rehome firmware status"
    return replace(
        chosen,
        fetchers=tuple(one for one in chosen.fetchers if one.station_id in seen),
        not_now=chosen.not_now | dict.fromkeys(strangers, why),
    )


def _limits(form: Form) -> Limits:
    return Limits(cell=form["cell"], carriers=carrier_limits(form["carriers"]), server=form["server"])


def _fetch(form: Form) -> Fetch:
    signed = {name: form[name] for name in ("signature", "signing_certificate")}
    return Fetch(location=_location(form), **signed)


def _location(form: Form) -> str:
    given = str(form["location"])
    if given.startswith(("env:", "file:")):
        return resolve(given, setting="location").reveal()
    if urlsplit(given).password:
        raise UserError("the image's address holds a password: put it into a variable, and write env:NAME instead")
    return given


def _name(form: Form) -> str:
    return str(form["campaign"]).strip() or f"{form['vendor']} {form['version']}"


def _told(one: Update) -> dict[str, Any]:
    differences = [f"{each.key} {each.change}: {each.before!r} -> {each.after!r}" for each in one.differences]
    told = canonical.plain(
        {name: getattr(one, name) for name in ("station_id", "reason", "since", "attempt", "deviations")}
        | {"state": str(one.state), "compared": str(one.compared), "changed": differences, "rank": one.fetcher.rank}
    )
    assert isinstance(told, dict)  # noqa: S101 - a mapping in plain form is a dict
    return told
