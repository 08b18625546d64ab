"""Rules for tokens: `tok.*`, `con.*` and `pii.*`. Identity and access are never corrected, only written canonically."""

from collections.abc import Sequence
from datetime import datetime

from charging.cleansing.case import Case, Rejection, Repair, all_open
from charging.cleansing.contracts import judge_check_digit
from charging.cleansing.token_holders import judge_names, judge_orphans, judge_owners
from charging.cleansing.values import instant, stamp, truth
from charging.cleansing.verdict import WITHHELD, Confidence, Context, Owner
from charging.cleansing.words import has_particulars
from charging.identifiers import contract_id, token_uid
from charging.network import Token

_NEVER = {(9999, 12, 31), (1970, 1, 1), (2038, 1, 19)}
"""Dates that programs write for "never"."""
_VIRTUAL = ("REMOTE", "VID:")


def judge(cases: Sequence[Case], context: Context) -> list[Token]:
    """Mend, merge and set aside the tokens among the cases; return those that are clean."""
    for case in cases:
        for rule in (_uid, _parent, _contract, _access, _max_date):
            if case.is_open:
                rule(case, context)
    judge_owners(all_open(cases))
    judge_orphans(all_open(cases), context)
    judge_names(all_open(cases))
    _virtual(all_open(cases))
    _expired(all_open(cases), context)
    return [_token(case, context) for case in all_open(cases)]


def _uid(case: Case, context: Context) -> None:
    """tok.*: write the uid canonically; an ambiguous one waits for the owner of the cards."""
    written = case.values.get("token_uid") or ""
    kind, _, doubted = (case.values.get("token_kind") or "").partition(" ")
    if kind == "pseudonym":
        if doubted:
            _reject_doubt(case, token_uid.Doubt(doubted))
        return
    found = token_uid.canonicalise(written, known=context.known_token_uids)
    if found.doubt is not None:
        _reject_doubt(case, found.doubt)
        return
    rule = found.rules[-1] if found.rules else "tok.format"
    case.repair(Repair(field="token_uid", rule=rule, after=found.canonical))


def _reject_doubt(case: Case, doubt: token_uid.Doubt) -> None:
    case.reject(Rejection(rule=doubt.value, reason=token_uid.REASONS[doubt], owner=Owner.NETWORK_OWNER))


def _parent(case: Case, context: Context) -> None:
    """tok.format: write the parent's uid as its own row has it."""
    written = case.values.get("parent_uid")
    if written is None:
        return
    found = token_uid.canonicalise(written, known=context.known_token_uids)
    if found.canonical is not None:
        case.repair(Repair(field="parent_uid", rule="tok.format", after=found.canonical))


def _contract(case: Case, context: Context) -> None:
    """con.check_digit, tok.contract_in_note, pii.note: find the contract, warn, and drop the note itself."""
    note = case.values.get("note")
    if note and case.values.get("contract_id") is None:
        words = (word.strip(",;()") for word in note.split())
        contract = next((word for word in words if contract_id.parse(word) is not None), None)
        case.repair(Repair(field="contract_id", rule="tok.contract_in_note", after=contract))
    if note and has_particulars(note):
        case.log("note", "pii.note", WITHHELD, None, Confidence.CERTAIN)
        case.values["note"] = None
    judge_check_digit(case, context)


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


def _expired(cases: Sequence[Case], context: Context) -> None:
    """tok.expired: it moves as a blocked one, since a partner's `valid` knows no dates."""
    for case in cases:
        expires_at = expiry(case.values.get("expires_at"), context)
        if expires_at is not None and expires_at < context.as_of and not truth(case.values.get("is_blocked")):
            case.repair(Repair(field="is_blocked", rule="tok.expired", after="true"))


def _virtual(cases: Sequence[Case]) -> None:
    """tok.virtual: an app's own key among the cards; no station may let it in while it is offline."""
    for case in cases:
        written = (case.values.get("token_uid") or "").upper()
        if not (case.values.get("token_kind") or "").startswith("pseudonym") and (
            written.startswith(_VIRTUAL) or token_uid.is_uuid(written)
        ):
            question = "is it an app's, and no card? It must never be on the list of a station"
            case.ask("tok.virtual", question, Owner.NETWORK_OWNER)


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
