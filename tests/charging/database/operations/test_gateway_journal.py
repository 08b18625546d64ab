"""A gateway's journal comes into the tables without keeping the stations waiting that come meanwhile."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import gateway_journal, gateway_links
from charging.database.operations.gateway_links import Claim
from charging.ocpp.gateway.entries import Closed, Fact, Framed, stamp
from charging.ocpp.gateway.journal import Place

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
GATEWAY = "gateway-1"


def claim(station_id):
    return Claim(station_id=station_id, connection=f"c-{station_id}", protocol="ocpp1.6", peer="peer", connected_at=AT)


def claimed(connection, *station_ids):
    return gateway_links.claim(connection, [claim(each) for each in station_ids], gateway=GATEWAY, run=1, at=AT)


def told(*entries, after=None):
    first = after.offset if after else 0
    return [(Place(0, first + number), entry) for number, entry in enumerate(entries, start=1)]


def store(connection, *entries, after=None):
    gateway_journal.store(connection, told(*entries, after=after), gateway=GATEWAY, after=after, at=AT)


def framed(station_id, seconds, action="Heartbeat", payload=b"{}"):
    at = AT + timedelta(seconds=seconds)
    received = b'[2,"1","' + action.encode() + b'",' + payload + b"]"
    return Framed(
        stamp(at),
        station_id=station_id,
        back_office="old",
        direction="from_station",
        received=received,
        sent=None,
        is_unchanged=True,
        kind=2,
        unique_id="1",
        action=action,
        rule="",
    )


def test_a_claim_that_comes_while_links_are_stored_does_not_end_in_a_deadlock(engine):
    with engine.begin() as connection:
        claimed(connection, "S-1", "S-2", "s-1")
    failed = []

    def record():
        try:
            with engine.begin() as connection:
                store(connection, *(Closed(stamp(AT), each, f"c-{each}", "gone") for each in ("s-1", "S-2", "S-1")))
        except sa.exc.OperationalError as problem:
            failed.append(problem)

    with engine.begin() as connection:
        claimed(connection, "S-1")
        recording = threading.Thread(target=record)
        recording.start()
        recording.join(timeout=0.5)
        assert recording.is_alive(), "it waits for the link that is claimed"
        assert claimed(connection, "S-2", "s-1") == {}
    recording.join(timeout=20)

    assert not failed
    with engine.connect() as connection:
        assert set(connection.scalars(sa.select(tables.link.c.close_reason))) == {"gone"}


def test_facts_keep_their_order(engine):
    facts = [Fact(stamp(AT), f"S-{number % 3}", "old", "start", b'{"n":%d}' % number) for number in range(50)]

    with engine.begin() as connection:
        store(connection, *facts)

    fact = tables.transaction_fact.c
    with engine.connect() as connection:
        found = connection.execute(sa.select(fact.station_id, fact.facts).order_by(fact.fact_number)).tuples().all()
    assert found == [(f"S-{number % 3}", {"n": number}) for number in range(50)]


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        pytest.param(framed("S-1", 9), (9, 1, "4.2", "CP-7"), id="a boot that was not heard again stays"),
        pytest.param(framed("S-1", -9), (1, 1, "4.2", "CP-7"), id="what is told late is no news"),
        pytest.param(
            framed("S-1", 9, "BootNotification", b'{"chargingStation":{"firmwareVersion":"5.0","serialNumber":"X"}}'),
            (9, 9, "5.0", "X"),
            id="it has booted again, and speaks OCPP 2",
        ),
        pytest.param(framed("S-1", 9, "BootNotification"), (9, 9, None, None), id="and tells neither"),
        pytest.param(
            framed("S-1", 9, "BootNotification", b'{"firmwareVersion":7,"chargingStation":"none"}'),
            (9, 9, None, None),
            id="and tells what is neither",
        ),
        pytest.param(
            framed("S-1", 9, "BootNotification", b'{"firmwareVersion":"5\\u0000"}'),
            (9, 9, "5\N{REPLACEMENT CHARACTER}", None),
            id="and tells what no table can hold",
        ),
    ],
)
def test_what_was_heard_of_a_station_is_its_latest(engine, later, expected):
    told = b'{"firmwareVersion":"4.2","chargePointSerialNumber":"CP-7"}'
    boot = framed("S-1", 1, "BootNotification", told)

    with engine.begin() as connection:
        store(connection, framed("S-2", 0), boot, framed("S-3", 0))
    with engine.begin() as connection:
        store(connection, later, after=Place(0, 3))

    heard = tables.heard.c
    with engine.connect() as connection:
        row = connection.execute(sa.select(tables.heard).where(heard.station_id == "S-1")).one()
    seconds = [(each - AT).total_seconds() for each in (row.heard_at, row.booted_at)]
    assert (*seconds, row.firmware, row.serial_number) == expected
