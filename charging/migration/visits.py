"""Work that a person does on a station: what counts as done is what the back-office has heard since. Pure.

An order leads to the target, or, where somebody wants a station back that a person moved, to the legacy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from charging.migration.ports import Sighting

Side = Literal["legacy", "target"]
"""Where an order leads to: the back-office that has to hear the station before it is done."""


class State(StrEnum):
    """How a work order stands."""

    OPEN = "open"
    REPORTED = "reported"
    """Somebody says that it is done; where it leads to, the station has not been heard since the order was opened."""
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
class Return:
    """An order to bring a station back to the legacy that a person moved."""

    station_id: str
    reason: str
    instructions: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What becomes of a work order, and by what."""

    station_id: str
    leads_to: Side
    state: State
    reason: str
    evidence: Mapping[str, object]


def rule(report: Report, *, leads_to: Side, opened_at: datetime, seen: Sighting | None) -> Ruling:
    """Return what a report comes to, given what the back-office that it leads to has seen of the station.

    A station that it has heard since the order was opened, and that is not known to be away from it now, is there. A
    word is not enough: an accepted setting is not an arrival, and neither is a ticked line.
    """
    evidence: dict[str, object] = {
        "heard_at": seen.heard_at.isoformat() if seen and seen.heard_at else None,
        "is_connected": seen.is_connected if seen else None,
        "firmware": seen.firmware if seen else None,
    }

    def ruled(state: State, reason: str) -> Ruling:
        return Ruling(station_id=report.station_id, leads_to=leads_to, state=state, reason=reason, evidence=evidence)

    if report.outcome is Outcome.NOT_DONE:
        return ruled(State.OPEN, f"{report.by} could not do it: {report.note}")
    if missing := _missing(seen, leads_to=leads_to, opened_at=opened_at):
        return ruled(State.REPORTED, f"{report.by} says that it is done, but {missing}")
    done = "moved" if leads_to == "target" else "brought back"
    return ruled(State.DONE, f"{done} by hand by {report.by}; the {leads_to} has heard it since")


def _missing(seen: Sighting | None, *, leads_to: Side, opened_at: datetime) -> str:
    if seen is None:
        mend = ": load it first" if leads_to == "target" else ""
        return f"the {leads_to} does not know the station{mend}"
    if seen.heard_at is None or seen.heard_at <= opened_at:
        return f"the {leads_to} has not heard it since the order was opened"
    return f"the {leads_to} has lost it again" if seen.is_connected is False else ""
