"""How long, how many, how strict: everything about a relay that an operator may choose."""

from dataclasses import dataclass
from datetime import timedelta

from charging.ocpp.flavours.flavour import Flavour
from charging.ocpp.frames import MAX_BYTES, MAX_DEPTH
from charging.ocpp.meters import MeterLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One value for all stations of a kind: share it, it is never changed."""

    office_wait: timedelta = timedelta(seconds=20)
    """How long a station's call waits for a back office that is away, before the station's link is closed."""
    office_answers: timedelta = timedelta(seconds=60)
    """How long a call to the back office may stay unanswered before the next one may go."""
    station_answers: timedelta = timedelta(seconds=60)
    """How long a call to the station may stay unanswered before the next one may go."""
    asks: int = 2
    """How often a call is sent to the back office, where the link breaks before its answer comes each time."""
    queue_wait: timedelta = timedelta(seconds=120)
    """How long a call may wait for its turn."""
    queue_limit: int = 16
    """How many calls may wait for their turn, in one direction."""
    bad_limit: int = 5
    """How many bad frames in a row close the link that they came over."""
    max_bytes: int = MAX_BYTES
    max_depth: int = MAX_DEPTH
    drain: timedelta = timedelta(hours=4)
    """How long a move waits for an idle moment, before it is refused (`domain.md` §4.6)."""
    quiet: timedelta = timedelta(seconds=60)
    """How long no message of a transaction may have passed before a station counts as drained."""
    boot_wait: timedelta = timedelta(seconds=60)
    """How long a station may take to boot by itself before it is asked to (`domain.md` §4.1)."""
    flavours: tuple[Flavour, ...] = ()
    """Which a station is of is decided by its boot; until then it is what its memory says."""
    meters: tuple[MeterLimits, ...] = ()
    """By type of meter, the first that fits. Empty: meter values are not read, which is a good deal faster."""
    alike: frozenset[str] = frozenset()
    """The back offices that are to hear all stations alike: towards these, flavours are evened out."""
