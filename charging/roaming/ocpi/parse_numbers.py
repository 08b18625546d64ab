"""The numbers of an OCPI CDR, read one by one, and which of them were sent as text."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from charging.roaming.cdr import CdrLine
from charging.roaming.ocpi.wire_cdr import ChargingPeriod, Part221, Part230, Price221, Price230
from charging.roaming.ocpi.wire_values import instant, number
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

MEASURES: dict[str, Dimension | Extreme] = {
    **{measure.value: measure for measure in Dimension if measure is not Dimension.FLAT},
    **{measure.value: measure for measure in Extreme},
}
"""What becomes a line. What only sessions carry (POWER, STATE_OF_CHARGE…) does not."""


class Numbers:
    """Reads a record's numbers, and remembers which were text."""

    def __init__(self) -> None:
        self.as_text: dict[str, None] = {}

    def optional(self, raw: msgspec.Raw, name: str) -> Decimal | None:
        """Return a number, None where it is absent."""
        read = number(raw, name)
        if read is None:
            return None
        if read.is_text:
            self.as_text[name] = None
        return read.value

    def required(self, raw: msgspec.Raw, name: str) -> Decimal:
        """Return a number.

        Raises:
            ValueError: if it is absent.
        """
        value = self.optional(raw, name)
        if value is None:
            raise ValueError(f"`{name}` is missing")
        return value

    def net(self, price: Price221 | Part221 | Price230 | Part230, name: str) -> Decimal:
        """Return an amount without VAT."""
        if isinstance(price, Price221 | Part221):
            return self.required(price.excl_vat, f"{name}.excl_vat")
        return self.required(price.before_taxes, f"{name}.before_taxes")

    def gross(self, price: Price221 | Price230, name: str) -> Decimal | None:
        """Return an amount with VAT, None where that is not stated. No taxes at all say nothing of what is due."""
        if isinstance(price, Price221):
            return self.optional(price.incl_vat, f"{name}.incl_vat")
        taxes = [self.required(tax.amount, f"{name}.taxes.amount") for tax in price.taxes or ()]
        return self.net(price, name) + sum(taxes) if taxes else None

    def lines(self, periods: list[ChargingPeriod]) -> Iterator[CdrLine]:
        """Yield the measured quantities of periods, in their order."""
        for period in periods:
            started_at = instant(period.start_date_time, "charging_periods.start_date_time").at
            for dimension in period.dimensions:
                volume = self.required(dimension.volume, "volume")
                if measure := MEASURES.get(dimension.type):
                    yield CdrLine(measure=measure, started_at=started_at, volume=volume, tariff_id=period.tariff_id)
