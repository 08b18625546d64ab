"""The faults in a rehearsed partner's CDRs, drawn from the seed: at least one of each, and every one is listed."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from random import Random

from rehearsal.truth import TrueSession


class Fault(StrEnum):
    """What is wrong with a CDR, in the words of whoever planted it."""

    MISSING = "missing"
    """The partner lost it; the id is the one it would have had."""
    EXTRA = "extra"
    """Nobody charged."""
    DUPLICATE = "duplicate"
    """A second CDR of one session."""
    ENERGY = "energy"
    """More energy than was measured, and priced accordingly."""
    PRICE = "price"
    """Not what the agreed tariff makes of it."""
    OLD_EVSE = "old_evse"
    """The EVSE's id from before it was replaced."""
    LOWER_CASE = "lower_case"
    CLOCK = "clock"
    """Start and end are 75 seconds late."""
    CREDITED = "credited"
    """Wrongly priced, and taken back."""
    CREDIT = "credit"
    REPLACEMENT = "replacement"
    MALFORMED = "malformed"
    """No parser can read it."""
    PRICE_AS_TEXT = "price_as_text"


RATES: dict[Fault, float] = {
    Fault.MISSING: 0.01,
    Fault.DUPLICATE: 0.005,
    Fault.ENERGY: 0.01,
    Fault.PRICE: 0.01,
    Fault.OLD_EVSE: 0.02,
    Fault.LOWER_CASE: 0.02,
    Fault.CLOCK: 0.02,
    Fault.CREDITED: 0.0,  # just the one
    Fault.MALFORMED: 0.0,
    Fault.PRICE_AS_TEXT: 0.01,
}
EXTRA_RATE = 0.01


def draw(sessions: Sequence[TrueSession], *, seed: int, party: str) -> dict[str, Fault]:
    """Return a fault for some sessions, by session id; every kind once before any kind twice."""
    rng = Random(f"{seed}/{party}/faults")
    shuffled = [session.session_id for session in sessions]
    rng.shuffle(shuffled)
    return dict(zip(shuffled, _wanted(len(sessions)), strict=False))


def extras(sessions: Sequence[TrueSession], *, seed: int, party: str) -> list[TrueSession]:
    """Return the sessions after which charges that never happened are modelled."""
    if not sessions:
        return []
    rng = Random(f"{seed}/{party}/extras")
    return rng.sample(list(sessions), max(1, round(len(sessions) * EXTRA_RATE)))


def _wanted(sessions: int) -> Iterator[Fault]:
    yield from RATES
    for fault, rate in RATES.items():
        for _ in range(round(sessions * rate) - 1):
            yield fault
