"""What the relay wants done, in order. The edge writes `Recorded` to its journal before it sends what follows."""

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import msgspec

from charging.ocpp.relay.facts import Fact


class Direction(StrEnum):
    """Which way a frame went; the last two were made here and came from neither side."""

    FROM_STATION = "from_station"
    FROM_OFFICE = "from_office"
    TO_STATION = "to_station"
    TO_OFFICE = "to_office"


class Outcome(StrEnum):
    """What became of an order."""

    ANSWERED = "answered"
    """The payload is the station's CALLRESULT."""
    REFUSED = "refused"
    """The payload is the station's whole CALLERROR: `[4,"id","NotImplemented","",{}]`."""
    EXPIRED = "expired"
    """Its deadline passed before its turn came, or it is no call at all. The station never saw it."""
    UNSENT = "unsent"
    """The link ended, or the queue was full, before its turn came. The station never saw it; it may be tried again."""
    UNKNOWN = "unknown"
    """It was sent, and no answer came in time or before the link ended. A late answer may still follow, once."""


class Effect(msgspec.Struct, frozen=True, gc=False):
    """One thing for the edge to do."""


class ToStation(Effect, frozen=True, gc=False):
    """Send these bytes to the station, as one text frame."""

    raw: bytes


class ToOffice(Effect, frozen=True, gc=False):
    """Send these bytes to the back office, as one text frame."""

    raw: bytes


class Recorded(Effect, frozen=True, gc=False):
    """A frame for the journal: one for every frame that arrived or was made here, once its fate is known."""

    direction: Direction
    raw_received: bytes
    """As it came; empty where the frame was made here."""
    raw_sent: bytes | None
    """As it goes on: the same object where nothing was rewritten, None where it was kept from the other side."""
    kind: int
    """2, 3 or 4; 0 where the bytes are no frame."""
    unique_id: str
    action: str
    """Of an answer: the action that it answers. Empty where that is not known."""
    rule: str
    """The rules that held it back, made, rewrote or marked it: names, and after a colon what they say of this one.
    Several are parted by `; `. Empty where it simply passed.
    """
    at: datetime
    """When it arrived, or was made."""


class OrderSent(Effect, frozen=True, gc=False):
    """The order is on its way to the station under this id; `Recorded` of the same list carries it."""

    order_id: str
    unique_id: str


class OrderAnswered(Effect, frozen=True, gc=False):
    """What became of an order. `payload` is JSON, empty without an answer."""

    order_id: str
    outcome: Outcome
    payload: bytes


class OpenOffice(Effect, frozen=True, gc=False):
    """Open a link to this back office, and say `office_up` once it stands."""

    back_office: str


class CloseOffice(Effect, frozen=True, gc=False):
    """Close the link to the back office; `office_down` need not be said."""

    reason: str


class CloseStation(Effect, frozen=True, gc=False):
    """Close the station's link with this WebSocket code and reason, then say `station_gone`."""

    code: int
    reason: str


class Alarm(Effect, frozen=True, gc=False):
    """Something that a person should know. `kind` is for counting, `text` for reading."""

    kind: str
    text: str


class MoveRefused(Effect, frozen=True, gc=False):
    """The move to this back office did not take place; the station stays where it is, nothing was cut."""

    back_office: str
    reason: str


class Deviated(Effect, frozen=True, gc=False):
    """A frame that its schema does not allow, and where. It costs nothing but this note, unless the rule is strict."""

    action: str
    unique_id: str
    problem: str


class Kept(Effect, frozen=True, gc=False):
    """Facts of a transaction that must not be lost: see `charging.ocpp.relay.facts.Fact`. To be stored, then read."""

    kind: str
    facts: Fact


Effects: TypeAlias = list[Effect]


def is_plain(effects: Effects) -> bool:
    """Whether nothing but one frame was recorded and passed on: from that, nothing follows."""
    return len(effects) == 2 and type(effects[0]) is Recorded and type(effects[1]) in {ToOffice, ToStation}
