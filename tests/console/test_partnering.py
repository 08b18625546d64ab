import json
import re

import pytest
from typer.testing import CliRunner

from charging.roaming.partner_keys import KEYS
from console.cli import app

GOOD = {"party": "NL-ROA", "owner": "NL-EVN", "versions_url": "https://roa.example/ocpi/versions"}


@pytest.fixture
def rehome(tmp_path, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(tmp_path))
    monkeypatch.setenv("ROA_TOKEN", "a-token")

    def run(*words):
        return CliRunner().invoke(app, ["partner", *words])

    return run


@pytest.fixture
def file(tmp_path):
    return tmp_path / "partners" / "roa.toml"


def fill(file, *, is_priced=True, **values):
    text = file.read_text()
    for key, value in values.items():
        text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {json.dumps(value)}", text)
    file.write_text(text)
    if is_priced:
        price(file, "0.40")


def price(file, amount):
    tariff = file.with_name(f"{file.stem}.tariff.json")
    told = json.loads(tariff.read_text())
    told["elements"][0]["price_components"][0]["price"] = float(amount)
    tariff.write_text(json.dumps(told))


def test_a_new_partner_is_usable_once_what_nobody_can_guess_is_written(rehome, file):
    assert rehome("new", "roa").exit_code == 0
    unfilled = rehome("check", "roa")
    fill(file, is_priced=False, **GOOD)
    unpriced = rehome("check", "roa")
    price(file, "0.00")
    filled = rehome("check", "roa")

    assert (unfilled.exit_code, unpriced.exit_code, filled.exit_code) == (1, 1, 0)
    assert all(f"WRONG  {key}" in unfilled.stdout for key in GOOD)
    assert "which is the form as it came" in unpriced.stdout
    assert "nothing is wrong" in filled.stdout
    assert "every price of its tariff is zero" in filled.stdout


def test_a_new_partner_file_holds_every_key_that_a_person_writes(rehome, file):
    rehome("new", "roa")
    names = {key.name.rpartition(".")[2] for key in KEYS if key.table != "probed"}

    assert names <= set(re.findall(r"(?m)^(?:# )?([a-z_]+) = ", file.read_text()))


def test_a_file_that_is_there_is_left_alone(rehome, file):
    rehome("new", "roa")
    file.write_text("mine")

    refused = rehome("new", "roa")

    assert refused.exit_code != 0
    assert "left as it is" in str(refused.exception)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", ["../roa", "Roa", "", "a" * 41])
def test_a_partner_is_named_as_a_file_can_be(rehome, name):
    assert "no name of a partner" in str(rehome("new", name).exception)


def test_everything_that_is_wrong_is_said_at_once(rehome, file):
    rehome("new", "roa")
    fill(file, **GOOD, currency="euro", time_zone="Mars", token="the-token-itself")
    file.write_text(file.read_text() + "[tolerance]\nmoney = 1\n")

    checked = json.loads(rehome("check", "roa", "--json").stdout)["partners"][0]

    assert {one["key"] for one in checked["problems"]} == {"currency", "time_zone", "token", "tolerance"}
    assert "did you mean tolerances" in next(o["mend"] for o in checked["problems"] if o["key"] == "tolerance")
    assert "the-token-itself" not in json.dumps(checked)


def test_says_where_each_value_comes_from(rehome, file):
    rehome("new", "roa")
    fill(file, **GOOD)

    values = json.loads(rehome("check", "roa", "--json").stdout)["partners"][0]["values"]

    origins = {one["key"]: (one["value"], one["origin"]) for one in values}
    assert origins["party"] == ("NL-ROA", "file")
    assert origins["page_limit"] == (None, "default")
    assert origins["requests_per_minute"] == (600, "default")


def test_a_token_that_is_not_there_is_wrong(rehome, file, monkeypatch):
    rehome("new", "roa")
    fill(file, **GOOD)
    monkeypatch.delenv("ROA_TOKEN")

    assert "set the environment variable ROA_TOKEN" in rehome("check", "roa").stdout


def test_lists_partners_and_those_that_cannot_be_used(rehome, file):
    rehome("new", "roa")
    rehome("new", "hub")
    fill(file, **GOOD)

    listed = rehome("list")

    assert listed.exit_code == 1
    assert "roa              NL-ROA ocpi 2.2.1" in listed.stdout
    assert "hub              NOT USABLE" in listed.stdout


def test_the_reference_tells_every_key(rehome):
    told = rehome("keys")
    as_json = json.loads(rehome("keys", "--json").stdout)

    assert all(key.name in told.stdout for key in KEYS)
    assert [one["key"] for one in as_json["keys"]] == [key.name for key in KEYS]
    assert "link_missing" in as_json["deviations"]


def test_a_partner_without_a_file_is_unknown(rehome):
    assert "rehome partner new roa" in str(rehome("check", "roa").exception)


@pytest.mark.parametrize("name", ["roa.bak.toml", ".#roa.toml", "roa (1).toml", "roa.example.toml", "roa~.toml"])
def test_what_an_editor_left_and_an_example_are_no_partners_and_it_is_said(rehome, file, name):
    rehome("new", "roa")
    fill(file, **GOOD)
    (file.parent / name).write_text(file.read_text())

    listed = rehome("list")
    told = json.loads(rehome("list", "--json").stdout)

    assert listed.exit_code == 0
    assert f"{name} is no partner's, by its name" in listed.stdout
    assert ([one["name"] for one in told["partners"]], told["left_alone"]) == (["roa"], [name])
