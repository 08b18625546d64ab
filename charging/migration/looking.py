"""A station's whole configuration before its move and after it: what changed that its recipe does not change.

Reads only, and decides nothing after the move: a station that serves is not taken out of service for a question that
it does not answer. What was found, and what could not be, is in the transition's evidence and in its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from charging import canonical
from charging.errors import RemoteError
from charging.migration.crossing import BackOffice
from charging.migration.journey import Journey
from charging.migration.snapshots import Change, Snapshot, differences

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What comparing shows."""

    words: str = ""
    """To be put behind a reason; empty where there is nothing to say."""
    evidence: Mapping[str, object] = field(default_factory=dict)


async def look_before(journey: Journey) -> Mapping[str, object]:
    """Take the snapshot before anything is touched; return what is to be kept of it.

    Raises:
        RemoteError: if the recipe requires one, and the station has not told it by the stage's deadline.
    """
    legacy, rule = journey.crossing.legacy, journey.recipe.snapshot
    if rule == "none" or not legacy.takes_snapshots:
        return {}
    if rule == "required":
        taken = await journey.patiently(lambda: legacy.snapshot(journey.station_id, _label(journey)))
    else:
        try:
            taken = await legacy.snapshot(journey.station_id, _label(journey))
        except RemoteError as silence:
            return {"snapshot_before": f"not taken: {silence}"}
    return {"snapshot_before": len(taken.values) if taken else 0}


async def look_after(journey: Journey, office: BackOffice, *, back: bool = False) -> Found:
    """Take the snapshot after the move, or with `back` after the return, and hold it against the one before."""
    if journey.recipe.snapshot == "none" or not office.takes_snapshots:
        return Found()
    try:
        before = await office.kept_snapshot(journey.station_id, _label(journey))
        after = await office.snapshot(journey.station_id, _label(journey, "after the return of" if back else "after"))
    except RemoteError as silence:
        return Found(
            words="; its configuration could not be read afterwards",
            evidence={"snapshot_after": f"not taken: {silence}"},
        )
    if before is None or after is None:
        return Found(words="; its configuration cannot be compared: there is no snapshot before")
    written = frozenset() if back else frozenset(write.key for write in journey.recipe.writes)
    return _compared(before, after, expected=_shown_by(written, before, after))


def _compared(before: Snapshot, after: Snapshot, *, expected: frozenset[str]) -> Found:
    found = differences(before, after, expected=expected)
    evidence = {"snapshot_after": len(after.values), "configuration_changed": canonical.plain(found)}
    keys = [one.key for one in found if one.change is not Change.UNCOMPARED]
    if not keys:
        return Found(evidence=evidence)
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    words = f"; what its recipe does not change has changed: {', '.join(keys[:_NAMED])}{more}"
    return Found(words=words, evidence=evidence)


def _shown_by(written: frozenset[str], *taken: Snapshot) -> frozenset[str]:
    """Return the settings that show what was written: OCPP 2.1 tells a connection profile as variables of its slot."""
    places = [key.rpartition(".")[2] for key in written if key.startswith("NetworkProfile.")]
    begins = tuple(f"NetworkConfiguration[{place}]." for place in places)
    shown = {key for each in taken for key in each.values if begins and key.startswith(begins)}
    return written | shown


def _label(journey: Journey, moment: str = "before") -> str:
    return f"{moment} attempt {journey.attempt}"
