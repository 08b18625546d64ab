"""How a firmware update of one station stands, by what it said and how it booted. Every transition is in this file.

OCPP 1.6 §7.25 (FirmwareStatus), the 1.6 security whitepaper's SignedFirmwareStatusNotification, and OCPP 2.0.1 L01
(FirmwareStatusEnumType) share one table: the first is a part of the others. A status is a station's word and proves
nothing; the version in its BootNotification does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable


class State(StrEnum):
    """Where the update of one station is."""

    PLANNED = "planned"
    ORDERED = "ordered"
    """The order was accepted, or answered at all where the version of OCPP knows no refusal."""
    FETCHING = "fetching"
    FETCHED = "fetched"
    INSTALLING = "installing"
    REPORTED = "reported"
    """It says that it has installed the image; it has not booted with it yet."""
    CONFIRMED = "confirmed"
    """It has booted with the expected version."""
    REFUSED = "refused"
    FAILED = "failed"
    OTHER_VERSION = "other_version"
    """It has booted since, with another version than the expected one."""
    OVERDUE = "overdue"
    """The state's time is up, and nobody knows why: look at the station."""


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.ORDERED, State.REFUSED, State.CONFIRMED}),
    State.ORDERED: frozenset(
        {State.FETCHING, State.FETCHED, State.INSTALLING, State.REPORTED, State.CONFIRMED, State.FAILED}
        | {State.OTHER_VERSION, State.OVERDUE}
    ),
    State.FETCHING: frozenset(
        {State.FETCHED, State.INSTALLING, State.REPORTED, State.CONFIRMED, State.FAILED}
        | {State.OTHER_VERSION, State.OVERDUE}
    ),
    State.FETCHED: frozenset(
        {State.FETCHING, State.INSTALLING, State.REPORTED, State.CONFIRMED, State.FAILED}
        | {State.OTHER_VERSION, State.OVERDUE}
    ),
    State.INSTALLING: frozenset({State.REPORTED, State.CONFIRMED, State.FAILED, State.OTHER_VERSION, State.OVERDUE}),
    State.REPORTED: frozenset({State.CONFIRMED, State.OTHER_VERSION, State.OVERDUE, State.FAILED}),
    # it may fetch again by itself (retries), and a late boot counts whatever was thought meanwhile
    State.FAILED: frozenset({State.FETCHING, State.CONFIRMED, State.OTHER_VERSION}),
    State.OTHER_VERSION: frozenset({State.CONFIRMED, State.FETCHING, State.INSTALLING}),
    State.OVERDUE: frozenset({State.FETCHING, State.FETCHED, State.INSTALLING, State.REPORTED, State.CONFIRMED})
    | frozenset({State.FAILED, State.OTHER_VERSION}),
    State.REFUSED: frozenset(),
    State.CONFIRMED: frozenset(),
}

SAID: Mapping[str, State | None] = {
    "Idle": None,  # sent when asked for while nothing happens: no news
    "DownloadScheduled": State.ORDERED,
    "Downloading": State.FETCHING,
    "DownloadPaused": State.FETCHING,
    "Downloaded": State.FETCHED,
    "SignatureVerified": State.FETCHED,
    "InstallScheduled": State.FETCHED,
    "Installing": State.INSTALLING,
    "InstallRebooting": State.INSTALLING,
    "Installed": State.REPORTED,
    "DownloadFailed": State.FAILED,
    "InvalidSignature": State.FAILED,
    "InstallVerificationFailed": State.FAILED,
    "InstallationFailed": State.FAILED,
}
"""What each status of a station means."""

UNANSWERED = "Unanswered"
ANSWERS: Mapping[str, State] = {
    "": State.ORDERED,  # OCPP 1.6 UpdateFirmware.conf is empty
    "Accepted": State.ORDERED,
    UNANSWERED: State.ORDERED,  # our word: it was sent, and nobody knows what became of it; it is not sent again
    "AcceptedCanceled": State.ORDERED,  # and an update that was under way is not any more
    "Rejected": State.REFUSED,
    "InvalidCertificate": State.REFUSED,
    "RevokedCertificate": State.REFUSED,
}
"""What each answer to UpdateFirmware or SignedUpdateFirmware means; an unknown one is a refusal."""

