"""What a wave needs in the tables before it begins: the back-offices' stations and cards, and a plan for all."""

from datetime import datetime
from importlib.resources import files

import sqlalchemy as sa

from charging.database.operations import clean
from charging.database.operations import moves as write
from charging.migration.choosing import choose
from charging.migration.lifecycle import Stage
from charging.migration.recipe_files import parse_recipes
from charging.migration.recipes import Recipe
from charging.network.model import Station
from rehearsal import frames, steve_schema
from rehearsal.network import Network, TrueStation
from rehearsal.steve_schema import Generation

PLAN = "the-wave"
_FIRST_TARGET_NUMBER = 10_000_000


def recipes() -> tuple[Recipe, ...]:
    """Return the recipes of the rehearsed suppliers."""
    folder = files("rehearsal") / "recipes"
    return tuple(parse_recipes({entry.name: entry.read_text() for entry in folder.iterdir() if entry.is_file()}))


def prepare(url: str, generation: Generation, network: Network) -> None:
    """Make a back-office's tables, and let it know every station and card. The target's numbers begin far above."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    steve = steve_schema.tables(generation)
    with engine.begin() as connection:
        steve_schema.create(connection, steve)
        boxes = [{"charge_box_id": each.station_id, "registration_status": "Accepted"} for each in network.stations]
        connection.execute(sa.insert(steve.charge_box), boxes)
        tags = [{"id_tag": token.token_uid} for token in network.tokens]
        connection.execute(sa.insert(steve.ocpp_tag), tags)
        if generation is Generation.EVSE:
            number = sa.text(
                f"ALTER SEQUENCE transaction_start_transaction_pk_seq RESTART WITH {_FIRST_TARGET_NUMBER:d}"
            )
            connection.execute(number)


def plan(engine: sa.Engine, network: Network, *, at: datetime, on_site: bool = False) -> None:
    """Store a plan with every station in its one wave, each with the recipe that fits it; or one that visits all."""
    known = recipes()
    records = [record(truth) for truth in network.stations]
    chosen = {record.station_id: choose(known, record) for record in records}
    rows = [
        {
            "station_id": record.station_id,
            "wave": None if on_site else 0,
            "lane": str(record.lane),
            "recipe": recipe.name if (recipe := chosen[record.station_id]) and not on_site else None,
            "stage": Stage.TO_SITE if on_site else Stage.PLANNED,
            "attempt": 1,
            "deadline_at": None,
            "reason": "its recipe asks for a visit" if on_site else "",
        }
        for record in records
    ]
    with engine.begin() as connection:
        clean.store_entities(connection, records, extract_id="rehearsed")
        write.store_plan(connection, plan_id=PLAN, parameters={}, content_sha256="0", moves=rows, at=at)


def record(truth: TrueStation) -> Station:
    """Return what is known of a station before it moves."""
    return Station(
        station_id=truth.station_id,
        location_id=truth.location_id,
        vendor=truth.vendor,
        model=truth.model,
        serial_number=truth.serial_number,
        firmware=truth.firmware,
        iccid=truth.iccid,
        imsi=truth.imsi,
        apn=None,
        ocpp_protocol=frames.SUBPROTOCOL,
        lane=truth.lane,
        last_seen_at=truth.last_seen_at,
    )
