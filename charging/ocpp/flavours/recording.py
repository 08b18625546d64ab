"""What was recorded of a station, as learning reads it, and what is seen in it: what was due, and came or did not."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Behaviour(StrEnum):
    """The six columns of the table (`domain.md` §4.10), in its order; each is a member of `Flavour`."""

    BOOTS_AFTER_LINK_LOSS = "boots_after_link_loss"
    TELLS_AFTER_STOP = "tells_after_stop"
    TELLS_AFTER_START = "tells_after_start"
    TELLS_AFTER_LINK_LOSS = "tells_after_link_loss"
    TELLS_AFTER_FIRMWARE = "tells_after_firmware"
    STAYS_FAULTED = "stays_faulted"


class What(StrEnum):
    """What was recorded."""

    LINK_UP = "link_up"
    LINK_DOWN = "link_down"
    FROM_STATION = "from_station"
    """A frame as the station sent it."""
    TO_STATION = "to_station"
    """A frame as the station got it, whoever made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One thing that was recorded of a station."""

    proof: str
    """By which whoever recorded it finds it again."""
    at: datetime
    what: What
    raw: bytes = b""
    """The frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationType:
    """What a station says of itself when it boots."""

    vendor: str
    model: str
    firmware: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something happened after which the behaviour was due."""

    behaviour: Behaviour
    station_id: str
    type: StationType
    at: datetime
    is_followed: bool | None
    """None where it cannot be said: the link went meanwhile, somebody asked for it, or the recording ended."""
    proofs: tuple[str, ...]
    """What happened; then what followed, if it did."""
