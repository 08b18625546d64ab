"""A station's own log, fetched when something went wrong: what its upload says of itself. Every transition is here.

OCPP 1.6 §5.9 (GetDiagnostics) and §4.4 (DiagnosticsStatusNotification), and OCPP 2.0.1 N01 (GetLog,
LogStatusNotification), share one table. A status is a station's word: whether the file is there, only whoever keeps
the place for it can say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable


class State(StrEnum):
    """How far a station's log is."""

    ASKED = "asked"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    REFUSED = "refused"
    """It will not, or has nothing to give."""
    FAILED = "failed"
    OVERDUE = "overdue"
    """It has said nothing more in time, and nobody knows why."""
    UNKNOWN = "unknown"
    """It was asked, and whether that arrived is not known."""
    NOT_ASKED = "not_asked"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    # it may have tried again by itself (retries), so that a failure can still be followed by the file
    State.ASKED: frozenset({State.UPLOADING, State.UPLOADED, State.FAILED, State.OVERDUE}),
    State.UPLOADING: frozenset({State.UPLOADED, State.FAILED, State.OVERDUE}),
    State.FAILED: frozenset({State.UPLOADING, State.UPLOADED}),
    State.OVERDUE: frozenset({State.UPLOADING, State.UPLOADED, State.FAILED}),
    State.UNKNOWN: frozenset({State.UPLOADING, State.UPLOADED, State.FAILED}),
    State.UPLOADED: frozenset(),
    State.REFUSED: frozenset(),
    State.NOT_ASKED: frozenset(),
}
FINAL = frozenset(state for state, after in TRANSITIONS.items() if not after)

SAID: Mapping[str, State | None] = {
    "Idle": None,  # sent when asked for while nothing happens: no news
    "Uploading": State.UPLOADING,
    "Uploaded": State.UPLOADED,
    "UploadFailed": State.FAILED,
    "UploadFailure": State.FAILED,
    "BadMessage": State.FAILED,
    "NotSupportedOperation": State.FAILED,
    "PermissionDenied": State.FAILED,
    "AcceptedCanceled": State.FAILED,  # OCPP 2.0.1 N01.FR.20: another request took its place
}
"""What each status of a station means."""

PATIENCE = timedelta(hours=1)
"""So long a station may say nothing of an upload: over a cell's slow link a log takes its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A station's answer to being asked for its log."""

    status: str
    """Its status; empty where the generation has none (OCPP 1.6)."""
    file_name: str | None
    """How the file will be called. In OCPP 1.6, none means that there is nothing to give."""

    @property
    def state(self) -> State:
        """Where that leaves the request."""
        if self.status in {"", "Accepted", "AcceptedCanceled"}:
            return State.ASKED if self.file_name or self.status else State.REFUSED
        return State.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One status of an upload, by the clock of whoever heard it."""

    at: datetime
    status: str
    request_number: int | None = None
    """Of the request that it speaks of, where the generation says so (OCPP 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a request for a log stands, and since when."""

    state: State
    reason: str
    since: datetime


@runtime_checkable
class LogSource(Protocol):
    """A way to stations by which they can be asked for their log."""

    async def fetch_log(self, station_id: str, location: str, *, request_number: int) -> Told:
        """Ask a station once to upload its log into a folder, given as a URL that may hold a password.

        Raises:
            BackOfficeUnavailable: if the back-office does not do its part.
            StationUnreachable: if the station does not answer; whether it has been asked is then unknown.
        """
        ...

    async def log_news(self, station_ids: Sequence[str], *, since: datetime) -> Mapping[str, Sequence[Said]]:
        """Return the statuses of uploads that were heard since an instant, by station, in order.

        Raises:
            BackOfficeUnavailable: if it cannot say.
        """
        ...


def standing(known: Standing, said: Iterable[Said], *, request_number: int, now: datetime) -> Standing:
    """Return how a request stands after all that has been said since, in order; what is of another does not count.

    Told the same again, it stands the same.
    """
    for one in said:
        is_other = one.request_number is not None and one.request_number != request_number
        after = None if is_other else SAID.get(one.status)
        if after is not None and after in TRANSITIONS[known.state]:
            known = Standing(state=after, reason=f"it said {one.status}", since=one.at)
    if State.OVERDUE in TRANSITIONS[known.state] and now - known.since >= PATIENCE:
        reason = f"{known.reason}, and nothing since {known.since:%Y-%m-%d %H:%M} UTC"
        return Standing(state=State.OVERDUE, reason=reason, since=known.since + PATIENCE)
    return known


def begun(told: Told, *, at: datetime) -> Standing:
    """Return how a request stands right after the station's answer."""
    if told.state is State.ASKED:
        return Standing(state=State.ASKED, reason=f"it will upload {told.file_name or 'its log'}", since=at)
    reason = f"it answered {told.status}" if told.status else "it has nothing to give"
    return Standing(state=State.REFUSED, reason=reason, since=at)
