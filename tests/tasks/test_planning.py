"""The same network gives the same plan, stored once; recipes of one's own join those that ship."""

import tomllib
from dataclasses import replace
from importlib.resources import files

import pytest

from charging.database.operations import clean as write
from charging.database.queries import moves as read
from charging.errors import RecipeError, SettingsError
from charging.migration.recipe_files import shipped_texts
from charging.network import Lane, Station
from tasks import planning


def _stations(count, lane=Lane.LIVE):
    return [
        Station(
            station_id=f"CS-{number:02}",
            location_id=f"L{number // 2}",
            vendor="Supplier A",
            model="A1",
            serial_number=None,
            firmware="4.2",
            iccid=None,
            imsi=None,
            apn=None,
            ocpp_protocol="ocpp1.6",
            lane=lane,
            last_seen_at=None,
        )
        for number in range(count)
    ]


@pytest.fixture
def network(engine, settings, monkeypatch):
    monkeypatch.setenv("REHOME_RECIPES", str(files("rehearsal") / "recipes"))

    def stored(stations):
        with engine.begin() as connection:
            write.store_entities(connection, stations, extract_id="legacy-1")

    return stored


def test_puts_every_station_somewhere_once(network, engine):
    network([*_stations(9), replace(_stations(1)[0], station_id="CS-99", lane=Lane.OFFLINE)])

    plan = planning.plan.fn(pilot=1, cap=5)

    with engine.connect() as connection:
        rows = read.move_rows(connection, plan["plan_id"])
        visits = [order["station_id"] for order in read.work_orders(connection, plan["plan_id"])]
    assert sorted(row["station_id"] for row in rows) == [*(f"CS-{number:02}" for number in range(9)), "CS-99"]
    assert sum(wave["stations"] for wave in plan["waves"]) == 9
    assert [held["station_id"] for held in plan["held"]] == ["CS-99"]
    assert set(visits) == {held["station_id"] for held in plan["held"]}


def test_is_the_same_for_the_same_network(network, engine):
    network(_stations(9))
    first = planning.plan.fn(pilot=1, cap=5)

    again = planning.plan.fn(pilot=1, cap=5)
    other = planning.plan.fn(pilot=2, cap=5)

    assert (first["is_new"], again["is_new"]) == (True, False)
    assert again | {"is_new": True} == first
    assert other["plan_id"] != first["plan_id"]


def test_gives_every_planned_station_a_deadline(network, engine):
    network(_stations(3))

    plan = planning.plan.fn(pilot=1, cap=5)

    with engine.connect() as connection:
        planned = [row for row in read.move_rows(connection, plan["plan_id"]) if row["stage"] == "planned"]
    assert len(planned) == 3
    assert all(row["deadline_at"] > row["changed_at"] for row in planned)


def test_reads_recipes_of_ones_own_beside_those_that_ship(settings):
    folder = settings.home / "recipes"
    folder.mkdir()
    name, text = next(
        (name, text) for name, text in shipped_texts().items() if 'recipe="' in text or "recipe =" in text
    )
    own = text.replace(_named(text), "of-our-own")
    (folder / "own.toml").write_text(own)

    found = planning.recipes(settings.model_copy(update={"recipes": "recipes"}))

    assert {recipe.name for recipe in found} == {_named(text) for text in shipped_texts().values()} | {"of-our-own"}, (
        name
    )


def test_says_that_the_folder_of_recipes_is_none(settings):
    with pytest.raises(SettingsError, match=r"setting recipes names .*/nowhere, which is no folder"):
        planning.recipes(settings.model_copy(update={"recipes": "nowhere"}))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"recipe = ["], ids=["no text", "no TOML"])
def test_names_the_recipe_that_is_not_valid(settings, content):
    folder = settings.home / "recipes"
    folder.mkdir()
    (folder / "own.toml").write_bytes(content)

    with pytest.raises(RecipeError, match=r"recipe own\.toml: "):
        planning.recipes(settings.model_copy(update={"recipes": "recipes"}))


def _named(text):
    return tomllib.loads(text)["recipe"]
