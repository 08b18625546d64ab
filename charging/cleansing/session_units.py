"""Rule for units: `tx.unit`. A whole model that counts in the wrong one is mended; a session that does is set aside."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from charging.cleansing.case import Case, Rejection, Repair
from charging.cleansing.session_draft import Draft, still_open
from charging.cleansing.values import energy_kwh, hours, number, plain, stamp
from charging.cleansing.verdict import Confidence, Context, Owner

_REGISTERS = ("meter_start_wh", "meter_stop_wh")
_IDLE_KW = Decimal("0.02")
_UNIT_AGREES = Decimal("0.05")
_THOUSANDTH = Decimal("0.001")


def mend_unit(case: Case, context: Context) -> None:
    """tx.unit: nearly all sessions of the model are a thousand times off. One that is not is doubtful itself."""
    found = context.facts.unit(case.values.get("station_id") or "")
    if found is None:
        return
    factor, vote = found
    if not _agrees(case, factor, context):
        reason = f"{vote.sentence}, and this one is not"
        case.reject(Rejection(rule=vote.rule, reason=reason, owner=Owner.STATION_MAKER))
        return
    for column in _columns(case):
        if (amount := number(case.values.get(column))) is not None:
            case.repair(
                Repair(
                    field=column,
                    rule=vote.rule,
                    after=plain(amount * factor),
                    confidence=Confidence.VOTE,
                    evidence=vote.sentence,
                )
            )


def _agrees(case: Case, factor: Decimal, context: Context) -> bool:
    """Whether a session fits the vote of its model; one without energy or an end says nothing against it."""
    started_at, stopped_at = (stamp(case.values.get(column)) for column in ("started_at", "stopped_at"))
    energy = energy_kwh(case.values)
    if not energy or energy < 0 or started_at is None or stopped_at is None:
        return True
    if (started_at.tzinfo is None) != (stopped_at.tzinfo is None) or (lasted := hours(stopped_at - started_at)) <= 0:
        return True
    power_kw, most = energy / lasted, context.max_power_kw
    if factor > 1:
        return power_kw < most * _THOUSANDTH
    return power_kw > most and power_kw * factor <= most


def _columns(case: Case) -> tuple[str, ...]:
    """Return what is off: an energy alone, where the registers beside it do not say the same."""
    energy = number(case.values.get("energy_kwh"))
    start, stop = (number(case.values.get(column)) for column in _REGISTERS)
    if energy is None:
        return _REGISTERS
    is_alone = start is None or stop is None or (stop - start) / 1000 != energy
    return ("energy_kwh",) if is_alone else ("energy_kwh", *_REGISTERS)


def judge_units(connectors: Iterable[Sequence[Draft]]) -> None:
    """tx.unit: next to its neighbours, a register is a thousand times too small or too large, and so is the energy."""
    for group in map(still_open, connectors):
        for place, draft in enumerate(group):
            if draft.is_plain:
                continue
            neighbours = [*group[max(0, place - 1) : place], *group[place + 1 : place + 2]]
            if _is_tiny(draft) and any(_is_thousandth(draft, other) for other in neighbours):
                reason = "beside the sessions before and after it, its registers are in kWh and not in Wh"
                draft.case.reject(Rejection(rule="tx.unit", reason=reason, owner=Owner.STATION_MAKER))


def _is_tiny(draft: Draft) -> bool:
    energy = draft.energy_kwh or Decimal(0)
    return 0 < energy < _IDLE_KW * hours(draft.lasted)


def _is_thousandth(draft: Draft, other: Draft) -> bool:
    mine, theirs = draft.meter_start_wh, other.meter_start_wh
    if mine is None or theirs is None or not mine or not theirs:
        return False
    return abs(mine * 1000 - theirs) <= theirs * _UNIT_AGREES
