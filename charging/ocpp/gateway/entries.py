"""What a gateway's journal holds: everything that has to reach the tables, as values and as bytes."""

from datetime import UTC, datetime

import msgspec


class Entry(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """One thing that happened. `at` is in microseconds since 1970, UTC."""

    at: int


class Begun(Entry, frozen=True, array_like=True, tag="b", gc=False):
    """A gateway began a run: what its former runs left open is over."""

    run: int


class Framed(Entry, frozen=True, array_like=True, tag="f", gc=False):
    """A frame, and what became of it: `charging.ocpp.relay.effects.Recorded`."""

    station_id: str
    back_office: str
    direction: str
    received: bytes
    sent: bytes | None
    is_unchanged: bool
    """Whether it went on as it came; `sent` is not repeated then."""
    kind: int
    unique_id: str
    action: str
    rule: str
    is_clean: bool = False
    """Whether it is without secrets already. Those of former versions are not: they lose them on their way out."""


class Sent(Entry, frozen=True, array_like=True, tag="s", gc=False):
    """An order is about to be sent: it will not be sent again, whatever comes."""

    order_id: int
    unique_id: str


class Ended(Entry, frozen=True, array_like=True, tag="e", gc=False):
    """What became of an order."""

    order_id: int
    outcome: str
    payload: bytes
    is_clean: bool = False


class Alarmed(Entry, frozen=True, array_like=True, tag="a", gc=False):
    """Something that a person should know."""

    station_id: str
    kind: str
    problem: str


class Fact(Entry, frozen=True, array_like=True, tag="k", gc=False):
    """A line of the book of a station's transactions; `facts` is JSON."""

    station_id: str
    back_office: str
    kind: str
    facts: bytes


class Memory(Entry, frozen=True, array_like=True, tag="m", gc=False):
    """What is remembered of a station from now on; `said` is JSON of `charging.ocpp.relay.remembered.Remembered`."""

    station_id: str
    said: bytes


class Linked(Entry, frozen=True, array_like=True, tag="l", gc=False):
    """A station's link is up."""

    station_id: str
    run: int
    connection: str
    protocol: str
    peer: str


class Upstream(Entry, frozen=True, array_like=True, tag="u", gc=False):
    """A link to a station's back-office is up; or is down, where `back_office` is empty."""

    station_id: str
    connection: str
    back_office: str
    reason: str


class Closed(Entry, frozen=True, array_like=True, tag="c", gc=False):
    """A station's link is down."""

    station_id: str
    connection: str
    reason: str


AnyEntry = Begun | Framed | Sent | Ended | Alarmed | Fact | Memory | Linked | Upstream | Closed

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(AnyEntry).decode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp(instant: datetime) -> int:
    """Return an instant as entries have it."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def instant(stamped: int) -> datetime:
    """Return what `stamp` was given, in UTC."""
    return datetime.fromtimestamp(stamped // 1_000_000, UTC).replace(microsecond=stamped % 1_000_000)
