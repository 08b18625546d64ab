"""What we hold of a session that the partner has a CDR of and we do not: it waits in quarantine, or is not billed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from charging.reconciliation.verdict import Judged, Verdict
from charging.roaming.cdr import Cdr

NEAR = timedelta(seconds=120)
"""How far two starts of one session may lie apart: that of the tier of EVSE and token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBilled:
    """A session of ours that becomes no CDR, as far as it can be read."""

    session_id: str
    station_id: str | None
    token_uid: str | None
    """Compact, as in a CDR."""
    started_at: datetime | None
    reason: str
    """As it is said after "our session 17": `waits in quarantine (Q-…): …`."""


def named(judged: Sequence[Judged], cdrs: Iterable[Cdr], sessions: Sequence[NotBilled]) -> list[Judged]:
    """Return the verdicts; where we lack a CDR, the one session of ours that fits is named, with why it is none.

    A session fits a CDR at its station that began within two minutes of it, unless both name a token and not the same.
    Of several nobody can tell. No verdict changes.
    """
    by_key = {cdr.cdr_key: cdr for cdr in cdrs}
    return [_named(one, by_key, sessions) for one in judged]


def _named(one: Judged, by_key: Mapping[str, Cdr], sessions: Sequence[NotBilled]) -> Judged:
    cdr = by_key.get(one.theirs_key or "")
    if cdr is None or one.ours_key is not None or one.verdict not in {Verdict.MISSING_AT_US, Verdict.LATE}:
        return one
    fitting = [session for session in sessions if _fits(session, cdr)]
    if len(fitting) != 1:
        return one
    (session,) = fitting
    return replace(one, explanation=f"{one.explanation}; our session {session.session_id} {session.reason}")


def _fits(session: NotBilled, cdr: Cdr) -> bool:
    if session.started_at is None or cdr.station_id is None or session.station_id != cdr.station_id:
        return False
    is_other_driver = None not in {session.token_uid, cdr.token_uid} and session.token_uid != cdr.token_uid
    return not is_other_driver and abs(session.started_at - cdr.started_at) <= NEAR
