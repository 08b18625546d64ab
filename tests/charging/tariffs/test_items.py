"""OCHP bills by items, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest

from charging.tariffs.items import BilledItem, ochp_cost


def item(value, price, **more):
    return BilledItem(
        value=Decimal(value), price=Decimal(price), **{name: Decimal(text) for name, text in more.items()}
    )


@pytest.mark.parametrize(
    ("items", "net"),
    [
        pytest.param([], "0", id="nothing"),
        pytest.param([item("10.5", "0.29")], "3.045", id="energy"),
        pytest.param([item("10.5", "0.29"), item("1.2", "1")], "4.245", id="energy and time at once"),
        pytest.param([item("10.5", "0")], "0", id="not charged"),
        pytest.param([item("0.11", "6", step="0.1")], "1.2", id="six minutes begun are six minutes"),
        pytest.param([item("0.3", "6", step="0.1")], "1.8", id="three steps that no float adds up"),
        pytest.param([item("0.11", "6", step="0")], "0.66", id="no step"),
    ],
)
def test_costs_the_sum_of_its_items(items, net):
    assert ochp_cost(items).net == Fraction(net)


@pytest.mark.parametrize(
    ("items", "gross"),
    [
        pytest.param([item("10", "1", tax_percent="21"), item("1", "1", tax_percent="9")], "13.19", id="two rates"),
        pytest.param([item("10", "1", tax_percent="21"), item("1", "0")], "12.1", id="what is free needs none"),
        pytest.param([item("10", "1", tax_percent="21"), item("1", "1")], None, id="one does not say it"),
    ],
)
def test_adds_the_tax_of_each_item(items, gross):
    assert ochp_cost(items).gross == (None if gross is None else Fraction(gross))


def test_names_the_items_that_state_another_cost():
    items = [
        item("10", "0.299", stated_cost="2.99"),
        item("1", "0.335", stated_cost="0.34"),
        item("1", "0.334", stated_cost="0.34"),
    ]

    assert ochp_cost(items).deviating == (2,)
