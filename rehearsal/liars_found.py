"""What the engine made of stations that lie, and whether it found each for what it did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from charging.migration.lifecycle import Stage
from rehearsal.network import Behaviour

BOTH = ("it answers at both back-offices", "the legacy has heard it again", "it no longer answers at the target")
NOT_THERE = ("did not arrive: the target has not heard it",)
FOUND_BY: Mapping[Behaviour, tuple[str, ...]] = {
    Behaviour.FORGETS_KEY: ("but reads it back as",),
    Behaviour.RETURNS_TO_LEGACY: NOT_THERE,
    Behaviour.BOOTS_TWICE: (*BOTH, "it accepted everything and did not arrive"),
    Behaviour.AT_BOTH: BOTH,
    Behaviour.ECHOES_KEYS: NOT_THERE,
    Behaviour.REPLAYS_ANSWERS: ("but reads it back as",),
    Behaviour.REUSES_TRANSACTION: ("that never began there",),
    Behaviour.FALLS_SILENT: ("it did not answer GetConfiguration in time",),
    Behaviour.NEVER_RESETS: NOT_THERE,
    Behaviour.BOOTS_AS_ANOTHER: ("it gives its serial number as", "it gives its firmware as"),
    Behaviour.TELLS_NO_STATUS: ("has no status of any connector",),
    Behaviour.SHOWS_ANOTHERS_KEYS: ("it shows the address of another station", "but reads it back as"),
    Behaviour.FLAPS: (*BOTH, "it accepted everything and did not arrive", "it answers at neither back-office"),
    Behaviour.SAYS_AVAILABLE: ("had not ended in time",),
}
"""By which words it is seen that the lie was told, and found."""
LEAVES_AT_ONCE = frozenset({"C"})
"""Suppliers whose stations leave at the write that switches: it is not read back, and one that forgot does not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the engine made of one station, and where it really was in the end."""

    station_id: str
    supplier: str
    behaviour: Behaviour
    stage: Stage
    reason: str
    was_at: frozenset[str]
    """The back-offices to which it was connected when it came to rest."""
    is_as_installed: bool
    """Whether its address keys hold what they held at first: where it goes after the next power cut."""


def wrongs(verdicts: Sequence[Verdict], *, found_by: Mapping[Behaviour, tuple[str, ...]] = FOUND_BY) -> list[str]:
    """Say which liars were not found, or not for what they did, and which honest stations did not move."""
    said = []
    for one in verdicts:
        told = f"{one.station_id} ({one.behaviour}) is {one.stage}: {one.reason}"
        if one.behaviour is Behaviour.GOOD:
            said += [] if one.stage is Stage.VERIFIED and one.was_at == {"target"} else [told]
            continue
        is_found = one.stage is not Stage.VERIFIED and any(words in one.reason for words in _words(one, found_by))
        is_where_it_is_said_to_be = one.stage is not Stage.ROLLED_BACK or (
            one.was_at == {"legacy"} and one.is_as_installed
        )
        said += (
            []
            if is_found and is_where_it_is_said_to_be
            else [f"{told}; it is at {sorted(one.was_at)}, as installed: {one.is_as_installed}"]
        )
    return said


def _words(one: Verdict, found_by: Mapping[Behaviour, tuple[str, ...]]) -> tuple[str, ...]:
    has_nothing_to_read = one.behaviour is Behaviour.FORGETS_KEY and one.supplier in LEAVES_AT_ONCE
    return NOT_THERE if has_nothing_to_read else found_by[one.behaviour]
