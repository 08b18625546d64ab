"""What a partner sends of somebody who was forgotten is kept and judged under a pseudonym, as our own side is."""

from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar

from charging.personal.forgetting import Kind, Redaction
from charging.roaming.cdr import Cdr
from charging.roaming.compact import compact_contract, compact_token
from charging.roaming.feed import FeedSession
from charging.roaming.ocpi.parse import Parsed, Rejected
from charging.roaming.ocpi.pull import Pull

T = TypeVar("T", Parsed, Pull)


def redacted(pull: T, redaction: Redaction, *, ours: Collection[str]) -> T:
    """Return what came without anybody who was forgotten; its pages stay as they came.

    `ours` are the token uids of our own CDRs: another uid beside a forgotten contract is that person's, too.
    """
    return replace(
        pull,
        cdrs=tuple(_redacted(cdr, redaction, ours) for cdr in pull.cdrs),
        rejected=tuple(_refused(record, redaction) for record in pull.rejected),
    )


def redacted_session(session: FeedSession, redaction: Redaction) -> FeedSession:
    """Return a partner's session without anybody who was forgotten; what came stays as it came."""
    uid, contract = session.token_uid, session.contract_compact
    token = redaction.name(Kind.TOKEN, uid) if uid else None
    holder = redaction.name(Kind.CONTRACT, contract) if contract else None
    reference = session.authorization_reference
    return replace(
        session,
        token_uid=compact_token(token) if token else uid,
        contract_compact=compact_contract(holder) if holder else contract,
        authorization_reference=reference and redaction.text(reference),
    )


def _redacted(cdr: Cdr, redaction: Redaction, ours: Collection[str]) -> Cdr:
    uid, contract = cdr.token_uid, cdr.contract_compact
    token = redaction.name(Kind.TOKEN, uid) if uid else None
    holder = redaction.name(Kind.CONTRACT, contract) if contract else None
    if token is None and holder is not None and uid and uid not in ours:
        token = redaction.stand_in(Kind.TOKEN, uid)
    reference = cdr.authorization_reference and redaction.text(cdr.authorization_reference)
    if token is None and holder is None and reference == cdr.authorization_reference:
        return cdr
    return replace(
        cdr,
        token_uid=compact_token(token) if token else uid,
        contract_compact=compact_contract(holder) if holder else contract,
        authorization_reference=reference,
    )


def _refused(record: Rejected, redaction: Redaction) -> Rejected:
    raw = record.raw.decode("utf-8", errors="replace")
    if (kept := redaction.text(raw)) == raw and redaction.text(record.reason) == record.reason:
        return record
    return replace(record, raw=kept.encode(), reason=redaction.text(record.reason))
