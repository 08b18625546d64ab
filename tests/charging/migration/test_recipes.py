"""Recipes against the vendors' published keys."""

from dataclasses import replace

import pytest

from charging.errors import RecipeError
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address, ReadBack, choose, orders, reversed_orders
from charging.network.model import Lane, Station

TARGET = Address(url="wss://csms.example:8443/ocpp/", apn="target.apn", apn_user="u")
SHIPPED = parse_recipes(shipped_texts())
PROFILE = (
    "ocppVersion{OCPP16}ocppCsmsUrl{wss://csms.example:8443/ocpp}messageTimeout{10}"
    "securityProfile{0}ocppInterface{Wired0}"
)
MINIMAL = """
recipe = "one"
version = 1
vendor = "Supplier T"
models = ["T1*"]
method = "config"
source = "made up"
[[writes]]
key = "Url"
template = "{url}/{identity}"
"""


def station(vendor="Supplier T", model="T100", firmware="1.0", station_id="RDAM 123"):
    return Station(
        station_id=station_id,
        location_id="L1",
        vendor=vendor,
        model=model,
        serial_number=None,
        firmware=firmware,
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6",
        lane=Lane.LIVE,
        last_seen_at=None,
    )


@pytest.mark.parametrize(
    ("vendor", "model", "firmware", "expected"),
    [
        pytest.param(
            "Alfen BV",
            "NG910",
            "5.8.1-4123",
            [
                ("BackOffice-Path-APN", "/ocpp"),
                ("BackOffice-Path-wired", "/ocpp"),
                ("BackOffice-URL-APN", "csms.example:8443"),
                ("BackOffice-URL-wired", "csms.example:8443"),
            ],
            id="Alfen 5",
        ),
        pytest.param(
            "Alfen BV",
            "NG910",
            "6.1.0",
            [
                (
                    "BackOfficeNetworkProfile1",
                    PROFILE,
                )
            ],
            id="Alfen 6",
        ),
        pytest.param(
            "Amina",
            "S",
            "4.2.85",
            [
                ("NetworkConnectionProfile2", "wss://csms.example:8443/ocpp"),
                ("NetworkConfigurationPriority", "NetworkConnectionProfile2,NetworkConnectionProfile1"),
            ],
            id="Amina",
        ),
        pytest.param(
            "Vestel", "EVC04-AC11", "3", [("ConnectionURL", "wss://csms.example:8443/ocpp/RDAM%20123")], id="Vestel"
        ),
        pytest.param(
            "vestel", "EVC03-DC", "3", [("VEC_ocppServerURL", "wss://csms.example:8443/ocpp")], id="Vestel DC"
        ),
        pytest.param("Growatt", "THOR", None, [("G_ServerURL", "wss://csms.example:8443/ocpp")], id="Growatt"),
        pytest.param("EVerest", "x", None, [("CentralSystemURI", "csms.example:8443/ocpp")], id="EVerest"),
    ],
)
def test_the_shipped_recipes_write_the_published_keys(vendor, model, firmware, expected):
    recipe = choose(SHIPPED, station(vendor, model, firmware))

    found = orders(recipe, station_id="RDAM 123", address=TARGET)

    assert [(order.key, order.value) for order in found] == expected


@pytest.mark.parametrize(
    ("vendor", "firmware"),
    [
        pytest.param("Alfen BV", "3.9", id="older than any recipe"),
        pytest.param("Alfen BV", None, id="unknown firmware, where it matters"),
        pytest.param("Amina", "4.2.84", id="one version short"),
        pytest.param("Easee", "1", id="a maker with another way"),
        pytest.param(None, None, id="nothing known"),
    ],
)
def test_no_recipe_is_guessed(vendor, firmware):
    assert choose(SHIPPED, station(vendor, "x", firmware)) is None


def test_shipped_recipes_name_their_source_and_claim_no_test():
    assert len(SHIPPED) >= 11
    assert all(recipe.source and recipe.tested == () for recipe in SHIPPED)


def test_two_fitting_recipes_are_an_error_that_names_both():
    two = parse_recipes({"a.toml": MINIMAL, "b.toml": MINIMAL.replace('"one"', '"two"').replace("T1*", "*")})

    with pytest.raises(RecipeError, match=r"a\.toml and b\.toml: one and two both fit station RDAM 123"):
        choose(two, station())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("recipe = ", "no TOML", id="broken TOML"),
        pytest.param(MINIMAL.replace("version = 1", ""), "version", id="missing field"),
        pytest.param(MINIMAL.replace("version", "versoin"), "versoin", id="misspelt field"),
        pytest.param(MINIMAL.replace('"config"', '"magic"'), "magic", id="unknown method"),
        pytest.param(MINIMAL.replace('"config"', '"onsite"'), "cannot write keys", id="writes without a channel"),
        pytest.param(MINIMAL.partition("[[")[0], "writes nothing", id="no writes"),
        pytest.param(MINIMAL.replace("{identity}", "{serial}"), "asks for serial", id="unknown template field"),
        pytest.param(MINIMAL.replace("{identity}", "{identity"), "template of Url", id="unpaired brace"),
        pytest.param(MINIMAL.replace("{identity}", "{}"), "asks for ", id="nameless field"),
        pytest.param(MINIMAL + '[[writes]]\nkey = "Url"\ntemplate = ""', "written twice", id="key twice"),
        pytest.param(MINIMAL.replace('"Url"', f'"{"U" * 51}"'), "length <= 50", id="key longer than OCPP allows"),
        pytest.param(MINIMAL.replace('["T1*"]', "[]"), "models", id="no models"),
        pytest.param("await_seconds = 0" + MINIMAL, "await_seconds", id="no time to arrive"),
    ],
)
def test_an_unclear_file_is_refused_by_name(text, problem):
    with pytest.raises(RecipeError, match=r"recipe bad\.toml: ") as caught:
        parse_recipes({"bad.toml": text})

    assert problem in str(caught.value)


def test_one_name_in_two_files_is_refused():
    with pytest.raises(RecipeError, match=r"b\.toml: 'one' is also the name of a\.toml"):
        parse_recipes({"a.toml": MINIMAL, "b.toml": MINIMAL})


def test_a_value_longer_than_ocpp_allows_is_refused():
    [recipe] = parse_recipes({"a.toml": MINIMAL})

    with pytest.raises(RecipeError, match="too long"):
        orders(recipe, station_id="x", address=Address(url="ws://" + "h" * 500))


def test_the_way_back_restores_what_was_found_and_else_the_legacys_address():
    [recipe] = parse_recipes({"a.toml": MINIMAL + '[[writes]]\nkey = "Key"\ntemplate = "{apn}"'})
    legacy = Address(url="ws://old.example", apn="old")

    back = reversed_orders(recipe, station_id="A", address=legacy, snapshot={"Url": "ws://odd.example/A", "Key": None})

    assert [(order.key, order.value) for order in back] == [("Url", "ws://odd.example/A"), ("Key", "old")]


def test_a_sensitive_value_is_never_shown():
    [order] = orders(parse_recipes({"a.toml": MINIMAL + "sensitive = true"})[0], station_id="A", address=TARGET)

    assert (order.shown(order.value), order.shown(None)) == ("****", None)
    assert not replace(order, read_back=ReadBack.PRESENT).is_kept(None)
