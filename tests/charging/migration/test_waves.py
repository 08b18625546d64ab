"""Lanes and waves."""

import random
from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.migration.lanes import Way, route
from charging.migration.recipe_files import parse_recipes
from charging.migration.waves import Sizing, plan_waves
from charging.network.model import Lane, Station

TEMPLATE = """
recipe = "{name}"
version = 1
vendor = "{name}"
models = ["*"]
method = "{method}"
source = "made up"
"""
WRITES = '[[writes]]\nkey = "Url"\ntemplate = "{url}"\n'
VISIT = 'instructions = ["Set {url}."]\n'
RECIPES = parse_recipes(
    {
        f"{name}.toml": TEMPLATE.format(name=name, method=method) + more
        for name, method, more in [
            ("A", "config", WRITES),
            ("B", "config", WRITES),
            ("F", "firmware", ""),
            ("O", "onsite", VISIT),
            ("P", "onsite", VISIT + 'place = "portal"\n'),
            ("T", "script", f'[script]\ntool = "t"\n{WRITES}'),
            ("D", "discover", ""),
        ]
    }
)


def station(number, *, vendor="A", model="m", firmware="1", location=None, lane=Lane.LIVE):
    return Station(
        station_id=f"S{number:05}",
        location_id=location,
        vendor=vendor,
        model=model,
        serial_number=None,
        firmware=firmware,
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol=None,
        lane=lane,
        last_seen_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def network(total, *, kinds=7, site=2):
    return [
        station(n, model=f"m{n % kinds // 2}", firmware=str(n % kinds), location=f"L{n // site}") for n in range(total)
    ]


@pytest.mark.parametrize(
    ("vendor", "lane", "way", "reason"),
    [
        pytest.param("A", Lane.LIVE, Way.REMOTE, "recipe A", id="live with a recipe"),
        pytest.param("X", Lane.LIVE, Way.TO_SITE, "no recipe for X m 1", id="live without"),
        pytest.param("O", Lane.LIVE, Way.TO_SITE, "asks for a visit", id="on-site recipe"),
        pytest.param("P", Lane.LIVE, Way.TO_SITE, "asks for work in the maker's portal", id="portal recipe"),
        pytest.param("T", Lane.LIVE, Way.WAITING, "describe it under [tools.t]", id="tool that is not there"),
        pytest.param("D", Lane.LIVE, Way.WAITING, "run rehome recipe discover S00001", id="maker without a source"),
        pytest.param("F", Lane.LIVE, Way.WAITING, "firmware campaign", id="firmware recipe"),
        pytest.param("A", Lane.OFFLINE, Way.TO_SITE, "silent since 2026-01-02", id="offline"),
        pytest.param("A", Lane.FAULTED, Way.WAITING, "repair it first", id="faulted"),
        pytest.param("A", Lane.WAREHOUSE, Way.WAITING, "before it is installed", id="warehouse"),
    ],
)
def test_every_station_has_a_way_and_a_reason(vendor, lane, way, reason):
    recipe = next((recipe for recipe in RECIPES if recipe.name == vendor), None)

    found = route(station(1, vendor=vendor, lane=lane), recipe=recipe)

    assert found.way is way
    assert reason in found.reason


stations = st.lists(
    st.builds(
        lambda vendor, model, firmware, location, lane: (vendor, model, firmware, location, lane),
        st.sampled_from("ABFX"),
        st.sampled_from("mno"),
        st.sampled_from("12"),
        st.sampled_from([None, "L1", "L2", "L3", "S00001"]),
        st.sampled_from(Lane),
    ),
    max_size=120,
)


@given(stations, st.randoms(use_true_random=False))
def test_every_station_is_planned_exactly_once_whatever_the_order(kinds, shuffler):
    fleet = [
        station(number, vendor=vendor, model=model, firmware=firmware, location=location, lane=lane)
        for number, (vendor, model, firmware, location, lane) in enumerate(kinds)
    ]

    plan = plan_waves(fleet, recipes=RECIPES, sizing=Sizing(growth=(5, 10), cap=20))

    planned = [each.station_id for wave in plan.waves for each in wave.stations] + [
        each.station_id for each in plan.held
    ]
    assert sorted(planned) == [each.station_id for each in fleet]
    assert [wave.number for wave in plan.waves] == list(range(len(plan.waves)))
    assert all(wave.stations for wave in plan.waves)
    shuffler.shuffle(fleet)
    assert plan_waves(fleet, recipes=RECIPES, sizing=Sizing(growth=(5, 10), cap=20)) == plan


@pytest.mark.parametrize(
    ("total", "least", "most"),
    [
        pytest.param(0, 0, 0, id="nothing"),
        pytest.param(2, 1, 1, id="a pilot alone"),
        pytest.param(120, 3, 5, id="a small network"),
        pytest.param(3000, 10, 13, id="the first paper's network"),
        pytest.param(20_000, 10, 13, id="a large one"),
    ],
)
def test_the_number_of_waves_stays_one_that_people_can_decide_on(total, least, most):
    assert least <= len(plan_waves(network(total), recipes=RECIPES).waves) <= most


def test_the_pilot_holds_some_of_every_type_and_nothing_else():
    plan = plan_waves(network(300), recipes=RECIPES)

    pilot, *others = plan.waves
    assert pilot.is_pilot
    assert not any(wave.is_pilot for wave in others)
    assert set(Counter(each.kind for each in pilot.stations).values()) == {3}
    assert {each.kind for wave in others for each in wave.stations} <= {each.kind for each in pilot.stations}


def test_waves_grow_and_keep_to_their_sizes():
    sizes = [len(wave.stations) for wave in plan_waves(network(1000, site=1), recipes=RECIPES).waves]

    assert sizes[1:4] == [10, 50, 100]
    assert max(sizes) <= 200


def test_a_location_moves_together_where_it_fits():
    plan = plan_waves(network(400, kinds=1, site=4), recipes=RECIPES)

    waves = {}
    for wave in plan.waves:
        for each in wave.stations:
            waves.setdefault(each.location_id, set()).add(wave.number)
    torn = [location for location, numbers in waves.items() if len(numbers - {0}) > 1]
    assert torn == []


def test_no_more_than_half_of_a_model_moves_before_its_soak_is_over():
    fleet = network(100, kinds=1)

    plan = plan_waves(fleet, recipes=RECIPES, sizing=Sizing(share_before_soak=Fraction(1, 2), soak_waves=2))

    assert sum(len(wave.stations) for wave in plan.waves[:3]) == ceil(len(fleet) / 2)


def test_a_location_larger_than_any_wave_is_split_rather_than_forgotten():
    fleet = [station(number, location="depot") for number in range(500)]
    random.Random(1).shuffle(fleet)

    plan = plan_waves(fleet, recipes=RECIPES)

    assert sum(len(wave.stations) for wave in plan.waves) == 500
    assert max(len(wave.stations) for wave in plan.waves) <= 200
