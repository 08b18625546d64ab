from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from charging.tariffs.parse import parse
from charging.tariffs.price import price
from charging.tariffs.rounding import RoundAt, Rounding, RoundMode, half_minor_unit, to_money
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Period, Usage

START = datetime(2026, 11, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "mode", "expected"),
    [
        pytest.param("1.005", "EUR", RoundMode.HALF_UP, "1.01", id="half goes up"),
        pytest.param("-1.005", "EUR", RoundMode.HALF_UP, "-1.01", id="a credit mirrors its charge"),
        pytest.param("1.005", "EUR", RoundMode.HALF_EVEN, "1.00", id="half goes to even"),
        pytest.param("1.009", "EUR", RoundMode.DOWN, "1.00", id="down"),
        pytest.param("100.5", "JPY", RoundMode.HALF_UP, "101", id="a currency without decimals"),
        pytest.param("1.0005", "KWD", RoundMode.HALF_UP, "1.001", id="a currency with three"),
    ],
)
def test_rounds_as_agreed(amount, currency, mode, expected):
    assert str(to_money(Fraction(amount), currency=currency, mode=mode)) == expected


@pytest.mark.parametrize(("currency", "expected"), [("EUR", "0.005"), ("JPY", "0.5"), ("KWD", "0.0005")])
def test_half_a_minor_unit_follows_the_currency(currency, expected):
    assert half_minor_unit(currency) == Decimal(expected)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(RoundAt.TOTAL, "0.02", id="0.004 + 0.004 + 0.008 = 0.016"),
        pytest.param(RoundAt.PERIOD, "0.02", id="0.01 + 0.01"),
        pytest.param(RoundAt.LINE, "0.01", id="0.00 + 0.00 + 0.01"),
    ],
)
def test_rounds_where_agreed(at, expected):
    tariff = parse(
        b'{"id": "T", "currency": "EUR", "elements": [{"price_components": ['
        b'{"type": "ENERGY", "price": 0.004, "step_size": 1}, {"type": "TIME", "price": 0.004, "step_size": 1}]}]}'
    )
    both, energy_only = {Dimension.ENERGY: Decimal(1), Dimension.TIME: Decimal(1)}, {Dimension.ENERGY: Decimal(2)}
    usage = Usage(
        ended_at=START + timedelta(hours=2),
        periods=(
            Period(started_at=START, volumes=both),
            Period(started_at=START + timedelta(hours=1), volumes=energy_only),
        ),
        time_zone="UTC",
    )

    assert price(usage, tariffs={}, default=tariff).rounded(Rounding(at=at)).net == Decimal(expected)
