"""Rules for contracts: `con.*` and `ref.*`. Who pays, and by which tariff, is asked and never assumed."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from charging.cleansing.case import Case, Rejection, all_open
from charging.cleansing.references import judge_duplicates
from charging.cleansing.values import instant, truth
from charging.cleansing.verdict import Context, Owner
from charging.identifiers import contract_id
from charging.network import Contract


def judge(cases: Sequence[Case], context: Context) -> list[Contract]:
    """Merge and set aside the contracts among the cases, and ask about them; return those that are clean."""
    for case in cases:
        for rule in (_access, _validity):
            if case.is_open:
                rule(case, context)
    judge_duplicates(all_open(cases), "con.dup", owner=Owner.NETWORK_OWNER)
    _same_contract(all_open(cases))
    for case in all_open(cases):
        judge_check_digit(case, context)
        _references(case, context)
    return [_contract(case, context) for case in all_open(cases)]


def _access(case: Case, _: Context) -> None:
    """con.access: whether a contract is blocked must be said, and is never assumed."""
    written = case.values.get("is_blocked")
    if written is not None and truth(written) is None:
        case.reject(Rejection(rule="con.access", reason=f"whether it is blocked says {written!r}: yes or no?"))


def _validity(case: Case, context: Context) -> None:
    """con.validity: it is valid from one instant to another."""
    begins, ends = (_instant(case, column, context) for column in ("valid_from", "valid_until"))
    if begins is not None and ends is not None and ends < begins:
        _reject(case, "con.validity", "it ends before it begins")


def _instant(case: Case, column: str, context: Context) -> datetime | None:
    written = case.values.get(column)
    moment = instant(written, context.time_zone)
    if written is not None and moment is None:
        _reject(case, "con.validity", f"{column} is {written!r}, which is no one instant")
    return moment


def _same_contract(cases: Sequence[Case]) -> None:
    """con.dup: ids that differ by separators or check digit only are one contract; which row counts?"""
    by_compact: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_compact[contract_id.compact(case.key) or case.key].append(case)
    for group in by_compact.values():
        for case in group if len(group) > 1 else ():
            others = ", ".join(other.key for other in group if other is not case)
            _reject(case, "con.dup", f"it is the same contract as {others}")


def judge_check_digit(case: Case, context: Context) -> None:
    """con.check_digit: a warning, since partners' own digits are often wrong; contracts match without it."""
    parsed = contract_id.parse(case.values.get("contract_id") or "")
    if parsed is None or parsed.is_check_ok is not False:
        return
    question = f"is the contract {parsed.text}? By its digits it would end in {parsed.expected_check_digit}"
    if "contract.maybe_10char_instance" in parsed.flags:
        question += ", or its last character is part of it"
    is_ours = parsed.party in context.own_parties
    case.ask("con.check_digit", question, Owner.NETWORK_OWNER if is_ours else Owner.ROAMING_PARTNER)


def _references(case: Case, context: Context) -> None:
    """con.customer, ref.tariff: whom and what it names must be there, and a tariff that is used must be valid."""
    customer, tariff = case.values.get("customer_id"), case.values.get("tariff_id")
    if customer is not None and context.customer_ids is not None and customer not in context.customer_ids:
        case.ask("con.customer", f"who is customer {customer}? The source does not list them", Owner.NETWORK_OWNER)
    if tariff is None:
        return
    ended_at = context.tariffs_valid_until.get(tariff)
    if context.tariff_ids is not None and tariff not in context.tariff_ids:
        case.ask("ref.tariff", f"what is tariff {tariff}? There is none of this id", Owner.NETWORK_OWNER)
    elif ended_at is not None and ended_at <= context.as_of and _is_in_use(case, context):
        question = f"by which tariff does it pay? Tariff {tariff} ended on {ended_at:%Y-%m-%d}"
        case.ask("ref.tariff", question, Owner.NETWORK_OWNER)


def _is_in_use(case: Case, context: Context) -> bool:
    ends = instant(case.values.get("valid_until"), context.time_zone)
    return not truth(case.values.get("is_blocked")) and (ends is None or ends > context.as_of)


def _reject(case: Case, rule: str, reason: str) -> None:
    case.reject(Rejection(rule=rule, reason=reason, owner=Owner.NETWORK_OWNER))


def _contract(case: Case, context: Context) -> Contract:
    values = case.values
    parsed = contract_id.parse(case.key)
    issuer = values.get("issuer") or (parsed.party if parsed else None)
    return Contract(
        contract_id=case.key,
        customer_id=values.get("customer_id"),
        issuer=None if issuer in context.own_parties else issuer,
        tariff_id=values.get("tariff_id"),
        valid_from=instant(values.get("valid_from"), context.time_zone),
        valid_until=instant(values.get("valid_until"), context.time_zone),
        is_blocked=truth(values.get("is_blocked")) or False,
    )
