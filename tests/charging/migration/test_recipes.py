"""Recipes against the vendors' published keys."""

from dataclasses import replace

import pytest

from charging.errors import RecipeError
from charging.migration.choosing import choose
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address, Method, ReadBack, orders, reversed_orders, told
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


def station(vendor="Supplier T", model="T100", firmware="1.0", station_id="RDAM 123", protocol="ocpp1.6"):
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
        ocpp_protocol=protocol,
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


@pytest.mark.parametrize(
    ("vendor", "firmware", "method", "name"),
    [
        pytest.param("Easee", "328", Method.SCRIPT, "easee", id="Easee"),
        pytest.param("ZAPTEC", "1", Method.ONSITE, "zaptec", id="Zaptec"),
        pytest.param("go-e", "55.5", Method.ONSITE, "go-e", id="go-e"),
        pytest.param("Wallbox Chargers", "5", Method.ONSITE, "wallbox", id="Wallbox"),
        pytest.param("Autel", "1", Method.ONSITE, "autel", id="Autel"),
        pytest.param("Keba AG", "1", Method.ONSITE, "keba", id="KEBA"),
        pytest.param("MENNEKES", "1", Method.ONSITE, "mennekes", id="Mennekes"),
        pytest.param("Bender GmbH Co. KG", "5", Method.ONSITE, "bender", id="Bender"),
        pytest.param("EBEE", "5", Method.ONSITE, "ebee", id="Ebee"),
        pytest.param("Schneider Electric", "1", Method.ONSITE, "schneider", id="Schneider"),
        pytest.param("CIRCONTROL", "1", Method.ONSITE, "circontrol", id="Circontrol"),
        pytest.param("Circutor", "1", Method.ONSITE, "circontrol", id="Circutor"),
        pytest.param("Delta", "1", Method.ONSITE, "delta", id="Delta"),
        pytest.param("EVBox", "1", Method.ONSITE, "evbox", id="EVBox"),
        pytest.param("Atess", "1", Method.CONFIG, "atess", id="Atess"),
        pytest.param("Project EV", "1", Method.CONFIG, "project-ev", id="Project EV"),
        pytest.param("OpenEVSE", "1", Method.CONFIG, "openevse", id="OpenEVSE"),
        pytest.param("ABB", "1.8.21", Method.DISCOVER, "abb-terra-ac", id="ABB"),
        pytest.param("alpitronic GmbH", "1", Method.DISCOVER, "alpitronic", id="Alpitronic"),
        pytest.param("Compleo", "1", Method.DISCOVER, "compleo", id="Compleo"),
        pytest.param("Ecotap", "1", Method.DISCOVER, "ecotap", id="Ecotap"),
        pytest.param("Kempower", "1", Method.DISCOVER, "kempower", id="Kempower"),
        pytest.param("EN+", "1", Method.DISCOVER, "en-plus", id="EN+"),
        pytest.param("Phoenix Contact", "1", Method.DISCOVER, "phoenix-charx", id="Phoenix CHARX"),
    ],
)
def test_every_maker_of_the_field_has_a_way_or_is_asked(vendor, firmware, method, name):
    recipe = choose(SHIPPED, station(vendor, "x", firmware))

    assert (recipe.name, recipe.method) == (name, method)


@pytest.mark.parametrize(
    ("vendor", "protocol", "expected"),
    [
        pytest.param("Alfen BV", "ocpp2.0.1", "alfen-ocpp2", id="2.0.1"),
        pytest.param("Alfen BV", "OCPP2.1", "alfen-ocpp2", id="2.1, in capitals"),
        pytest.param("Alfen BV", "ocpp1.6J", "alfen-4", id="1.6, as SteVe writes it"),
        pytest.param("Alfen BV", None, "alfen-4", id="not told"),
        pytest.param("MicroOcpp", "ocpp2.0.1", "micro-ocpp2", id="MicroOcpp 2.0.1"),
        pytest.param("EVerest", "ocpp2.0.1", "ocpp2", id="a maker without a recipe of its own"),
        pytest.param("EVerest", "ocpp1.6", "everest", id="the same maker, of the first generation"),
    ],
)
def test_a_station_takes_a_recipe_of_its_own_generation(vendor, protocol, expected):
    assert choose(SHIPPED, station(vendor, "x", "5.8", protocol=protocol)).name == expected


def test_instructions_are_filled_in_for_the_station():
    recipe = {recipe.name: recipe for recipe in SHIPPED}["go-e"]

    texts = told(recipe, station_id="RDAM 123", address=TARGET)

    assert any("ocppu=wss://csms.example:8443/ocpp/RDAM%20123" in text for text in texts)
    assert all("{" not in text for text in texts)


def test_every_way_without_ocpp_says_exactly_what_to_do():
    for recipe in SHIPPED:
        texts = told(recipe, station_id="S 1", address=TARGET)
        if recipe.method in {Method.ONSITE, Method.SCRIPT}:
            assert len(texts) >= 3, recipe.name
            assert any("csms.example" in text for text in texts), recipe.name


def test_a_recipe_for_one_station_goes_before_its_makers_and_any_makers_last():
    anyone = MINIMAL.replace('"one"', '"anyone"').replace("Supplier T", "*")
    own = MINIMAL.replace('"one"', '"own"') + '[rollback]\nvia = "auto"\n'
    lab = 'stations = ["LAB-1"]' + MINIMAL.replace('"one"', '"lab"')
    asked = MINIMAL.partition("[[")[0].replace('"one"', '"asked"').replace('"config"', '"discover"')
    recipes = parse_recipes({"a.toml": anyone, "b.toml": own, "c.toml": lab, "d.toml": asked})

    assert choose(recipes, station(station_id="LAB-1")).name == "lab"
    assert choose(recipes, station()).name == "own"
    assert choose(recipes, station(vendor="Supplier U")).name == "anyone"


def test_shipped_recipes_name_their_source_and_claim_no_test():
    assert len(SHIPPED) >= 35
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
        pytest.param(
            MINIMAL.partition("[[")[0].replace('"config"', '"onsite"'), "nobody is told", id="a visit without a word"
        ),
        pytest.param(MINIMAL.replace('"config"', '"script"'), "[script] do not go together", id="no tool"),
        pytest.param(MINIMAL + '[script]\ntool = "x"', "[script] do not go together", id="a tool for nothing"),
        pytest.param('instructions = ["{serial}"]' + MINIMAL, "instruction 1 asks for serial", id="untold field"),
        pytest.param('protocol = "ocpp2.0.1"' + MINIMAL, "names no variable of OCPP 2", id="a key for OCPP 2"),
        pytest.param('protocol = "ocpp3"' + MINIMAL, "protocol", id="unknown protocol"),
        pytest.param(MINIMAL.partition("[[")[0], "writes nothing", id="no writes"),
        pytest.param(MINIMAL.replace("{identity}", "{serial}"), "asks for serial", id="unknown template field"),
        pytest.param(MINIMAL.replace("{identity}", "{identity"), "template of Url", id="unpaired brace"),
        pytest.param(MINIMAL.replace("{identity}", "{}"), "asks for ", id="nameless field"),
        pytest.param(MINIMAL + '[[writes]]\nkey = "Url"\ntemplate = ""', "written twice", id="key twice"),
        pytest.param(
            MINIMAL.replace('"Url"', f'"{"U" * 51}"'), "longer than 50 characters", id="key longer than OCPP allows"
        ),
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
