"""Rules for stations: `cp.*`. An identity is what the station itself says, and is never rewritten."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from charging.cleansing.case import Case, Rejection, Repair, all_open
from charging.cleansing.texts import judge_truncated
from charging.cleansing.values import instant
from charging.cleansing.verdict import Confidence, Context, Owner
from charging.cleansing.words import folded_name
from charging.network import Lane, Station

_TEST = re.compile(r"(?<![a-z])(?:test|demo|lab|simul\w*|dummy|tmp)(?![a-z])", re.IGNORECASE)
_SPELLINGS: Mapping[str, str] = {"icucharging": "Alfen", "abbemobility": "ABB", "evboxgroup": "EVBox"}
_ICCID = re.compile(r"89[0-9]{17,18}")
_OCPP_WIDTHS = frozenset({20})
"""OCPP 1.6, BootNotification: vendor and model are CiString20."""
SILENT_AFTER = timedelta(days=90)
"""Not heard of for longer, a station is out of reach of any remote method."""
BOTH_ACTIVE_WITHIN = timedelta(days=7)


def judge(cases: Sequence[Case], context: Context) -> list[Station]:
    """Mend, merge and set aside the stations among the cases; return those that are clean."""
    for case in cases:
        for rule in (_test, _iccid, _case_and_space):
            if case.is_open:
                rule(case)
    seen = {id(case): _last_seen(case, context) for case in cases}
    _same_identity(all_open(cases), seen)
    _same_hardware(all_open(cases), seen)
    _spellings(all_open(cases))
    judge_truncated(all_open(cases), ("vendor", "model"), _OCPP_WIDTHS)
    for case in all_open(cases):
        _dead(case, seen[id(case)], context)
    return [_station(case, context, seen[id(case)]) for case in all_open(cases)]


def _last_seen(case: Case, context: Context) -> datetime | None:
    return instant(case.values.get("last_seen_at"), context.time_zone)


def _dead(case: Case, seen_at: datetime | None, context: Context) -> None:
    """cp.dead: it is loaded, in the lane of those that are offline, and somebody should go and look."""
    if seen_at is not None and context.as_of - seen_at > SILENT_AFTER:
        question = f"is it still there? It was last heard of {(context.as_of - seen_at).days} days ago"
        case.ask("cp.dead", question, Owner.MAINTENANCE)


def _test(case: Case) -> None:
    """cp.test: a test station does not move."""
    if any(_TEST.search(case.values.get(column) or "") for column in ("station_id", "vendor", "model")):
        reason = "it looks like a test station; say so, or that it is a real one"
        case.reject(Rejection(rule="cp.test", reason=reason, owner=Owner.NETWORK_OWNER))


def _iccid(case: Case) -> None:
    """cp.iccid_excel: a spreadsheet has rounded the SIM's number. A wrong check digit alone is asked about."""
    written = case.values.get("iccid")
    if written is None:
        return
    digits = written.upper().removesuffix("F")  # modems pad 19 digits to whole bytes
    if not _ICCID.fullmatch(digits) or digits.endswith("0000"):
        reason = f"ICCID {written!r} is none: ask the carrier, or wait for the next BootNotification"
        case.reject(Rejection(rule="cp.iccid_excel", reason=reason, owner=Owner.CARRIER))
    elif not has_luhn(digits):
        case.ask("cp.iccid_excel", f"is ICCID {written} right? Its check digit is not", Owner.CARRIER)


