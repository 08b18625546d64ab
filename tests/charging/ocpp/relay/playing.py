"""A relay under test, and the frames of a station and its back office, said briefly."""

import json
from datetime import UTC, datetime, timedelta

from charging.ocpp.relay.book import TransactionBook
from charging.ocpp.relay.effects import Kept, Recorded, ToOffice, ToStation
from charging.ocpp.relay.order import Order
from charging.ocpp.relay.relay import Relay
from charging.ocpp.relay.rules import Rules

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def stamp(seconds: float) -> str:
    return later(seconds).isoformat().replace("+00:00", "Z")


def a_relay(*, rules=None, is_up=True, protocol="ocpp1.6", back_office="legacy", book=None, memory=None) -> Relay:
    relay = Relay(
        "CS-1",
        protocol,
        back_office=back_office,
        book=book or TransactionBook("legacy"),
        rules=rules or Rules(quiet=timedelta()),
        tag="tag",
        memory=memory,
    )
    if is_up:
        relay.office_up(back_office, NOON)
    return relay


def an_order(order_id: str = "7") -> Order:
    return Order(order_id=order_id, action="GetConfiguration", payload=b'{"key":["a"]}', expires_at=later(600))


def call(unique_id, action, **payload) -> bytes:
    return json.dumps([2, unique_id, action, payload]).encode()


def result(unique_id, **payload) -> bytes:
    return json.dumps([3, unique_id, payload]).encode()


def start(unique_id="s", *, connector=1, token="TAG-1", meter=1000, seconds=0.0) -> bytes:
    return call(
        unique_id, "StartTransaction", connectorId=connector, idTag=token, meterStart=meter, timestamp=stamp(seconds)
    )


def started(unique_id="s", *, transaction=17, status="Accepted") -> bytes:
    return result(unique_id, transactionId=transaction, idTagInfo={"status": status})


def stop(unique_id="e", *, transaction=17, meter=8000, seconds=3600.0, **more) -> bytes:
    return call(
        unique_id, "StopTransaction", transactionId=transaction, meterStop=meter, timestamp=stamp(seconds), **more
    )


def meter_values(unique_id="m", *, transaction=17, connector=1) -> bytes:
    sampled = [{"timestamp": stamp(60), "sampledValue": [{"value": "1500"}]}]
    return call(unique_id, "MeterValues", connectorId=connector, transactionId=transaction, meterValue=sampled)


def event(kind, transaction="T-1", unique_id="t", *, seconds=0.0, evse=1) -> bytes:
    return call(
        unique_id,
        "TransactionEvent",
        eventType=kind,
        timestamp=stamp(seconds),
        triggerReason="Authorized",
        seqNo=0,
        transactionInfo={"transactionId": transaction},
        evse={"id": evse, "connectorId": 1},
    )


def to_office(effects):
    return [effect.raw for effect in effects if isinstance(effect, ToOffice)]


def to_station(effects):
    return [effect.raw for effect in effects if isinstance(effect, ToStation)]


def rules_of(effects):
    return [effect.rule for effect in effects if isinstance(effect, Recorded) and effect.rule]


def kinds(effects):
    return [effect.kind.value for effect in effects if isinstance(effect, Kept)]


def facts(effects):
    return [effect.facts for effect in effects if isinstance(effect, Kept)]


def charge(relay, *, transaction=17, connector=1, unique_id="s", meter=1000, token="TAG-1", seconds=0.0):
    """A charge begins: its start is acknowledged by the back office. Returns all effects."""
    return relay.from_station(
        start(unique_id, connector=connector, meter=meter, token=token, seconds=seconds), NOON
    ) + relay.from_office(started(unique_id, transaction=transaction), NOON)


def moved(relay, back_office="target"):
    """The relay at another back office, whatever was open: as if the station had been re-pointed on its own."""
    relay.office_down(NOON)
    relay.office_up(back_office, NOON)
    return relay
