"""Rules for what a session delivered: `mv.*`, and `tx.rollover`, `.neg`, `.impossible`, `.zero`, `.stuck`."""

from datetime import timedelta
from decimal import Decimal

from charging.cleansing.case import Case, Rejection, Repair
from charging.cleansing.commas import mend_comma
from charging.cleansing.session_draft import Draft
from charging.cleansing.session_resets import judge_reset
from charging.cleansing.values import hours, number, plain
from charging.cleansing.verdict import Confidence, Context, Owner

_NUMBERS = ("meter_start_wh", "meter_stop_wh", "energy_kwh", "cost")
_REGISTERS_END_AT_WH = (*(Decimal(10) ** power for power in range(5, 13)), Decimal(2**31), Decimal(2**32))
_NEAR = Decimal("0.01")
"""A register has rolled over if it stood within this part of its end before, and of its beginning after."""
_MARGIN = Decimal("1.1")
FAILED_START_BEFORE = timedelta(minutes=2)
STUCK_AFTER = timedelta(hours=72)
_A_DAY = timedelta(hours=24)
"""However short others are, within a day nothing is stuck."""


def reject_garbage(case: Case, context: Context) -> None:
    """mv.garbage: a number that is none. A decimal comma is one where the whole file proves it; in money, never."""
    for column in _NUMBERS:
        text = case.values.get(column)
        if text is not None and number(text) is None and not (column != "cost" and mend_comma(case, column, context)):
            case.reject(Rejection(rule="mv.garbage", reason=f"{column} is {text!r}", owner=Owner.STATION_MAKER))


def judge_cost(case: Case, context: Context) -> None:
    """tx.cost: money is more than nothing, and has a currency."""
    cost, currency = number(case.values.get("cost")), case.values.get("currency") or context.currency
    if cost is None:
        return
    if cost < 0:
        case.reject(Rejection(rule="tx.cost", reason=f"it cost {cost}: is it a credit?"))
    elif currency is None or not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        case.reject(Rejection(rule="tx.cost", reason=f"it cost {cost}, in which currency? (it says {currency!r})"))


def judge_energy(draft: Draft, context: Context) -> None:
    """Find the energy, and whether it can be."""
    for rule in (_end, _registers, _times, _power, _zero):
        if draft.case.is_open:
            rule(draft, context)


def _end(draft: Draft, _: Context) -> None:
    """tx.no_stop: nobody knows when it ended."""
    if draft.stopped_at is None:
        reason = "it has no stop, and no later session on its connector says what the meter stood at"
        draft.case.reject(Rejection(rule="tx.no_stop", reason=reason))


def _registers(draft: Draft, context: Context) -> None:
    """tx.rollover, tx.neg, mv.missing, mv.disagree: the energy is what the registers say, if they say it."""
    start, stop = draft.meter_start_wh, draft.meter_stop_wh
    if start is None or stop is None:
        if draft.energy_kwh is None:
            draft.case.reject(Rejection(rule="mv.missing", reason="it has neither an energy nor two meter readings"))
        elif draft.energy_kwh < 0:
            reason = f"it delivered {draft.energy_kwh} kWh"
            draft.case.reject(Rejection(rule="tx.neg", reason=reason, owner=Owner.STATION_MAKER))
        return
    measured = (stop - start) / 1000
    if draft.energy_kwh is not None and draft.energy_kwh != measured:
        reason = f"its energy is {draft.energy_kwh} kWh, and its registers make {measured}"
        draft.case.reject(Rejection(rule="mv.disagree", reason=reason))
    elif measured < 0:
        if not (_rollover(draft, start, stop, context) or judge_reset(draft, context)):
            reason = f"its register went back from {start} to {stop} Wh: a reset, or another meter?"
            draft.case.reject(Rejection(rule="tx.neg", reason=reason, owner=Owner.STATION_MAKER))
    else:
        draft.energy_kwh = measured


def _rollover(draft: Draft, start: Decimal, stop: Decimal, context: Context) -> bool:
    limit = limit_kwh(draft, context) * 1000
    ends = [
        end
        for end in _REGISTERS_END_AT_WH
        if end * (1 - _NEAR) <= start < end and 0 <= stop <= end * _NEAR and end - start + stop <= limit
    ]
    if len(ends) != 1:
        return False
    # So that the registers, too, say what was delivered.
    draft.meter_stop_wh = ends[0] + stop
    draft.energy_kwh = (draft.meter_stop_wh - start) / 1000
    found = {"meter_stop_wh": draft.meter_stop_wh, "energy_kwh": draft.energy_kwh}
    for column, amount in found.items():
        if draft.case.values.get(column) is not None:
            draft.case.repair(Repair(field=column, rule="tx.rollover", after=plain(amount)))
    return True


def _times(draft: Draft, context: Context) -> None:
    """tx.impossible, tx.stuck: it ends after it begins, has happened, and took no more than three days."""
    if draft.lasted < timedelta(0):
        reason = f"it ends {-draft.lasted} before it begins"
        draft.case.reject(Rejection(rule="tx.impossible", reason=reason, owner=Owner.STATION_MAKER))
    elif (draft.stopped_at or draft.started_at) > context.as_of:
        draft.case.reject(Rejection(rule="tx.impossible", reason="it lies in the future", owner=Owner.STATION_MAKER))
    elif draft.lasted > STUCK_AFTER:
        reason = f"it took {draft.lasted}: did anybody stop it?"
        draft.case.reject(Rejection(rule="tx.stuck", reason=reason, owner=Owner.MAINTENANCE))
    elif draft.lasted > _A_DAY and draft.lasted > _usual(draft, context):
        reason = f"it took {draft.lasted}, longer than 99.9 % of its model's: did anybody stop it?"
        draft.case.reject(Rejection(rule="tx.stuck", reason=reason, owner=Owner.MAINTENANCE))


def _usual(draft: Draft, context: Context) -> timedelta:
    longest = context.facts.longest_usual_hours(draft.station_id)
    return STUCK_AFTER if longest is None else timedelta(hours=longest)


def _power(draft: Draft, context: Context) -> None:
    """tx.impossible: no station delivers that much in that time."""
    if (draft.energy_kwh or 0) > limit_kwh(draft, context):
        reason = f"{draft.energy_kwh} kWh in {draft.lasted} is more than {context.max_power_kw} kW can deliver"
        draft.case.reject(Rejection(rule="tx.impossible", reason=reason, owner=Owner.STATION_MAKER))


def limit_kwh(draft: Draft, context: Context) -> Decimal:
    return context.max_power_kw * hours(draft.lasted) * _MARGIN


def _zero(draft: Draft, _: Context) -> None:
    """tx.zero: nothing delivered. Within two minutes it is a failed start; later, perhaps a dead meter."""
    if draft.energy_kwh != 0:
        return
    if draft.lasted < FAILED_START_BEFORE:
        draft.is_billable = False
        draft.case.log("is_billable", "tx.zero", "true", "false", Confidence.CERTAIN)
    else:
        reason = f"it delivered nothing in {draft.lasted}: a car that was full, or a meter that is dead?"
        draft.case.reject(Rejection(rule="tx.zero", reason=reason, owner=Owner.MAINTENANCE))
