"""Checks that no record and no cent was lost in a night. It shares nothing with what judged it: plain Python, rows in.

A record is a mapping with `cdr_key`, `side`, `currency` and `net` (text, Decimal or None). A verdict is a mapping with
`verdict`, `ours_key`, `theirs_key`, `currency`, `difference` and `money_at_risk`. What could not be read is counted by
its own rows. Every record must be in one verdict, and for every side and currency:

    in = matched + open + duplicate + cancelled + quarantined
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

MATCHED = {"equal", "within_tolerance"}
DUPLICATE = {"duplicate", "superseded"}
CANCELLED = {"credit_paired", "excluded"}
QUARANTINED = {"ambiguous"}
CLASSES = ("matched", "open", "duplicate", "cancelled", "quarantined")
Row = Mapping[str, Any]


@dataclass
class Balance:
    """Records and money by side, currency and class, and everything that does not add up."""

    records: Counter = field(default_factory=Counter)
    money: defaultdict = field(default_factory=lambda: defaultdict(Decimal))
    faults: list = field(default_factory=list)

    def share_settled(self) -> Decimal:
        """Of the value of all records, the share that is in a class other than open or quarantined."""
        total = sum(abs(amount) for amount in self.money.values())
        left = sum(abs(amount) for (_, _, name), amount in self.money.items() if name in {"open", "quarantined"})
        return Decimal(1) if not total else 1 - left / total


def check(records: Iterable[Row], verdicts: Iterable[Row], cases: Iterable[Row] | None = None) -> Balance:
    """Hold the verdicts of any number of nights against the records that came in."""
    known = {}
    balance = Balance()
    for record in records:
        if record["cdr_key"] in known:
            balance.faults.append(f"{record['cdr_key']} came in twice")
        known[record["cdr_key"]] = record
    verdicts = list(verdicts)
    seen = Counter(key for one in verdicts for key in (one["ours_key"], one["theirs_key"]) if key is not None)
    balance.faults += [f"{key} is in no verdict" for key in known.keys() - seen.keys()]
    balance.faults += [f"{key} was judged and never came in" for key in seen.keys() - known.keys()]
    balance.faults += [f"{key} is in {number} verdicts" for key, number in seen.items() if number > 1]
    for one in verdicts:
        _judge(one, known, balance)
    _totals(known.values(), balance)
    if cases is not None:
        _cases(verdicts, list(cases), balance)
    return balance


def _judge(one: Row, known: Mapping[str, Row], balance: Balance) -> None:
    sides = [known[key] for key in (one["ours_key"], one["theirs_key"]) if key in known]
    for record in sides:
        slot = (record["side"], record["currency"], _class(one["verdict"]))
        balance.records[slot] += 1
        balance.money[slot] += _net(record)
    stated = {record["side"]: record for record in sides}
    if one["difference"] is not None:
        ours, theirs = (_net(stated[side]) if side in stated else Decimal(0) for side in ("ours", "theirs"))
        if Decimal(one["difference"]) != theirs - ours:
            balance.faults.append(f"{one['ours_key'] or one['theirs_key']}: {one['difference']} is not {theirs - ours}")
    at_risk = Decimal(one["money_at_risk"])
    if at_risk < 0 or (_class(one["verdict"]) in {"matched", "cancelled"} and at_risk):
        balance.faults.append(f"{one['ours_key'] or one['theirs_key']}: {at_risk} at risk, {one['verdict']}")


def _totals(records: Iterable[Row], balance: Balance) -> None:
    came: defaultdict = defaultdict(Decimal)
    numbers: Counter = Counter()
    for record in records:
        came[record["side"], record["currency"]] += _net(record)
        numbers[record["side"], record["currency"]] += 1
    for slot in came:
        counted = sum(balance.records[(*slot, name)] for name in CLASSES)
        summed = sum((balance.money[(*slot, name)] for name in CLASSES), Decimal(0))
        if (counted, summed) != (numbers[slot], came[slot]):
            balance.faults.append(f"{slot}: {numbers[slot]} records of {came[slot]} in, {counted} of {summed} found")


def _cases(verdicts: list[Row], cases: list[Row], balance: Balance) -> None:
    """Every verdict that is open has an open case, with an owner and the same amount."""
    by_keys = {(case["ours_key"], case["theirs_key"]): case for case in cases}
    for one in verdicts:
        if _class(one["verdict"]) in {"matched", "cancelled"} or one["verdict"] == "superseded":
            continue
        case = by_keys.get((one["ours_key"], one["theirs_key"]))
        name = one["ours_key"] or one["theirs_key"]
        if case is None:
            balance.faults.append(f"{name} is {one['verdict']} and in no case")
        elif Decimal(case["money_at_risk"]) != Decimal(one["money_at_risk"]):
            balance.faults.append(f"{name}: {case['money_at_risk']} in its case, {one['money_at_risk']} in its verdict")
        elif case["state"] not in {"settled", "written_off", "withdrawn"} and case["turn"] == "nobody":
            balance.faults.append(f"{name} is open, and nobody's turn")


def _class(verdict: str) -> str:
    for name, members in (
        ("matched", MATCHED), ("duplicate", DUPLICATE), ("cancelled", CANCELLED), ("quarantined", QUARANTINED)
    ):  # fmt: skip
        if str(verdict) in members:
            return name
    return "open"


def _net(record: Row) -> Decimal:
    return Decimal(record["net"]) if record["net"] is not None else Decimal(0)
