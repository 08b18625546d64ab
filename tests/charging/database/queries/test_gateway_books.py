"""Which charges straddle a move: what is near a stop that was kept is read, what is far is another charge."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import gateway_books
from charging.database.queries.gateway_books import AROUND
from charging.ocpp.relay.facts import Fact, FactKind

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def fact(kind, at, *, transaction="7", office="old", station="S-1"):
    return at, Fact(
        kind=kind,
        station_id=station,
        back_office=office,
        transaction=transaction,
        connector=1,
        id_tag="T1",
        meter_start_wh=1_000,
        started_at=at.isoformat() if kind is FactKind.STARTED else None,
        meter_stop_wh=2_000,
        stopped_at=at.isoformat() if kind is not FactKind.STARTED else None,
    )


def straddled(engine, *noted):
    rows = [
        {
            "station_id": one.station_id,
            "back_office": one.back_office,
            "kind": str(one.kind),
            "facts": msgspec.to_builtins(one),
            "at": at,
        }
        for at, one in noted
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.transaction_fact), rows)
        return gateway_books.straddled(connection, "old")


def test_a_start_and_the_stop_that_was_kept_for_it_are_one_charge(engine):
    found = straddled(engine, fact(FactKind.STARTED, AT), fact(FactKind.KEPT_STOP, AT + HOUR, office="new"))

    assert [(one.start.transaction, one.energy_wh) for one in found.joined] == [("7", 1_000)]


@pytest.mark.parametrize(
    ("apart", "joined", "left"),
    [pytest.param(AROUND - HOUR, 1, 0, id="within"), pytest.param(AROUND + HOUR, 0, 1, id="beyond")],
)
def test_a_start_that_is_further_off_than_a_charge_lasts_is_another_charges(engine, apart, joined, left):
    found = straddled(engine, fact(FactKind.STARTED, AT - apart), fact(FactKind.KEPT_STOP, AT, office="new"))

    assert (len(found.joined), len(found.left_over)) == (joined, left)


def test_what_came_long_after_is_not_read(engine):
    found = straddled(
        engine,
        fact(FactKind.STARTED, AT),
        fact(FactKind.KEPT_STOP, AT + HOUR, office="new"),
        fact(FactKind.STARTED, AT + 2 * AROUND, transaction="8"),
        fact(FactKind.STARTED, AT, transaction="9", station="S-2"),
    )

    assert (found.starts, found.stops) == (1, 1), "only what is near a kept stop, and of its station"


def test_each_kept_stop_has_its_own_surroundings(engine):
    later = AT + 4 * AROUND

    found = straddled(
        engine,
        fact(FactKind.STARTED, AT),
        fact(FactKind.KEPT_STOP, AT + HOUR, office="new"),
        fact(FactKind.STARTED, AT + 2 * AROUND, transaction="8"),
        fact(FactKind.STARTED, later, transaction="9"),
        fact(FactKind.KEPT_STOP, later + HOUR, transaction="9", office="new"),
    )

    assert sorted(one.start.transaction for one in found.joined) == ["7", "9"]
    assert found.left_over == ()
