"""What a partner sends of somebody who was forgotten is kept and judged under a pseudonym, as our own side is."""

from collections.abc import Collection
from dataclasses import replace

import polars as pl

from charging.personal.forgetting import Kind, Redaction
from charging.roaming.cdr import Cdr
from charging.roaming.compact import compact_contract, compact_token
from charging.roaming.feed import FeedSession
from charging.roaming.frame import to_cdrs, to_frame
from charging.roaming.ocpi.columns import ParsedFrame
from charging.roaming.ocpi.parse import Rejected


def redacted_frame(parsed: ParsedFrame, redaction: Redaction, *, ours: Collection[str]) -> ParsedFrame:
    """Return what came without anybody who was forgotten; its pages stay as they came.

    `ours` are the token uids of our own CDRs: another uid beside a forgotten contract is that person's, too.
    """
    frame = parsed.frame
    of_them = {
        "token_uid": lambda text: redaction.name(Kind.TOKEN, text) is not None,
        "contract_compact": lambda text: redaction.name(Kind.CONTRACT, text) is not None,
        "authorization_reference": lambda text: redaction.text(text) != text,
    }
    known = {name: list(filter(is_named, frame[name].drop_nulls().unique())) for name, is_named in of_them.items()}
    is_theirs = pl.any_horizontal(pl.col(name).is_in(texts).fill_null(value=False) for name, texts in known.items())
    is_touched = is_theirs & pl.col("is_exact")
    touched = to_frame(_redacted(cdr, redaction, ours) for cdr in to_cdrs(frame.filter(is_touched)))
    return ParsedFrame(
        frame=pl.concat([frame.filter(~is_touched), touched]),
        cdrs=tuple(_redacted(cdr, redaction, ours) for cdr in parsed.cdrs),
        rejected=tuple(_refused(record, redaction) for record in parsed.rejected),
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
