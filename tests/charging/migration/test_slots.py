"""OCPP 2's connection profiles: which slot is free, and what is written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.errors import RecipeError
from charging.migration import slots
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address, orders, reversed_orders

RECIPES = {recipe.name: recipe for recipe in parse_recipes(shipped_texts())}
RECIPE = RECIPES["ocpp2"]
TARGET, LEGACY = Address(url="wss://new.example/ocpp/"), Address(url="wss://old.example/ocpp")
TOLD = {slots.ACTIVE: "1", slots.PRIORITY: "1", slots.ATTEMPTS: "3", slots.SECURITY: "2"}


@pytest.mark.parametrize(
    ("told", "slot", "priority"),
    [
        pytest.param({}, 2, "2,1", id="one slot in use"),
        pytest.param({slots.PRIORITY: "1,2"}, 2, "2,1", id="the other is the present fallback"),
        pytest.param({slots.ACTIVE: "2", slots.PRIORITY: "2"}, 1, "1,2", id="the second is in use"),
        pytest.param({slots.ACTIVE: "2", slots.PRIORITY: "2, 1"}, 1, "1,2", id="with a blank"),
    ],
)
def test_the_profile_in_use_is_kept_as_the_fallback(told, slot, priority):
    found = slots.find(TOLD | told, RECIPE)

    assert (found.slot, found.priority, found.security_profile, found.problem) == (slot, priority, 2, "")


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        pytest.param({slots.ACTIVE: None}, "does not say which connection profile", id="active not told"),
        pytest.param({slots.PRIORITY: ""}, "in which order", id="no order"),
        pytest.param({slots.PRIORITY: "1,x"}, "in which order", id="an order of something else"),
        pytest.param({slots.PRIORITY: "2,1"}, "it uses profile 1 and prefers 2", id="on its fallback already"),
        pytest.param({slots.ACTIVE: "7", slots.PRIORITY: "7"}, "none of the recipe's slots 1,2", id="another slot"),
        pytest.param({slots.ATTEMPTS: "0"}, "before it falls back", id="no fallback"),
        pytest.param({slots.SECURITY: None}, "its security profile", id="security not told"),
    ],
)
def test_what_is_not_clear_is_not_begun(told, problem):
    assert problem in slots.find(TOLD | told, RECIPE).problem


@given(st.permutations([1, 2, 3, 4]), st.integers(1, 4), st.sets(st.sampled_from([1, 2, 3, 4]), min_size=2))
def test_the_slot_in_use_is_never_overwritten_and_always_comes_second(order, length, places):
    recipe = parse_recipes({"x.toml": shipped_texts()["ocpp2.toml"].replace("[1, 2]", str(sorted(places)))})[0]
    order = order[:length]
    told = TOLD | {slots.ACTIVE: str(order[0]), slots.PRIORITY: ",".join(map(str, order))}

    found = slots.find(told, recipe)

    if order[0] not in places:
        assert found.problem
        return
    new = [int(slot) for slot in found.priority.split(",")]
    assert found.slot != order[0]
    assert found.slot in places
    assert new[:2] == [found.slot, order[0]]
    assert set(new) == set(order) | {found.slot}, "no fallback is lost"


def test_the_writes_are_the_profile_and_then_the_order():
    recipe = slots.filled(RECIPE, {"slot": 2, "priority": "2,1", "security_profile": 2, "problem": ""})

    profile, switch = orders(recipe, station_id="S 1", address=TARGET)

    assert (profile.key, switch.key, switch.value) == ("NetworkProfile.2", slots.PRIORITY, "2,1")
    assert json.loads(profile.value) == {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://new.example/ocpp",
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wired0",
    }


def test_on_the_way_back_the_order_is_the_one_that_was_found():
    recipe = slots.filled(RECIPE, {"slot": 2, "priority": "2,1", "security_profile": 2, "problem": ""})

    profile, switch = reversed_orders(recipe, station_id="S1", address=LEGACY, snapshot={slots.PRIORITY: "1"})

    assert json.loads(profile.value)["ocppCsmsUrl"] == "wss://old.example/ocpp"
    assert switch.value == "1"


def test_other_recipes_are_left_as_they_are():
    assert slots.filled(RECIPES["vestel"], {"slot": 2}) is RECIPES["vestel"]
    assert slots.filled(RECIPE, None) is RECIPE


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(("ocpp2.0.1", "ocpp1.6"), "[profile] is for OCPP 2", id="1.6"),
        pytest.param(('"slot"', '"config"'), "[profile] is for OCPP 2", id="another method"),
        pytest.param(('"Soft"', '"none"'), "by a restart", id="no restart"),
        pytest.param(("[1, 2]", "[1]"), "slots", id="one slot"),
        pytest.param(("[rollback]", '[[writes]]\nkey = "A.B"\ntemplate = ""\n[rollback]'), "go together", id="writes"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(change, problem):
    with pytest.raises(RecipeError) as caught:
        parse_recipes({"x.toml": shipped_texts()["ocpp2.toml"].replace(*change)})

    assert problem in str(caught.value)
