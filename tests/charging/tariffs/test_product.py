"""OICP's pricing products price sessions as tariffs do."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from charging.tariffs.parse import UnreadableTariff
from charging.tariffs.price import price
from charging.tariffs.product import parse_product
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Period, Usage

START = datetime(2026, 11, 16, 12, tzinfo=UTC)  # a Monday


def record(*references, **more):
    stated = {
        "ProductID": "AC1",
        "ReferenceUnit": "KILOWATT_HOUR",
        "ProductPriceCurrency": "EUR",
        "PricePerReferenceUnit": 0.3,
        "MaximumProductChargingPower": 22,
        "IsValid24hours": True,
        "ProductAvailabilityTimes": [],
        "AdditionalReferences": [
            {"AdditionalReference": kind, "AdditionalReferenceUnit": unit, "PricePerAdditionalReferenceUnit": amount}
            for kind, unit, amount in references
        ],
    }
    return json.dumps(stated | more)


def cost(text):
    """Ten kWh in two hours of charging, then half an hour of staying."""
    charging = {Dimension.ENERGY: Decimal(10), Dimension.TIME: Decimal(2)}
    periods = (
        Period(started_at=START, volumes=charging),
        Period(started_at=START + timedelta(hours=2), volumes={Dimension.PARKING_TIME: Decimal("0.5")}),
    )
    usage = Usage(ended_at=START + timedelta(hours=2, minutes=30), periods=periods, time_zone="UTC")
    found = price(usage, tariffs={}, default=parse_product(text).tariff)
    return found.excl_vat


@pytest.mark.parametrize(
    ("text", "net"),
    [
        pytest.param(record(), "3", id="by energy"),
        pytest.param(record(ReferenceUnit="HOUR", PricePerReferenceUnit=1.5), "3", id="by the hour of charging"),
        pytest.param(record(ReferenceUnit="MINUTE", PricePerReferenceUnit=0.02), "2.4", id="by the minute"),
        pytest.param(record(("START FEE", "HOUR", 0.5)), "3.5", id="with a start fee"),
        pytest.param(record(("FIXED FEE", "HOUR", 9), PricePerReferenceUnit=0), "9", id="a fixed fee"),
        pytest.param(record(("START FEE", "HOUR", 0.5), ("FIXED FEE", "HOUR", 1)), "4.5", id="both fees"),
        pytest.param(record(("PARKING FEE", "HOUR", 2)), "4", id="with parking by the hour"),
        pytest.param(record(("PARKING FEE", "MINUTE", 0.1)), "6", id="with parking by the minute"),
        pytest.param(record(("MINIMUM FEE", "HOUR", 5)), "5", id="at least"),
        pytest.param(record(("MAXIMUM FEE", "HOUR", 2.5)), "2.5", id="at most"),
    ],
)
def test_prices_by_the_reference_unit_and_the_additional_references(text, net):
    assert cost(text) == Fraction(net)


@pytest.mark.parametrize(
    ("local", "is_available"),
    [
        pytest.param(datetime(2026, 11, 16, 9, 0, tzinfo=UTC), True, id="from"),
        pytest.param(datetime(2026, 11, 16, 8, 59, tzinfo=UTC), False, id="before"),
        pytest.param(datetime(2026, 11, 16, 18, 0, tzinfo=UTC), False, id="until, exclusive"),
        pytest.param(datetime(2026, 11, 21, 12, 0, tzinfo=UTC), False, id="on a Saturday"),
    ],
)
def test_knows_when_it_is_available(local, is_available):
    times = [{"Periods": [{"begin": "09:00", "end": "18:00"}], "on": "Workdays"}]
    product = parse_product(record(IsValid24hours=False, ProductAvailabilityTimes=times))

    assert product.is_available_at(local) is is_available


@pytest.mark.parametrize("written", [{"on": "Everyday"}, {"On": "Everyday"}], ids=["on", "On"])
def test_reads_days_and_periods_however_they_are_written(written):
    times = [{"Periods": {"begin": "00:00", "end": "24:00"}} | written]

    product = parse_product(record(IsValid24hours=False, ProductAvailabilityTimes=times))

    assert product.is_available_at(datetime(2026, 11, 21, 23, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(record(ReferenceUnit="SESSION"), id="a unit"),
        pytest.param(record(("PARKING FEE", "KILOWATT_HOUR", 1)), id="parking by energy"),
        pytest.param(record(("COFFEE FEE", "HOUR", 1)), id="a fee"),
        pytest.param(record(PricePerReferenceUnit=-1), id="a negative price"),
        pytest.param(record(IsValid24hours=False), id="hours that are not said"),
        pytest.param(
            record(IsValid24hours=False, ProductAvailabilityTimes=[{"Periods": [], "on": "Someday"}]), id="no hours"
        ),
        pytest.param("{}", id="no product"),
    ],
)
def test_refuses_what_it_cannot_price_by(text):
    with pytest.raises(UnreadableTariff):
        parse_product(text)
