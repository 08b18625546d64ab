"""Which of the agreed tariffs prices a session: as they stood when it began."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from charging.tariffs.tariff import Tariff, Taxes, valid_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The tariffs that count for one session."""

    by_id: Mapping[str, Tariff]
    """What a period may name."""
    default: Tariff | None
    """For a period that names none of them: the one agreed last."""


def agreed(tariffs: Iterable[Tariff], *, at: datetime, vat_percent: Decimal | None = None) -> Agreed:
    """Return the tariffs that price a session which starts at `at`.

    `vat_percent` is what the parties agreed for tariffs that cannot say it.
    """
    valid = [with_vat(tariff, vat_percent) for tariff in tariffs if tariff.is_valid_at(at)]
    named = dict.fromkeys(tariff.tariff_id for tariff in valid)
    latest = {name: valid_at([tariff for tariff in valid if tariff.tariff_id == name], at) for name in named}
    return Agreed(
        by_id={name: tariff for name, tariff in latest.items() if tariff is not None}, default=valid_at(valid, at)
    )


def with_vat(tariff: Tariff, percent: Decimal | None) -> Tariff:
    """Return a tariff whose protocol cannot state VAT with the rate that was agreed for it; others as they are."""
    if tariff.taxes is not Taxes.UNSTATED or percent is None:
        return tariff
    elements = tuple(
        replace(
            element,
            components=tuple(replace(component, vat_percent=Fraction(percent)) for component in element.components),
        )
        for element in tariff.elements
    )
    return replace(tariff, taxes=Taxes.ADDED, elements=elements)