def has_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of ITU-T E.118."""
    doubled = (sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def _case_and_space(case: Case) -> None:
    """cp.case_space: space in an identity is kept, since the station sends it, and asked about."""
    identity = case.row.values.get("station_id") or ""
    if identity != identity.strip() or "%20" in identity:
        case.ask("cp.case_space", f"does the station really call itself {identity!r}?", Owner.MAINTENANCE)


def _spellings(cases: Sequence[Case]) -> None:
    """cp.vendor_spelling: one spelling for each vendor, from the dictionary, or as most stations then have it."""
    votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        if vendor := case.values.get("vendor"):
            if known := _SPELLINGS.get(folded_name(vendor)):
                case.repair(Repair(field="vendor", rule="cp.vendor_spelling", after=known))
            spelt = case.values.get("vendor") or vendor
            votes[folded_name(spelt)][spelt] += 1
    for case in cases:
        if vendor := case.values.get("vendor"):
            of_vendor = votes[folded_name(vendor)]
            (winner, count), *_ = sorted(of_vendor.items(), key=lambda each: (-each[1], each[0]))
            if count * 2 > of_vendor.total():
                repair = Repair(
                    field="vendor",
                    rule="cp.vendor_spelling",
                    after=winner.strip(),
                    confidence=Confidence.VOTE,
                    evidence=f"{count} of {of_vendor.total()} stations write {winner.strip()}",
                )
                case.repair(repair)


Seen = Mapping[int, datetime | None]


def _same_identity(cases: Sequence[Case], seen: Seen) -> None:
    """cp.dup_exact, cp.dup_hw_swap: one identity twice, written alike but for case and space."""
    for group in _groups(cases, lambda case: case.key.strip().casefold()):
        latest, *others = _by_last_seen(group, seen)
        if len({case.values.get("serial_number") for case in group}) == 1 and latest.values.get("serial_number"):
            for case in others:
                case.merge_into(latest, "cp.dup_exact")
        elif len({case.key for case in group}) == 1 and not _are_both_active(latest, others, seen):
            for case in others:
                case.merge_into(latest, "cp.dup_hw_swap")
        else:
            rule = "cp.dup_hw_swap" if len({case.key for case in group}) == 1 else "cp.dup_exact"
            reason = f"{len(group)} stations have this identity, and not one serial number: which of them is it?"
            for case in group:
                case.reject(Rejection(rule=rule, reason=reason, owner=Owner.MAINTENANCE))


def _same_hardware(cases: Sequence[Case], seen: Seen) -> None:
    """cp.dup_two_ids: one serial number or SIM under two identities; a station can connect as one of them only."""
    for column in ("serial_number", "iccid"):
        for group in _groups(all_open(cases), lambda case, column=column: case.values.get(column)):  # type: ignore[misc]
            latest, *others = _by_last_seen(group, seen)
            names = ", ".join(sorted(case.key for case in group))
            reason = f"{names} share one {column.replace('_', ' ')}: renamed, or a cloned configuration?"
            is_undecided = _are_both_active(latest, others, seen)
            for case in group if is_undecided else others:
                case.reject(Rejection(rule="cp.dup_two_ids", reason=reason, owner=Owner.MAINTENANCE))
            if not is_undecided:
                latest.ask("cp.dup_two_ids", reason, Owner.MAINTENANCE)


def _groups(cases: Iterable[Case], key: Callable[[Case], str | None]) -> list[list[Case]]:
    groups: defaultdict[str | None, list[Case]] = defaultdict(list)
    for case in cases:
        groups[key(case)].append(case)
    return [group for name, group in groups.items() if name is not None and len(group) > 1]


def _by_last_seen(cases: Sequence[Case], seen: Seen) -> list[Case]:
    def rank(case: Case) -> tuple[bool, float, int]:
        moment = seen[id(case)]
        return moment is not None, moment.timestamp() if moment else 0.0, -case.row.line

    return sorted(cases, key=rank, reverse=True)


def _are_both_active(latest: Case, others: Sequence[Case], seen: Seen) -> bool:
    """Whether another was seen within a week of the latest, so that nothing says which of them is real."""
    last = seen[id(latest)]
    moments = [seen[id(case)] for case in others]
    return last is None or any(moment is not None and last - moment < BOTH_ACTIVE_WITHIN for moment in moments)


def _station(case: Case, context: Context, seen_at: datetime | None) -> Station:
    values = case.values
    return Station(
        station_id=case.key,
        location_id=values.get("location_id"),
        vendor=values.get("vendor"),
        model=values.get("model"),
        serial_number=values.get("serial_number"),
        firmware=values.get("firmware"),
        iccid=values.get("iccid"),
        imsi=values.get("imsi"),
        apn=values.get("apn"),
        ocpp_protocol=values.get("ocpp_protocol"),
        lane=lane(seen_at, values.get("status"), as_of=context.as_of),
        last_seen_at=seen_at,
    )


def lane(seen_at: datetime | None, status: str | None, *, as_of: datetime) -> Lane:
    """Return how the station can be moved."""
    if seen_at is None:
        return Lane.WAREHOUSE
    if as_of - seen_at > SILENT_AFTER:
        return Lane.OFFLINE
    return Lane.FAULTED if status == "Faulted" else Lane.LIVE
