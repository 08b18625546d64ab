"""Work that a person does on a station: what counts as done is what the target has heard since. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from charging.migration.ports import Sighting


class State(StrEnum):
    """How a work order stands."""

    OPEN = "open"
    REPORTED = "reported"
    """Somebody says that it is done; the target has not heard the station since the order was opened."""
    DONE = "done"


class Outcome(StrEnum):
    """What a person says of a work order."""

    DONE = "done"
    NOT_DONE = "not done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a person says."""

    station_id: str
    outcome: Outcome
    by: str
    note: str
    contact: str | None = None
    """Whom to ask on site, where the report names somebody; None leaves what is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What becomes of a work order, and by what."""

    station_id: str
    state: State
    reason: str
    evidence: Mapping[str, object]


def rule(report: Report, *, opened_at: datetime, seen: Sighting | None) -> Ruling:
    """Return what a report comes to, given what the target has seen of the station.

    A station that the target has heard since the order was opened, and that is not known to be away from it now, is
    there. A word is not enough: an accepted setting is not an arrival, and neither is a ticked line.
    """
    evidence: dict[str, object] = {
        "heard_at": seen.heard_at.isoformat() if seen and seen.heard_at else None,
        "is_connected": seen.is_connected if seen else None,
        "firmware": seen.firmware if seen else None,
    }
    if report.outcome is Outcome.NOT_DONE:
        reason = f"{report.by} could not do it: {report.note}"
        return Ruling(station_id=report.station_id, state=State.OPEN, reason=reason, evidence=evidence)
    missing = _missing(seen, opened_at=opened_at)
    if missing:
        reason = f"{report.by} says that it is done, but {missing}"
        return Ruling(station_id=report.station_id, state=State.REPORTED, reason=reason, evidence=evidence)
    reason = f"moved by hand by {report.by}; the target has heard it since"
    return Ruling(station_id=report.station_id, state=State.DONE, reason=reason, evidence=evidence)


def _missing(seen: Sighting | None, *, opened_at: datetime) -> str:
    if seen is None:
        return "the target does not know the station: load it first"
    if seen.heard_at is None or seen.heard_at <= opened_at:
        return "the target has not heard it since the order was opened"
    return "the target has lost it again" if seen.is_connected is False else ""
