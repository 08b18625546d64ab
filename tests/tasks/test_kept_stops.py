"""A session that began at one back-office and ended at another is among the clean sessions once, however often."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.ocpp.relay.facts import Fact, FactKind
from tasks import cleansing

BEGAN, ENDED = "2026-03-01T08:00:00Z", "2026-03-01T09:30:00Z"


@pytest.fixture
def cleanse(engine, settings):
    def made(extract_id):
        return cleansing.cleanse_extract(engine, settings, extract_id)

    return made


@pytest.fixture
def keep(engine):
    """Store facts as a gateway does."""

    def kept(*facts):
        with engine.begin() as connection:
            for one in facts:
                row = {"station_id": one.station_id, "back_office": one.back_office, "kind": one.kind}
                told = {"facts": msgspec.to_builtins(one), "at": datetime(2026, 3, 1, tzinfo=UTC)}
                connection.execute(sa.insert(tables.transaction_fact), row | told)

    return kept


def fact(kind, **values):
    told = {"station_id": "CS-1", "back_office": "legacy", "transaction": "1", "connector": 1, "why": "as it is"}
    return Fact(**told | {"kind": kind} | values)


STARTED = fact(FactKind.STARTED, office_transaction=1, id_tag="T", meter_start_wh=1000, started_at=BEGAN)
KEPT = fact(FactKind.KEPT_STOP, meter_stop_wh=8000, stopped_at=ENDED)
RELAYED = fact(FactKind.RELAYED_STOP, meter_stop_wh=8000, stopped_at=ENDED, back_office="target")


@pytest.fixture
def straddling(make_session):
    """What the legacy has of it: a start without a stop."""
    open_one = {"started_at": BEGAN, "stopped_at": None, "meter_start_wh": "1000", "meter_stop_wh": None}
    return make_session("1", hour=8, energy_kwh=None, cost=None, currency=None, **open_one)


@pytest.fixture
def earlier(make_session):
    """A session before it, so that the table is never empty: nothing follows it."""
    return make_session("0", hour=6)


def found(engine):
    row = tables.session.c
    with engine.connect() as connection:
        return [
            (*one[:2], one.stopped_at.isoformat(), one.energy_kwh, one.is_estimated, one.is_billable)
            for one in connection.execute(
                sa.select(
                    row.back_office, row.session_id, row.stopped_at, row.energy_kwh, row.is_estimated, row.is_billable
                ).where(row.session_id == "1")
            )
        ]


ONE = ("legacy", "1", "2026-03-01T09:30:00+00:00", Decimal(7), False, True)


@pytest.mark.parametrize("stop", [KEPT, RELAYED], ids=["kept", "relayed"])
def test_a_stitched_session_is_clean_once_and_counted(cleanse, keep, landed, rows, engine, earlier, straddling, stop):
    keep(STARTED, stop, stop)
    extract_id = landed(rows(session=[earlier, straddling]))

    results = [cleanse(extract_id) for _ in range(2)]

    assert found(engine) == [ONE]
    for result in results:
        (account,) = (each for each in result["accounts"] if each["entity"] == "session")
        assert [account[name] for name in ("rows_in", "loaded", "merged", "quarantined")] == [2, 2, 0, 0]
        assert {"rule": "tx.kept_stop", "rows": 2} in result["fixes"]
    with engine.connect() as connection:
        before = connection.execute(sa.select(tables.fix.c.field, tables.fix.c.evidence)).all()
    assert {each.evidence for each in before if each.field == "stopped_at"} == {"the gateway kept its stop: as it is"}


def test_what_the_gateway_heard_goes_before_an_estimate(cleanse, keep, landed, rows, engine, straddling, make_session):
    keep(STARTED, KEPT)

    cleanse(landed(rows(session=[straddling, make_session("2", hour=12)])))

    assert found(engine) == [ONE]


def test_a_stop_that_comes_later_lets_the_session_rejoin(cleanse, keep, landed, rows, engine, earlier, straddling):
    extract_id = landed(rows(session=[earlier, straddling]))
    cleanse(extract_id)
    assert found(engine) == []

    keep(STARTED, KEPT)
    cleanse(extract_id)

    assert found(engine) == [ONE]
    with engine.connect() as connection:
        waiting = connection.scalar(
            sa.select(sa.func.count())
            .select_from(tables.quarantined_row)
            .where(tables.quarantined_row.c.entity == "session", tables.quarantined_row.c.decision.is_(None))
        )
    assert waiting == 0


@pytest.mark.parametrize(
    "told",
    [
        pytest.param([fact(FactKind.STARTED, started_at="2026-02-01T08:00:00Z"), KEPT], id="an earlier one's number"),
        pytest.param([STARTED, KEPT, fact(FactKind.SECOND_STOP, meter_stop_wh=9000, stopped_at=ENDED)], id="two stops"),
        pytest.param([KEPT], id="no start"),
        pytest.param([STARTED, KEPT, fact(FactKind.STOPPED, meter_stop_wh=8000, stopped_at=ENDED)], id="ended there"),
        pytest.param(
            [fact(FactKind.STARTED, station_id="CS-2", started_at=BEGAN), fact(FactKind.KEPT_STOP, station_id="CS-2")],
            id="another station's",
        ),
    ],
)
def test_money_is_not_guessed_from_a_stop_that_may_be_anothers(
    cleanse, keep, landed, rows, engine, earlier, straddling, told
):
    keep(*told)

    cleanse(landed(rows(session=[earlier, straddling])))

    assert found(engine) == []


def test_a_session_that_has_a_stop_of_its_own_keeps_it(cleanse, keep, landed, rows, engine, make_session):
    keep(STARTED, KEPT)

    cleanse(landed(rows(session=[make_session("1", hour=8)])))

    ((_, session_id, stopped_at, *_),) = found(engine)
    assert (session_id, stopped_at) != ("1", ONE[2])


def test_what_is_one_back_offices_ends_no_session_of_another(cleanse, keep, landed, rows, engine, earlier, straddling):
    keep(STARTED, KEPT)

    cleanse(landed(rows(session=[earlier, straddling]), source="target"))

    assert found(engine) == []
