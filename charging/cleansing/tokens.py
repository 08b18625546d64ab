"""Rules for tokens: `tok.*`, `con.*` and `pii.*`. Identity and access are never corrected, only written canonically."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from charging.cleansing.case import Case, Rejection, Repair, all_open
from charging.cleansing.values import instant, stamp, truth
from charging.cleansing.verdict import Confidence, Context, Owner
from charging.cleansing.words import has_particulars
from charging.identifiers import contract_id, token_uid
from charging.network import Token

_NEVER = {(9999, 12, 31), (1970, 1, 1), (2038, 1, 19)}
"""Dates that programs write for "never"."""


def judge(cases: Sequence[Case], context: Context) -> list[Token]:
    """Mend, merge and set aside the tokens among the cases; return those that are clean."""
    for case in cases:
        for rule in (_uid, _parent, _contract, _access, _max_date):
            if case.is_open:
                rule(case, context)
    _owners(all_open(cases))
    _orphans(all_open(cases))
    return [_token(case, context) for case in all_open(cases)]


def _uid(case: Case, context: Context) -> None:
    """tok.*: write the uid canonically; an ambiguous one waits for the owner of the cards."""
    written = case.values.get("token_uid") or ""
    if case.values.get("token_kind") == "pseudonym":
        return
    found = token_uid.canonicalise(written, known=context.known_token_uids)
    if found.doubt is not None:
        case.reject(Rejection(rule=found.doubt.value, reason=token_uid.REASONS[found.doubt], owner=Owner.NETWORK_OWNER))
        return
    rule = found.rules[-1] if found.rules else "tok.format"
    case.repair(Repair(field="token_uid", rule=rule, after=found.canonical))


def _parent(case: Case, context: Context) -> None:
    """tok.format: write the parent's uid as its own row has it."""
    written = case.values.get("parent_uid")
    if written is None:
        return
    found = token_uid.canonicalise(written, known=context.known_token_uids)
    if found.canonical is not None:
        case.repair(Repair(field="parent_uid", rule="tok.format", after=found.canonical))


def _contract(case: Case, _: Context) -> None:
    """con.check_digit, tok.contract_in_note, pii.note: find the contract, warn, and drop the note itself."""
    note = case.values.get("note")
    if note and case.values.get("contract_id") is None:
        words = (word.strip(",;()") for word in note.split())
        contract = next((word for word in words if contract_id.parse(word) is not None), None)
        case.repair(Repair(field="contract_id", rule="tok.contract_in_note", after=contract))
    if note and has_particulars(note):
        case.log("note", "pii.note", "(withheld)", None, Confidence.CERTAIN)
        case.values["note"] = None
    parsed = contract_id.parse(case.values.get("contract_id") or "")
    if parsed is not None and parsed.is_check_ok is False:
        question = f"is the contract {parsed.text}? By its digits it would end in {parsed.expected_check_digit}"
        case.ask("con.check_digit", question, Owner.ROAMING_PARTNER)


def _access(case: Case, _: Context) -> None:
    """tok.access: whether a token is blocked must be said, and is never assumed."""
    written = case.values.get("is_blocked")
    if written is not None and truth(written) is None:
        case.reject(Rejection(rule="tok.access", reason=f"whether it is blocked says {written!r}: yes or no?"))


def _max_date(case: Case, context: Context) -> None:
    """tok.max_date: a date that means "never" is no date."""
    written = case.values.get("expires_at")
    if written is None:
        return
    date = stamp(written)
    if date is not None and (date.year, date.month, date.day) in _NEVER:
        case.repair(Repair(field="expires_at", rule="tok.max_date", after=None))
    elif expiry(written, context) is None:
        case.reject(Rejection(rule="tok.expiry", reason=f"{written!r} is no date on which it can expire"))


def expiry(text: str | None, context: Context) -> datetime | None:
    """Return when a token expires. In an hour that clocks repeat the earlier instant is as good."""
    return instant(text, context.time_zone or "UTC")


def _owners(cases: Sequence[Case]) -> None:
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


def _orphans(cases: Sequence[Case]) -> None:
    """tok.orphan: nobody holds it, in a source that does say who holds the others."""
    if not any(_has_holder(case) for case in cases):
        return
    for case in cases:
        if not _has_holder(case):
            reason = "it has neither a contract nor a user: who may charge with it?"
            case.reject(Rejection(rule="tok.orphan", reason=reason, owner=Owner.NETWORK_OWNER))


def _has_holder(case: Case) -> bool:
    return case.values.get("contract_id") is not None or (case.values.get("owner_count") or "0") != "0"


def _token(case: Case, context: Context) -> Token:
    values = case.values
    contract = values.get("contract_id")
    parsed = contract_id.parse(contract) if contract else None
    issuer = values.get("issuer") or (parsed.party if parsed else None)
    return Token(
        token_uid=values["token_uid"] or "",
        parent_uid=values.get("parent_uid"),
        contract_id=contract,
        issuer=None if issuer in context.own_parties else issuer,
        is_blocked=truth(values.get("is_blocked")) or False,
        expires_at=expiry(values.get("expires_at"), context),
    )
