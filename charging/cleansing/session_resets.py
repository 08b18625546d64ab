"""Rule for meters that began anew during a session: `tx.meter_reset`."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from charging.cleansing.session_draft import Draft
from charging.cleansing.verdict import Context

_NEARLY_NOTHING_WH = Decimal(1000)
"""After a reset a register is read before it has counted much."""


def judge_reset(draft: Draft, context: Context) -> bool:
    """tx.meter_reset: the register fell to about 0 once and went on; return whether that is what happened.

    The energy is what it counted before and after, as far as the meter said it: an estimate, to be billed by decision.
    """
    start, stop = draft.meter_start_wh, draft.meter_stop_wh
    samples = [sample.register_wh for sample in context.facts.registers_of.get(draft.case.key, ())]
    if start is None or stop is None or not samples:
        return False
    before = _before_reset([start, *samples, stop])
    if before is None:
        return False
    energy_wh = (before - start) + stop
    question = f"its meter began anew at {before} Wh: {energy_wh / 1000} kWh are an estimate. May they be billed?"
    found = {"meter_stop_wh": start + energy_wh}
    if draft.energy_kwh is not None:
        found["energy_kwh"] = energy_wh / 1000
    draft.estimate("tx.meter_reset", owner_asked=question, **found)
    draft.energy_kwh = energy_wh / 1000
    return True


def _before_reset(registers: Sequence[Decimal]) -> Decimal | None:
    """Return what stood last before the register fell, if it fell once, to about nothing; None otherwise."""
    falls = [(one, other) for one, other in pairwise(registers) if other < one]
    if len(falls) != 1 or falls[0][1] > _NEARLY_NOTHING_WH:
        return None
    return falls[0][0]
