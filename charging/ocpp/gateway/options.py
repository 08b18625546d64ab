"""How a gateway behaves, as far as it may be chosen."""

from dataclasses import dataclass, field
from datetime import timedelta

from charging.ocpp.gateway.handshake import OldAddress
from charging.ocpp.relay.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One value for the whole gateway."""

    endpoint: str = "/ocpp"
    """The path before a station's identity."""
    old_addresses: tuple[OldAddress, ...] = ()
    """Where stations called their back-office before, and which lead here by now."""
    handshake_seconds: float = 10.0
    """How long a connection may take to say who it is."""
    ping_after: timedelta = timedelta(seconds=60)
    """How long a link may be silent before it is pinged."""
    pong_within: timedelta = timedelta(seconds=20)
    """How long the answer to a ping may take before the link is dead."""
    duplicate_seconds: float = 5.0
    """How long a station's present link has to answer when another connection comes in its name."""
    slow_after: timedelta = timedelta(seconds=30)
    """How long somebody may leave unread what the system's own buffers do not hold."""
    unread_bytes: int = 1_048_576
    """How much of that there may be at all."""
    frame_bytes: int = 1_048_576
    """The longest message that is taken in; a longer one closes the link with 1009, and is never held."""
    drain_seconds: float = 30.0
    """How long open calls have to finish before a gateway that stops closes their links."""
    dials: int = 200
    """How many links to back-offices are opened at once."""
    redial_seconds: tuple[float, float] = (1.0, 60.0)
    """How long is waited before a back-office is dialled again: at first, and at most."""
    attempts_per_minute: int = 5
    """How often somebody may come to one identity from one address and be refused."""
    rules: Rules = field(default_factory=Rules)
