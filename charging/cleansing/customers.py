"""Rules for customers: `pii.*`, `cust.*` and `txt.*`. Nothing that is personal is written into a log or a question."""

import re
from collections import defaultdict
from collections.abc import Sequence

from charging.cleansing.case import Case, all_open
from charging.cleansing.references import judge_duplicates
from charging.cleansing.texts import judge_texts, judge_truncated
from charging.cleansing.verdict import WITHHELD, Confidence, Context, Owner
from charging.network import Customer

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")


def judge(cases: Sequence[Case], _: Context) -> list[Customer]:
    """Mend and merge the customers among the cases, and ask about them; return those that are clean."""
    for case in all_open(cases):
        judge_texts(case, ("name",))
        _note(case)
        _email(case)
    judge_truncated(all_open(cases), ("name",))
    judge_duplicates(all_open(cases), "cust.dup", owner=Owner.NETWORK_OWNER)
    _same_email(all_open(cases))
    return [_customer(case) for case in all_open(cases)]


def _note(case: Case) -> None:
    """pii.note: what somebody once wrote about a person does not move; it stays with the landed row."""
    if case.values.get("note") is not None:
        case.log("note", "pii.note", WITHHELD, None, Confidence.CERTAIN)
        case.values["note"] = None


def _email(case: Case) -> None:
    """cust.email: an address that no letter can reach."""
    written = case.values.get("email")
    if written is not None and not _EMAIL.fullmatch(written):
        case.ask("cust.email", "what is the e-mail address? The one that we have is none", Owner.NETWORK_OWNER)


def _same_email(cases: Sequence[Case]) -> None:
    """cust.same_email: several customers share an address: one person, or a family, or a firm's mailbox?"""
    by_email: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if email := case.values.get("email"):
            by_email[email.casefold()].append(case)
    for first, *others in by_email.values():
        if others:
            ids = ", ".join(sorted(case.key for case in others))
            question = f"are these {len(others) + 1} customers one? The same e-mail address have {ids}"
            first.ask("cust.same_email", question, Owner.NETWORK_OWNER)


def _customer(case: Case) -> Customer:
    values = case.values
    return Customer(
        customer_id=values.get("customer_id") or "",
        name=values.get("name"),
        email=values.get("email"),
        phone=values.get("phone"),
    )