FINAL = frozenset({State.CONFIRMED, State.REFUSED})
"""Nothing follows these."""
SETTLED = FINAL | {State.FAILED, State.OTHER_VERSION, State.OVERDUE}
"""No clock runs in these; all but the first two can still be overtaken by what the station does."""

DEADLINES: Mapping[State, timedelta] = {
    State.ORDERED: timedelta(hours=6),
    State.FETCHING: timedelta(hours=3),
    State.FETCHED: timedelta(hours=24),  # many wait for an idle moment before they install
    State.INSTALLING: timedelta(hours=1),
    State.REPORTED: timedelta(hours=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One thing that happened to a station: an answer to the order, a status, or a boot."""

    at: datetime
    answer: str | None = None
    said: str | None = None
    booted_with: str | None = None
    request_id: int | None = None
    """Of a status in the signed or the 2.x form; None in 1.6, which has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one station's update stands, why, and since when."""

    state: State
    reason: str
    since: datetime | None
    deadline_at: datetime | None
    deviations: tuple[str, ...] = ()
    """What the station said out of turn; noted, and never in the way."""


@runtime_checkable
class Witness(Protocol):
    """A back-office that can tell what stations have said of their firmware."""

    async def firmware_news(self, station_ids: Sequence[str], *, since: datetime) -> Mapping[str, Sequence[Happened]]:
        """Return each station's statuses, and boots where they are kept, since an instant, in order.

        Raises:
            BackOfficeUnavailable: if the back-office cannot say.
        """
        ...


def standing(happened: Iterable[Happened], *, expected: str, now: datetime, request_id: int | None = None) -> Standing:
    """Return how an update stands, from everything that happened since it was planned, in order.

    `expected` is the version that the image gives; `request_id` that of the order, so that what is said of an earlier
    one does not count.
    """
    state, reason, since = State.PLANNED, "not ordered yet", None
    deviations: list[str] = []
    for event in happened:
        after, why = _means(event, state, expected=expected, request_id=request_id)
        if after is None or after is state:
            continue
        if after not in TRANSITIONS[state]:
            deviations.append(f"{why} while it was {state}")
            continue
        state, reason, since = after, why, event.at
    limit = DEADLINES.get(state)
    deadline_at = since + limit if since is not None and limit is not None else None
    if deadline_at is not None and now >= deadline_at:
        reason = f"{reason}, and nothing since {since:%Y-%m-%d %H:%M} UTC"
        state, since, deadline_at = State.OVERDUE, deadline_at, None
    return Standing(state=state, reason=reason, since=since, deadline_at=deadline_at, deviations=tuple(deviations))


def _means(event: Happened, state: State, *, expected: str, request_id: int | None) -> tuple[State | None, str]:
    if event.booted_with is not None:
        if same_version(event.booted_with, expected):
            return State.CONFIRMED, f"it booted with {event.booted_with}"
        # before it installs, a boot with the old version is any boot
        counts = state in {State.INSTALLING, State.REPORTED}
        return (State.OTHER_VERSION if counts else None), f"it booted with {event.booted_with}, not {expected}"
    if event.answer is not None:
        known = ANSWERS.get(event.answer, State.REFUSED)
        unknown = "it was sent the order, and nobody knows how it answered"
        return known, unknown if event.answer == UNANSWERED else f"it answered {event.answer or 'without a status'}"
    if request_id is not None and event.request_id is not None and event.request_id != request_id:
        return None, "it speaks of another order"
    return SAID.get(event.said or "", None), f"it said {event.said}"


def same_version(found: str, expected: str) -> bool:
    """Whether a boot's version is the expected one: as it is written, but for blanks and letter case."""
    return found.strip().casefold() == expected.strip().casefold()
