"""A delta by a mapping whose watermark does not move on a stop ends where a whole extract does."""

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.legacy import sql_mapping
from charging.legacy.sql import SqlSource
from tasks import cleansing, extraction

MAPPING = """
name = "depot"
[culture]
time_zone = "UTC"
[entities.station]
table = "charger"
[entities.station.columns]
station_id = "name"
vendor = { constant = "Supplier A" }
model = { constant = "A1" }
[entities.evse]
table = "charger"
[entities.evse.columns]
station_id = "name"
connector_id = { constant = "1" }
[entities.session]
table = "charge"
key = "id"
watermark = "begun"
[entities.session.columns]
session_id = "id"
station_id = "charger"
connector_id = { constant = "1" }
started_at = "begun"
stopped_at = "ended"
meter_start_wh = "meter_start"
meter_stop_wh = "meter_stop"
"""
DDL = (
    "CREATE TABLE charger (name TEXT)",
    "INSERT INTO charger VALUES ('CS-1'), ('CS-2')",
    "CREATE TABLE charge (id INTEGER, charger TEXT, begun TEXT, ended TEXT, meter_start INT, meter_stop INT)",
    (
        "INSERT INTO charge VALUES (1, 'CS-1', '2026-03-01 08:00:00', '2026-03-01 08:45:00', 0, 900), "
        "(2, 'CS-1', '2026-03-01 09:00:00', NULL, 900, NULL), "
        "(3, 'CS-1', '2026-03-01 10:00:00', '2026-03-01 10:45:00', 1800, 2700), "
        "(4, 'CS-2', '2026-03-01 09:30:00', NULL, 0, NULL), "
        "(5, 'CS-1', '2026-03-01 11:00:00', '2026-03-01 11:45:00', 2700, 3600)"
    ),
)
STOPS = (
    "UPDATE charge SET ended = '2026-03-01 09:40:00', meter_stop = 1700 WHERE id = 2",
    "UPDATE charge SET ended = '2026-03-01 12:40:00', meter_stop = 5000 WHERE id = 4",
    "INSERT INTO charge VALUES (6, 'CS-2', '2026-03-01 13:00:00', '2026-03-01 13:30:00', 5000, 5500)",
)


@pytest.fixture
def legacy(tmp_path):
    opened = sa.create_engine(f"sqlite:///{tmp_path / 'legacy.db'}")
    _run(opened, DDL)
    yield opened
    opened.dispose()


@pytest.fixture
def take(engine, settings, legacy, tmp_path):
    """What extracts and cleanses the database; returns how many sessions came."""
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING, encoding="utf-8")

    def taken(*, delta=False):
        with SqlSource(legacy, sql_mapping.load(path)) as source:
            landed = extraction.land(source, engine, delta=delta)
        cleansing.cleanse_extract(engine, settings, landed["extract_id"])
        return landed["row_counts"]["session"]

    return taken


def test_brings_the_sessions_that_have_closed_since(take, legacy, engine):
    take()
    before = _sessions(engine)
    assert _waiting(engine) == ["4"]
    assert ("2", True) in [(row[0], row[3]) for row in before]
    _run(legacy, STOPS)

    assert take(delta=True) == 4

    by_delta = _sessions(engine)
    assert [(row[0], row[3]) for row in by_delta] == [(f"{number}", False) for number in range(1, 7)]
    assert _waiting(engine) == []
    take()
    assert _sessions(engine) == by_delta


def test_brings_what_has_closed_no_second_time(take, legacy):
    take()
    _run(legacy, STOPS)
    take(delta=True)
    _run(legacy, ["UPDATE charge SET meter_stop = 5600 WHERE id = 6"])

    assert take(delta=True) == 1


def _run(engine, statements):
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _sessions(engine):
    names = ("session_id", "stopped_at", "energy_kwh", "is_estimated")
    with engine.connect() as connection:
        chosen = sa.select(*(tables.session.c[name] for name in names)).order_by(tables.session.c.session_id)
        return connection.execute(chosen).tuples().all()


def _waiting(engine):
    row = tables.quarantined_row.c
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(row.key).where(row.entity == "session", row.decision.is_(None))))
