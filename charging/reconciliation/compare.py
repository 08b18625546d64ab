"""Every difference between two CDRs of one session, named and measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from charging.reconciliation.aliases import Aliases, current_evse, is_expired
from charging.reconciliation.verdict import Kind
from charging.roaming.cdr import Cdr
from charging.roaming.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Theirs minus ours. None where one side does not say, or in another currency."""

    energy_kwh: Decimal
    duration: timedelta
    clock: timedelta
    net: Decimal | None
    gross: Decimal | None
    kinds: tuple[Kind, ...]
    """Beyond tolerance; of the amounts, whatever differs at all: what is bearable there depends on the tariff."""

    @property
    def are_none(self) -> bool:
        """Whether the two say exactly the same."""
        return not (self.energy_kwh or self.duration or self.clock or self.net or self.gross)

    @property
    def money(self) -> Decimal | None:
        """The difference that is at stake: without VAT, or only with it where the tax alone differs."""
        return self.gross if self.net == 0 and self.gross else self.net


def compare(ours: Cdr, theirs: Cdr, *, terms: Terms, aliases: Aliases) -> Differences:
    """Return how two CDRs of one session differ."""
    is_comparable = ours.currency == theirs.currency
    clock = theirs.started_at - ours.started_at
    found = Differences(
        energy_kwh=theirs.energy_kwh - ours.energy_kwh,
        duration=(theirs.ended_at - theirs.started_at) - (ours.ended_at - ours.started_at),
        clock=clock,
        net=_minus(theirs.net, ours.net) if is_comparable else None,
        gross=_minus(theirs.gross, ours.gross) if is_comparable else None,
        kinds=(),
    )
    is_significant = ours.is_cost_significant and theirs.is_cost_significant
    kinds = (*_beyond(found, terms, is_significant=is_significant), *_circumstances(ours, theirs, aliases))
    return Differences(
        energy_kwh=found.energy_kwh,
        duration=found.duration,
        clock=found.clock,
        net=found.net,
        gross=found.gross,
        kinds=kinds,
    )


def _beyond(found: Differences, terms: Terms, *, is_significant: bool) -> Iterator[Kind]:
    tolerances = terms.tolerances
    if abs(found.energy_kwh) > tolerances.energy_kwh:
        yield Kind.ENERGY
    if abs(found.duration) > tolerances.duration:
        yield Kind.DURATION
    if abs(found.clock) > tolerances.clock:
        yield Kind.CLOCK
    if not is_significant:
        yield Kind.INSIGNIFICANT
        return
    if found.net:
        yield Kind.NET
    if found.gross:
        yield Kind.GROSS


def _circumstances(ours: Cdr, theirs: Cdr, aliases: Aliases) -> Iterator[Kind]:
    if ours.currency != theirs.currency:
        yield Kind.CURRENCY
    elif ours.net != theirs.net and (_is_stated(ours.gross, theirs.net) or _is_stated(ours.net, theirs.gross)):
        yield Kind.VAT_CONFUSION
    if ours.tariff_id and theirs.tariff_id and ours.tariff_id != theirs.tariff_id:
        yield Kind.TARIFF
    if ours.evse_compact != theirs.evse_compact and current_evse(ours, aliases) == current_evse(theirs, aliases):
        yield Kind.EVSE_ALIAS
    if is_expired(ours, aliases) or is_expired(theirs, aliases):
        yield Kind.EVSE_ALIAS_EXPIRED


def _is_stated(gross: Decimal | None, net: Decimal | None) -> bool:
    return gross is not None and gross == net


def _minus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one - other
