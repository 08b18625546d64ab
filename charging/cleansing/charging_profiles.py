"""Rules for charging profiles: `profile.*` and `cp.ghost`. A limit guards a fuse: what is doubtful is set aside."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from charging.cleansing.case import Case, Rejection, Repair, all_open
from charging.cleansing.references import judge_duplicates, judge_number, judge_station
from charging.cleansing.values import instant, number, whole
from charging.cleansing.verdict import Context, Owner
from charging.network import ChargingProfile

# OCPP 1.6: ChargingProfilePurposeType, ChargingProfileKindType, RecurrencyKindType, ChargingRateUnitType.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "purpose": ("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"),
    "kind": ("Absolute", "Recurring", "Relative"),
    "recurrency": ("Daily", "Weekly"),
    "rate_unit": ("A", "W"),
}
_OPTIONAL = frozenset({"recurrency"})
_TIMES = ("valid_from", "valid_until", "starts_at")
Periods = tuple[Mapping[str, object], ...]


def judge(cases: Sequence[Case], context: Context) -> list[ChargingProfile]:
    """Mend, merge and set aside the charging profiles among the cases; return those that are clean."""
    for case in cases:
        for rule in (_station, _numbers, _words, _times, _periods):
            if case.is_open:
                rule(case, context)
    judge_duplicates(all_open(cases), "profile.dup")
    return [_profile(case, context) for case in all_open(cases)]


def _station(case: Case, context: Context) -> None:
    if case.values.get("station_id") is not None:  # without one it lies ready for any station
        judge_station(case, context)
    judge_number(case, "connector_id")


def _numbers(case: Case, _: Context) -> None:
    """profile.level: stack level and duration are whole numbers."""
    if whole(case.values.get("stack_level")) is None:
        _reject(case, "profile.level", f"its stack level is {case.values.get('stack_level')!r}")
    duration = case.values.get("duration_seconds")
    if duration is not None and whole(duration) is None:
        _reject(case, "profile.level", f"its duration is {duration!r} seconds")


def _words(case: Case, _: Context) -> None:
    """profile.words: purpose, kind, recurrency and unit are words of OCPP 1.6."""
    for column, words in _WORDS.items():
        written = case.values.get(column)
        if written is None and column in _OPTIONAL:
            continue
        word = next((word for word in words if word.casefold() == (written or "").casefold()), None)
        if word is None:
            _reject(case, "profile.words", f"its {column} is {written!r}, which is none of {', '.join(words)}")
        else:
            case.repair(Repair(field=column, rule="profile.words", after=word))


def _times(case: Case, context: Context) -> None:
    """profile.times: where it says instants, each is one, and it ends after it begins."""
    moments = {column: instant(case.values.get(column), context.time_zone) for column in _TIMES}
    for column, moment in moments.items():
        if moment is None and (written := case.values.get(column)) is not None:
            _reject(case, "profile.times", f"{column} is {written!r}, which is no one instant")
    begins, ends = moments["valid_from"], moments["valid_until"]
    if begins is not None and ends is not None and ends < begins:
        _reject(case, "profile.times", "it ends before it begins")


def _periods(case: Case, _: Context) -> None:
    """profile.periods: at least one, the first at second 0, each later than the one before, none below nothing."""
    periods = read_periods(case.values.get("periods"))
    if not periods:
        _reject(case, "profile.periods", "its periods cannot be read")
        return
    starts = [int(str(period["start_period"])) for period in periods]
    if starts[0] != 0 or starts != sorted(set(starts)):
        _reject(case, "profile.periods", f"its periods begin at {starts}, and not at 0 and then later and later")


def read_periods(text: str | None) -> Periods | None:
    """Return the periods of a JSON list, in OCPP's spelling or ours; None if one of them cannot be read."""
    try:
        wire = json.loads(text or "", parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    periods = [_period(each) for each in wire] if isinstance(wire, list) else []
    return None if None in periods else tuple(each for each in periods if each is not None)


def _period(wire: object) -> Mapping[str, object] | None:
    if not isinstance(wire, dict):
        return None
    start, limit, phases = (
        str(wire.get(ours, wire.get(theirs, "")))
        for ours, theirs in (("start_period", "startPeriod"), ("limit", "limit"), ("number_phases", "numberPhases"))
    )
    amount = number(limit)
    if whole(start) is None or amount is None or amount < 0:
        return None
    period: dict[str, object] = {"start_period": whole(start), "limit": limit}
    if phases not in {"", "None"}:
        if whole(phases) not in {1, 2, 3}:
            return None
        period["number_phases"] = whole(phases)
    return period


def _reject(case: Case, rule: str, reason: str) -> None:
    case.reject(Rejection(rule=rule, reason=reason, owner=Owner.DATA_TEAM))


def _profile(case: Case, context: Context) -> ChargingProfile:
    values = case.values
    return ChargingProfile(
        profile_id=case.key,
        station_id=values.get("station_id"),
        connector_id=whole(values.get("connector_id")),
        stack_level=whole(values.get("stack_level")) or 0,
        purpose=values.get("purpose") or "",
        kind=values.get("kind") or "",
        recurrency=values.get("recurrency"),
        valid_from=instant(values.get("valid_from"), context.time_zone),
        valid_until=instant(values.get("valid_until"), context.time_zone),
        starts_at=instant(values.get("starts_at"), context.time_zone),
        duration_seconds=whole(values.get("duration_seconds")),
        rate_unit=values.get("rate_unit") or "",
        periods=read_periods(values.get("periods")) or (),
    )
