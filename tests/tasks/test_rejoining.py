"""Rows that somebody has answered for rejoin with their neighbours, and end as a full run would have them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from charging.cleansing.answers import Choice
from charging.database import tables
from charging.database.operations.quarantine import Decision, store_decisions
from charging.database.queries import quarantine as work_list
from charging.database.queries.quarantine import Wanted
from charging.settings import Settings
from tasks import cleansing, one_entity

SETTINGS = Settings(home=Path("unused"))
AT = datetime(2026, 3, 3, tzinfo=UTC)
COUNTS = ("rows_in", "loaded", "merged", "quarantined")


@pytest.fixture
def stations(make_station):
    return [make_station(f"CS-{number}", serial_number=f"S{number}") for number in range(1, 8)]


@pytest.fixture
def dirty(rows, stations, make_session):
    """Sessions of seven stations, of which some wait: one did nothing for long, two overlap, one has no meter."""
    sessions = [
        make_session(f"{station}-{hour}", hour=hour, station_id=f"CS-{station}")
        for station in range(1, 8)
        for hour in (8, 10)
    ]
    sessions += [
        make_session("zero", hour=12, station_id="CS-2", meter_stop_wh="12000"),
        make_session("early", hour=14, station_id="CS-3"),
        make_session(
            "late", hour=14, station_id="CS-3", started_at="2026-03-01T14:30:00Z", stopped_at="2026-03-01T15:30:00Z"
        ),
        make_session("mute", hour=16, station_id="CS-5", meter_stop_wh=None),
        make_session("twice", hour=17, station_id="CS-5"),
        make_session("twice", hour=18, station_id="CS-6"),
        make_session("again", hour=19, station_id="CS-7"),
        make_session("again", hour=19, station_id="CS-7"),
    ]
    return rows(station=stations, session=sessions, evse=[])


def _everything(engine, *, but_not=("account",)):
    with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in tables.metadata.sorted_tables
            if table.schema in {"clean", "quarantine"} and table.name not in but_not
        }


def _account(engine):
    account = tables.account.c
    names = [*COUNTS, "kwh_before", "kwh_loaded", "kwh_quarantined", "kwh_adjusted"]
    with engine.connect() as connection:
        return connection.execute(
            sa.select(*(account[name] for name in names)).where(account.entity == "session")
        ).one()


def _decide(engine, key, choice, **corrections):
    """Write a decision down as the work list does, and return the place of the row."""
    with engine.begin() as connection:
        (case,) = (each for each in work_list.cases(connection, Wanted(entity="session")) if each.row_key == key)
        decision = Decision(
            case=case, choice=Choice(choice), by="J. Jansen", because="seen on site", corrections=corrections
        )
        store_decisions(connection, [decision], via="console", at=AT)
    return case.file, case.line


def _without_evses(entities):
    return {name: rows for name, rows in entities.items() if name != "evse"}


@pytest.fixture
def cleansed(engine, landed, dirty):
    extract_id = landed(_without_evses(dirty))
    cleansing.cleanse_extract(engine, SETTINGS, extract_id)
    return extract_id


@pytest.mark.parametrize("rows_at_once", [1, 7, 1000])
def test_the_size_of_the_shares_changes_nothing(engine, landed, dirty, rows_at_once):
    extract_id = landed(_without_evses(dirty))
    whole = cleansing.cleanse_extract(engine, SETTINGS, extract_id)
    before = _everything(engine, but_not=())

    shared = cleansing.cleanse_extract(engine, SETTINGS, extract_id, rows_at_once=rows_at_once)

    assert shared == whole
    assert _everything(engine, but_not=()) == before


def test_a_released_row_rejoins_and_the_account_follows(engine, cleansed):
    place = _decide(engine, "zero", "released")

    account = cleansing.cleanse_rows(engine, SETTINGS, cleansed, entity="session", places=[place])

    assert tuple(account[name] for name in COUNTS) == (22, 16, 1, 5)
    rejoined, of_parts = _everything(engine), _account(engine)
    cleansing.cleanse_extract(engine, SETTINGS, cleansed)
    assert (_everything(engine), _account(engine)) == (rejoined, of_parts)


@pytest.mark.parametrize(
    ("key", "choice", "corrections"),
    [
        pytest.param("mute", "corrected", {"meter_stop_wh": "16700"}, id="a value that was missing"),
        pytest.param("early", "discarded", {}, id="its neighbour has nothing to overlap"),
        pytest.param("late", "corrected", {"started_at": "2026-03-01T15:00:00Z"}, id="both stop overlapping"),
    ],
)
def test_ends_as_a_full_run_would(engine, cleansed, key, choice, corrections):
    place = _decide(engine, key, choice, **corrections)

    cleansing.cleanse_rows(engine, SETTINGS, cleansed, entity="session", places=[place])

    rejoined, account = _everything(engine), _account(engine)
    cleansing.cleanse_extract(engine, SETTINGS, cleansed)
    assert (_everything(engine), _account(engine)) == (rejoined, account)


def test_doing_it_twice_changes_nothing(engine, cleansed):
    place = _decide(engine, "zero", "released")
    cleansing.cleanse_rows(engine, SETTINGS, cleansed, entity="session", places=[place])
    before = _everything(engine, but_not=())

    cleansing.cleanse_rows(engine, SETTINGS, cleansed, entity="session", places=[place])

    assert _everything(engine, but_not=()) == before


@pytest.mark.parametrize("place", ["settle", "store_share"])
def test_ended_anywhere_it_leaves_nothing_half_and_ends_the_same_when_started_again(
    engine, cleansed, monkeypatch, place
):
    before = _everything(engine, but_not=())
    whole = getattr(one_entity, place)

    def ends(connection, manifest, entity, *rest, **options):
        done = whole(connection, manifest, entity, *rest, **options)
        if entity == "session":
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as during:
        during.setattr(one_entity, place, ends)
        with pytest.raises(KeyboardInterrupt):
            cleansing.cleanse_extract(engine, SETTINGS, cleansed, rows_at_once=3)
    assert _everything(engine, but_not=()) == before

    cleansing.cleanse_extract(engine, SETTINGS, cleansed, rows_at_once=3)
    assert _everything(engine, but_not=()) == before
