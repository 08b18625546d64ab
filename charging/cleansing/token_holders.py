"""Rules for who holds a token: `tok.orphan`, `tok.many_owners`, `tok.dup` and `pii.in_name`."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from charging.cleansing.case import Case, Rejection
from charging.cleansing.values import stamp, truth
from charging.cleansing.verdict import Context, Owner
from charging.identifiers import contract_id

_LATELY = timedelta(days=365)
_PERSON = re.compile(
    r"[A-Z][a-z\u00e0-\u00ff]+(?: (?:van|von|de|der|den|du|la|le|ten|ter|zu))* [A-Z][a-z\u00e0-\u00ff]+"
)


def judge_owners(cases: Sequence[Case]) -> None:
    """tok.many_owners, tok.dup: one uid twice. Different contracts or access are for the owner; the same merge."""
    by_uid: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_uid[(case.values.get("token_uid") or "").casefold()].append(case)
    for first, *others in by_uid.values():
        contracts = {_contract_key(case) for case in (first, *others)}
        said = {(truth(case.values.get("is_blocked")), case.values.get("expires_at")) for case in (first, *others)}
        for case in (first, *others) if len(contracts) > 1 else ():
            reason = f"{len(contracts)} contracts share this uid: who pays?"
            case.reject(Rejection(rule="tok.many_owners", reason=reason, owner=Owner.NETWORK_OWNER))
        for case in (first, *others) if len(contracts) == 1 and len(said) > 1 else ():
            case.reject(Rejection(rule="tok.dup", reason="it is listed twice, and its access differs"))
        for case in others if len(contracts) == len(said) == 1 else ():
            case.merge_into(first, "tok.dup")


def _contract_key(case: Case) -> str | None:
    written = case.values.get("contract_id")
    return None if written is None else contract_id.compact(written) or written


def judge_orphans(cases: Sequence[Case], context: Context) -> None:
    """tok.orphan: nobody holds it, in a source that does say who holds the others. Used lately, it is urgent."""
    if not any(_has_holder(case) for case in cases):
        return
    for case in cases:
        if not _has_holder(case):
            used_at = last_used(case, context)
            reason = "it has neither a contract nor a user: who may charge with it?"
            if used_at is not None and context.as_of - used_at <= _LATELY:
                reason = f"urgent: {reason} Somebody did on {used_at:%Y-%m-%d}"
            case.reject(Rejection(rule="tok.orphan", reason=reason, owner=Owner.NETWORK_OWNER))


def _has_holder(case: Case) -> bool:
    return case.values.get("contract_id") is not None or (case.values.get("owner_count") or "0") != "0"


def last_used(case: Case, context: Context) -> datetime | None:
    """Return when somebody last charged with a token, to the hour or two that its zone leaves open."""
    written = stamp(context.facts.last_used.get(case.values.get("token_uid") or ""))
    return written.replace(tzinfo=written.tzinfo or UTC) if written is not None else None


def judge_names(cases: Sequence[Case]) -> None:
    """pii.in_name: a person's name serves as a uid. With a contract it may stay; without one, who is it?"""
    for case in cases:
        if case.values.get("contract_id") is None and _PERSON.fullmatch(case.values.get("token_uid") or ""):
            question = "by what number is this card known? Its uid is somebody's name, and there is no contract"
            case.ask("pii.in_name", question, Owner.NETWORK_OWNER)
