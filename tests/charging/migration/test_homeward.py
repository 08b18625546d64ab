"""What a person is told who brings a station back, by what is known of how it was."""

from datetime import UTC, datetime

import pytest

from charging.migration.homeward import END, Known, way_back
from charging.migration.ports import Effect
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address

LEGACY = Address(url="wss://old.example/steve/")
RECIPES = {recipe.name: recipe for recipe in parse_recipes(shipped_texts())}
KEY = "ConnectionURL"


def wrote(before):
    return {
        f"write:{KEY}": Effect(request={"before": before}, response=None, intended_at=datetime(2026, 3, 1, tzinfo=UTC))
    }


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(Known(), ["Set the legacy's address (wss://old.example/steve/)"], id="nothing is known"),
        pytest.param(
            Known(recipe=RECIPES["keba"]),
            ["Set the central system's URL to wss://old.example/steve without the identity"],
            id="the recipe's own words, for the legacy",
        ),
        pytest.param(
            Known(recipe=RECIPES["vestel"]),
            [f"Set {KEY} to wss://old.example/steve/S%201 (the legacy's own)."],
            id="the recipe's key, for the legacy",
        ),
        pytest.param(
            Known(recipe=RECIPES["vestel"], settings={KEY: "ws://told.example/x"}),
            [f"Set {KEY} to ws://told.example/x (as it was before the move)."],
            id="what it told before",
        ),
        pytest.param(
            Known(recipe=RECIPES["vestel"], settings={KEY: "ws://told.example/x"}, effects=wrote("ws://found.example")),
            [f"Set {KEY} to ws://found.example (as it was before the move)."],
            id="what was found before it was written goes first",
        ),
        pytest.param(
            Known(recipe=RECIPES["vestel"], effects=wrote("****")),
            [f"Set {KEY} to what it was before the move; its value is kept nowhere here."],
            id="a secret is not told",
        ),
        pytest.param(
            Known(settings={"CentralSystem": "wss://OLD.example/x", "Heartbeat": "60", "Hidden": None}),
            ["Before the move CentralSystem was wss://OLD.example/x."],
            id="whatever named the legacy's host",
        ),
    ],
)
def test_says_what_to_set_by_the_surest_source(known, expected):
    told = way_back("S 1", known=known, legacy=LEGACY).splitlines()

    assert all(any(line.startswith(start) for line in told) for start in expected), told
    assert told[-1] == END


def test_names_no_profile_that_cannot_be_known():
    told = way_back("S1", known=Known(recipe=RECIPES["ocpp2"]), legacy=LEGACY)

    assert "NetworkConfigurationPriority" not in told
    assert told.startswith("Set the legacy's address")


@pytest.mark.parametrize("recipe", [RECIPES["vestel"], RECIPES["keba"], None], ids=["keys", "instructions", "nothing"])
def test_makes_up_no_address_where_the_legacys_is_not_known(recipe):
    told = way_back("S1", known=Known(recipe=recipe), legacy=None)

    assert "://" not in told
    assert "before the move" in told
