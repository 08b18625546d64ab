"""Sessions of ours that become no CDR, named on the partner's CDRs that lack one."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from charging.cleansing.answers import Choice
from charging.database.queries import clean, quarantine
from charging.reconciliation.follow_up.not_billed import NotBilled, named
from charging.reconciliation.named_columns import with_named
from charging.reconciliation.night_frame import NightFrame, to_judged
from charging.reconciliation.night_share import chosen
from charging.reconciliation.verdict import Verdict
from charging.roaming.compact import compact_token
from charging.roaming.held import HeldCdrs

Period = tuple[datetime, datetime]


def named_in(connection: sa.Connection, night: NightFrame, theirs: HeldCdrs, *, around: Period) -> NightFrame:
    """Return a night; where we lack a CDR, the session of ours that fits is named, with why it is none."""
    lacks = pl.col("verdict").is_in([Verdict.MISSING_AT_US.value, Verdict.LATE.value]) & pl.col("ours_key").is_null()
    lacking = chosen(night, lacks)
    if lacking.judged.is_empty():
        return night
    keys = lacking.judged.lazy().select(cdr_key="theirs_key")
    cdrs = theirs.values(theirs.scan().join(keys, on="cdr_key", how="semi"))
    sessions = [*_aside(connection), *_unbilled(connection, around)]
    return with_named(night, named(to_judged(lacking), cdrs, sessions))


def _aside(connection: sa.Connection) -> Iterator[NotBilled]:
    wanted = quarantine.Wanted(entity="session", decision=str(Choice.WAITING))
    for case in quarantine.cases(connection, wanted):
        if case.kind == "row":
            yield NotBilled(
                session_id=str(case.fields.get("session_id") or case.row_key),
                station_id=case.fields.get("station_id"),
                token_uid=_token(case.fields),
                started_at=_instant(case.fields.get("started_at")),
                reason=f"fits and waits in quarantine ({case.rule}): {case.reason}",
            )


def _unbilled(connection: sa.Connection, around: Period) -> Iterator[NotBilled]:
    for session in clean.unbilled_sessions(connection, period=around):
        said = "its end is estimated: a person decides whether it is billed" if session.is_estimated else None
        yield NotBilled(
            session_id=session.session_id,
            station_id=session.station_id,
            token_uid=compact_token(session.token_uid) if session.token_uid else None,
            started_at=session.started_at,
            reason=f"fits, and {said or 'it is a failed start'}",
        )


def _token(fields: Mapping[str, Any]) -> str | None:
    stated = fields.get("token_uid")
    return compact_token(stated) if stated else None


def _instant(text: str | None) -> datetime | None:
    """Return an instant as a source wrote it; of one without an offset nobody knows which it was."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if found.tzinfo is None else found.astimezone(UTC)
