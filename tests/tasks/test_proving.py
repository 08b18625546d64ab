"""The sums of a proof are of the rows themselves, over an extract and all that it goes on from."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import landing as read
from charging.legacy.extract import extract
from charging.legacy.source import Inspection, Order, Watermark
from charging.targets.steve import SteveTarget
from rehearsal import steve_schema
from rehearsal.steve_schema import Generation
from tasks import cleansing, proving

AT = datetime(2026, 3, 2, tzinfo=UTC)
UID = "04a1b2c3d4e5f6"
SPELT = "04:A1:B2:C3:D4:E5:F6"


@pytest.fixture
def proven(engine, database_url):
    """What proves the database against an empty target, and returns the sums from the source by subject and unit."""
    steve = sa.create_engine(database_url)
    with steve.begin() as connection:
        steve_schema.create(connection, steve_schema.tables(Generation.EVSE))

    def made():
        result = proving.prove_into(engine, SteveTarget(steve), sleep=lambda _: None)
        return {(one["subject"], one["unit"]): one for one in result["lines"] if one["step"] == "source to clean"}

    yield made
    steve.dispose()


@pytest.fixture
def take(engine, settings, listed):
    """What extracts and cleanses; a delta brings the listed sessions after the latest extract, and all else whole."""

    class Growing(listed):
        def inspect(self):
            found = super().inspect()
            mark = Watermark(column="at", order=Order.TEXT, highest="1")
            return Inspection(
                source=found.source,
                kind=found.kind,
                schema_generation=None,
                notes=(),
                entities=found.entities,
                watermarks={"session": mark},
            )

        def rows(self, entity, *, chunk_size=2, after=None):  # noqa: ARG002 - the test lists what a delta brings
            return super().rows(entity, chunk_size=chunk_size)

    def taken(entities, *, at=AT, delta=False):
        with engine.connect() as connection:
            after = read.latest(connection, "legacy", is_cleansed=True) if delta else None
        manifest, _ = extract(Growing("legacy", **entities), engine, clock=lambda: at, code_version="1", after=after)
        return cleansing.cleanse_extract(engine, settings, manifest.extract_id)

    return taken


def told(line):
    return line["before"], line["exceptions"], line["after"], line["adds_up"]


def token(uid, **values):
    return {"token_uid": uid, "contract_id": None, "is_blocked": "0"} | values


def test_a_merge_of_two_spellings_is_counted_once(take, rows, proven, engine):
    take(rows(token=[token(UID), token(SPELT), token("04a1b2c3d4e5f7"), token("04a1b2c3d4e5f8", is_blocked="1")]))

    lines = proven()

    with engine.connect() as connection:
        active = sa.select(sa.func.count()).select_from(tables.token).where(~tables.token.c.is_blocked)
        assert connection.scalar(active) == 2
    assert told(lines["legacy active tokens", "tokens"]) == ("3", {"merged": "1"}, "2", True)
    assert told(lines["legacy token", "rows"]) == ("4", {"merged": "1"}, "3", True)


def test_an_active_token_that_is_clean_no_more_is_seen(take, rows, proven, engine):
    take(rows(token=[token(UID), token("04a1b2c3d4e5f7")]))
    with engine.begin() as connection:
        connection.execute(sa.delete(tables.token).where(tables.token.c.token_uid == UID.upper()))

    assert told(proven()["legacy active tokens", "tokens"]) == ("2", {}, "1", False)


def test_a_token_that_another_back_office_has_told_since_is_listed(take, rows, proven, landed, engine, settings):
    take(rows(token=[token(UID), token("04a1b2c3d4e5f7")]))
    other = landed(rows(token=[token(SPELT)]), source="other", at=AT + timedelta(hours=1))
    cleansing.cleanse_extract(engine, settings, other)

    lines = proven()

    listed = {"told anew by another extract": "1"}
    assert told(lines["legacy token", "rows"]) == ("2", listed, "1", True)
    assert told(lines["legacy active tokens", "tokens"]) == ("2", listed, "1", True)
    assert told(lines["other active tokens", "tokens"]) == ("1", {}, "1", True)


def test_a_delta_is_proven_together_with_what_it_goes_on_from(take, rows, make_session, proven, engine):
    begun = make_session("3", hour=10, stopped_at=None, meter_stop_wh=None)
    take(rows(session=[make_session("1", hour=8), make_session("2", hour=9), begun]))
    anew = [make_session("3", hour=10), make_session("4", hour=12)]
    take(rows(session=anew), at=AT + timedelta(hours=6), delta=True)
    last = [make_session("4", hour=12), make_session("5", hour=13, currency="USD", cost="1")]
    take(rows(session=last), at=AT + timedelta(hours=9), delta=True)

    lines = proven()

    assert told(lines["legacy session of the latest extract", "rows"]) == (
        "2",
        {"rows from earlier extracts": "-5", "brought anew by a later extract": "2"},
        "5",
        True,
    )
    before, aside, after, adds_up = told(lines["legacy session", "rows"])
    assert (before, sum(map(int, aside.values())), after, adds_up) == ("5", 1, "4", True)
    assert told(lines["legacy sessions 2026-03", "sessions"]) == ("5", {"quarantined": "1"}, "4", True)
    with engine.connect() as connection:
        kwh = connection.scalar(sa.select(sa.func.sum(tables.session.c.energy_kwh)))
    assert Decimal(lines["legacy sessions 2026-03", "kWh"]["after"]) == kwh
    assert all(line["adds_up"] for line in lines.values())
    assert ("legacy token of the latest extract", "rows") not in lines


def test_a_session_of_an_earlier_extract_that_is_lost_is_seen(take, rows, make_session, proven, engine):
    take(rows())
    take(rows(session=[make_session("3", hour=10)]), at=AT + timedelta(hours=6), delta=True)
    with engine.begin() as connection:
        connection.execute(sa.delete(tables.session).where(tables.session.c.session_id == "1"))

    assert told(proven()["legacy session", "rows"]) == ("3", {}, "2", False)
