"""What the three versions of OCPI's Tariff object say differently, and what that makes of a price."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from charging.tariffs.agreed import agreed
from charging.tariffs.parse import UnreadableTariff, parse
from charging.tariffs.price import price
from charging.tariffs.rounding import Rounding
from charging.tariffs.tariff import Dimension, Taxes
from charging.tariffs.usage import Period, Usage

START = datetime(2026, 11, 16, 12, tzinfo=UTC)


def stated(*, vat=None, price=0.25, **more):
    component = {"type": "ENERGY", "price": price, "step_size": 1} | ({} if vat is None else {"vat": vat})
    return json.dumps({"id": "T", "currency": "EUR", "elements": [{"price_components": [component]}], **more})


def cost(tariff, kwh="20"):
    period = Period(started_at=START, volumes={Dimension.ENERGY: Decimal(kwh)})
    found = price(
        Usage(ended_at=START + timedelta(hours=1), periods=(period,), time_zone="UTC"), tariffs={}, default=tariff
    )
    return found.excl_vat, found.incl_vat


@pytest.mark.parametrize(
    ("text", "version", "taxes"),
    [
        pytest.param(stated(), None, Taxes.ADDED, id="nothing said: as of 2.2.1"),
        pytest.param(stated(), "2.2.1", Taxes.ADDED, id="2.2.1"),
        pytest.param(stated(), "2.1.1", Taxes.UNSTATED, id="2.1.1 cannot say it"),
        pytest.param(stated(vat=9), "2.1.1", Taxes.ADDED, id="2.1.1 with a rate as an extension"),
        pytest.param(stated(tax_included="YES"), None, Taxes.INCLUDED, id="2.3.0 tells itself"),
        pytest.param(stated(tax_included="NO"), "2.3.0", Taxes.ADDED, id="2.3.0, without"),
        pytest.param(stated(tax_included="N/A"), "2.3.0", Taxes.NONE, id="2.3.0, none applies"),
        pytest.param(stated(tax_included="YES"), "2.2.1", Taxes.ADDED, id="2.2.1 knows no such field"),
    ],
)
def test_knows_how_prices_stand_to_vat(text, version, taxes):
    assert parse(text, version=version).taxes is taxes


@pytest.mark.parametrize("text", [stated(), stated(tax_included="SOMETIMES")], ids=["missing", "unknown"])
def test_refuses_a_tariff_of_2_3_0_that_does_not_say_whether_taxes_are_in_it(text):
    with pytest.raises(UnreadableTariff):
        parse(text, version="2.3.0")


@pytest.mark.parametrize(
    ("text", "version", "net", "gross"),
    [
        pytest.param(stated(vat=20), "2.2.1", 5, 6, id="added"),
        pytest.param(stated(vat=0), "2.2.1", 5, 5, id="a rate of zero"),
        pytest.param(stated(), "2.2.1", 5, 5, id="no rate: no VAT applies"),
        pytest.param(stated(), "2.1.1", 5, None, id="nobody says the rate"),
        pytest.param(stated(price=0), "2.1.1", 0, 0, id="nothing to pay has no VAT"),
        pytest.param(stated(vat=25, tax_included="YES"), "2.3.0", 4, 5, id="in it"),
        pytest.param(stated(tax_included="YES"), "2.3.0", None, 5, id="in it, at an unknown rate"),
        pytest.param(stated(vat=25, tax_included="N/A"), "2.3.0", 5, 5, id="none applies, whatever a component says"),
    ],
)
def test_never_makes_an_amount_up_that_the_tariff_does_not_tell(text, version, net, gross):
    assert cost(parse(text, version=version)) == (net, gross)


@pytest.mark.parametrize(
    ("version", "percent", "gross"),
    [
        pytest.param("2.1.1", Decimal(21), Fraction("6.05"), id="for what cannot say it"),
        pytest.param("2.1.1", None, None, id="not agreed"),
        pytest.param("2.2.1", Decimal(21), 5, id="not for what says that none applies"),
    ],
)
def test_an_agreed_rate_counts_where_the_version_cannot_state_one(version, percent, gross):
    chosen = agreed([parse(stated(), version=version)], at=START, vat_percent=percent)

    assert cost(chosen.default) == (5, gross)


@pytest.mark.parametrize(
    ("limits", "kwh", "net", "gross"),
    [
        pytest.param({"max_price": {"before_taxes": 4, "after_taxes": 5}}, "20", 4, 5, id="both sides reached"),
        pytest.param({"max_price": {"before_taxes": 10, "after_taxes": 5.5}}, "20", 5, 5.5, id="reached with taxes"),
        pytest.param({"max_price": {"before_taxes": 4}}, "20", 4, None, id="reached, and not said with taxes"),
        pytest.param({"max_price": {"before_taxes": 10}}, "20", 5, 6, id="not reached"),
        pytest.param({"min_price": {"before_taxes": 5}}, "20", 5, 6, id="just at the minimum"),
        pytest.param({"min_price": {"before_taxes": 5}}, "19.999", 5, None, id="just below the minimum"),
    ],
)
def test_limits_of_2_3_0_hold_before_and_after_taxes(limits, kwh, net, gross):
    limited = parse(stated(vat=20, tax_included="NO", **limits), version="2.3.0")

    assert cost(limited, kwh) == (net, None if gross is None else Fraction(gross))


def test_a_limit_without_vat_holds_for_both_where_no_vat_applies():
    assert cost(parse(stated(max_price={"excl_vat": 4}))) == (4, 4)


def test_a_limit_is_not_known_where_neither_its_side_nor_the_amount_s_is():
    limited = parse(stated(tax_included="YES", max_price={"before_taxes": 4}))

    assert cost(limited) == (None, None)


def test_what_is_not_known_is_not_rounded_either():
    period = Period(started_at=START, volumes={Dimension.ENERGY: Decimal(1)})
    found = price(
        Usage(ended_at=START, periods=(period,), time_zone="UTC"),
        tariffs={},
        default=parse(stated(tax_included="YES")),
    )

    charge = found.rounded(Rounding())

    assert (charge.net, charge.gross) == (None, Decimal("0.25"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(stated(max_price={}), id="a limit without an amount"),
        pytest.param(stated(vat=-1), id="a negative rate"),
        pytest.param(stated().replace('"step_size": 1', '"step_size": 1.5'), id="half a step"),
        pytest.param(
            stated().replace("]}]", '], "restrictions": {"start_time": "09:00Z"}}]'), id="a zoned time of day"
        ),
        pytest.param(stated().replace("]}]", '], "restrictions": {"day_of_week": ["MON"]}}]'), id="no day of the week"),
        pytest.param(stated().replace("ENERGY", "CO2"), id="a dimension that nobody knows the meaning of"),
    ],
)
def test_refuses_what_it_cannot_price_by(text):
    with pytest.raises(UnreadableTariff):
        parse(text)


@pytest.mark.parametrize("written", ["60", "60.0", '"60"'])
def test_reads_a_step_however_it_is_written(written):
    text = stated().replace('"step_size": 1', f'"step_size": {written}')

    assert parse(text).elements[0].components[0].step_size == 60


def test_24_00_is_the_end_of_the_day():
    text = stated().replace("]}]", '], "restrictions": {"start_time": "20:00", "end_time": "24:00"}}]')

    assert parse(text) == parse(text.replace("24:00", "00:00"))


def test_keeps_the_type_and_the_validity():
    read = parse(
        stated(type="PROFILE_GREEN", start_date_time="2026-01-01T00:00:00", end_date_time="2026-02-01T00:00:00Z")
    )

    assert (read.kind, read.valid_from, read.valid_to) == (
        "PROFILE_GREEN",
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 2, 1, tzinfo=UTC),
    )
