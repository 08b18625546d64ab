"""How well two CDRs agree on being of one session, whatever their ids say."""

from datetime import timedelta
from decimal import Decimal

from charging.reconciliation.aliases import Aliases, current_evse
from charging.roaming.cdr import Cdr

START_WINDOW = timedelta(seconds=120)
_DAY = timedelta(days=1)


def is_plausible(one: Cdr, other: Cdr, *, aliases: Aliases) -> bool:
    """Whether an equal id may be believed.

    An id alone proves nothing: two back-offices both count their transactions 1, 2, 3. The driver or the place must be
    the same too, within a day, so that a clock set to local time still passes.
    """
    apart = abs(one.started_at - other.started_at)
    if apart > _DAY:
        return False
    return (
        current_evse(one, aliases) == current_evse(other, aliases)
        or _is_same(one.token_uid, other.token_uid)
        or _is_same(one.contract_compact, other.contract_compact)
        or apart <= START_WINDOW
    )


def has_same_energy(one: Cdr, other: Cdr) -> bool:
    """Whether the energies differ by no more than 0.1 kWh or one per cent of the greater."""
    greater = max(one.energy_kwh, other.energy_kwh)
    return abs(one.energy_kwh - other.energy_kwh) <= max(Decimal("0.1"), greater / 100)


def overlaps(one: Cdr, other: Cdr) -> bool:
    """Whether the sessions share at least four fifths of the longer one."""
    shared = min(one.ended_at, other.ended_at) - max(one.started_at, other.started_at)
    longer = max(one.ended_at - one.started_at, other.ended_at - other.started_at)
    return longer > timedelta(0) and shared * 5 >= longer * 4


def _is_same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other
