"""Which settings hold a back-office's address, and what is proposed from them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.migration import discovery
from charging.migration.inventory import Inventory
from charging.migration.ports import Setting
from charging.migration.proposing import propose
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address, Method, orders
from charging.network.model import Lane, Station

LEGACY = Address(url="wss://old.example:8443/ocpp/", apn="old.apn")
TARGET = Address(url="wss://new.example/v16", apn="new.apn")
KNOWN = discovery.known_keys(parse_recipes(shipped_texts()), generation="1")
DAY = date(2026, 3, 1)


def station(station_id="RDAM 123", vendor="Unknown [Maker]", model="X*1"):
    return Station(
        station_id=station_id,
        location_id=None,
        vendor=vendor,
        model=model,
        serial_number=None,
        firmware="1",
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6J",
        lane=Lane.LIVE,
        last_seen_at=None,
    )


def found(read_only=(), **values):
    settings = {
        key: Setting(key=key, value=value, is_read_only=key in read_only) for key, value in sorted(values.items())
    }
    took = Inventory(station_id="RDAM 123", settings=settings, is_listed=True, hidden=(), unanswered=())
    return discovery.candidates(took, legacy=LEGACY, known=KNOWN)


def proposed(candidates):
    return propose(station(), candidates, protocol="ocpp1.6", on=DAY)


@pytest.mark.parametrize(
    ("value", "template"),
    [
        pytest.param("wss://old.example:8443/ocpp/RDAM%20123", "{url}/{identity}", id="URL and identity, encoded"),
        pytest.param("wss://old.example:8443/ocpp/RDAM 123", "{url}/{identity}", id="URL and identity, plain"),
        pytest.param("WSS://OLD.example:8443/ocpp", "{url}", id="the URL, in other letters"),
        pytest.param("wss://old.example:8443/ocpp/", "{url}", id="with a slash at its end"),
        pytest.param("old.example:8443/ocpp", "{host}{path}", id="without the scheme"),
        pytest.param("old.example:8443", "{host}", id="the host"),
        pytest.param("/ocpp", "{path}", id="the path"),
        pytest.param("old.apn", "{apn}", id="the APN"),
        pytest.param("v{1}u{wss://old.example:8443/ocpp}t{10}", "v{{1}}u{{{url}}}t{{10}}", id="within a profile"),
        pytest.param("u{wss://old.example:8443/ocpp}password{hunter2}", None, id="beside a password"),
        pytest.param("wss://elsewhere.example/ocpp", None, id="another back-office"),
        pytest.param("", None, id="empty"),
    ],
)
def test_a_value_is_understood_or_left_to_a_person(value, template):
    assert discovery.template_of(value, station_id="RDAM 123", legacy=LEGACY) == template


@pytest.mark.parametrize(
    "key", ["CsmsUrl", "Back-Office", "ocppEndPoint", "APN", "CentralSystem", "Server", "host_name"]
)
def test_a_name_that_speaks_of_a_back_office_is_a_candidate(key):
    [candidate] = found(**{key: "something"})

    assert candidate.evidence == ("its name speaks of a back-office",)


def test_a_value_gives_a_setting_away_whatever_its_name():
    [candidate] = found(Zq7="wss&#58;//old.example:8443/ocpp", HeartbeatInterval="900")

    assert candidate.key == "Zq7"
    assert candidate.evidence == ("its value is a URL", "its value names the legacy's host")


def test_what_another_maker_is_known_for_counts():
    assert "another maker keeps the address under this name" in found(G_ServerURL="x")[0].evidence


def test_the_proposal_is_a_recipe_for_this_one_station_that_writes_what_was_found():
    proposal = proposed(found(HostKey="old.example:8443", OfficeServerPath="/ocpp", ServerList="a,b"))

    [recipe] = parse_recipes({"proposed.toml": proposal.text})
    written = [(order.key, order.value) for order in orders(recipe, station_id="RDAM 123", address=TARGET)]

    assert written == [("OfficeServerPath", "/v16"), ("HostKey", "new.example")]
    assert recipe.stations == ("RDAM 123",)
    assert recipe.tested == ()
    assert "# not written: ServerList (its name speaks of a back-office)" in proposal.text


def test_numbered_profiles_keep_the_one_in_use_as_the_way_back():
    proposal = proposed(
        found(
            NetworkConnectionProfile1="wss://old.example:8443/ocpp",
            NetworkConnectionProfile2="",
            NetworkConfigurationPriority="NetworkConnectionProfile1",
        )
    )

    [recipe] = parse_recipes({"proposed.toml": proposal.text})
    written = [(order.key, order.value) for order in orders(recipe, station_id="RDAM 123", address=TARGET)]

    assert recipe.method is Method.SLOT
    assert written == [
        ("NetworkConnectionProfile2", "wss://new.example/v16"),
        ("NetworkConfigurationPriority", "NetworkConnectionProfile2,NetworkConnectionProfile1"),
    ]


@pytest.mark.parametrize(
    ("candidates", "reason"),
    [
        pytest.param(found(), "nothing that it has speaks of a back-office", id="nothing"),
        pytest.param(found(ServerUrl="wss://third.example"), "no value is the legacy's address", id="another address"),
        pytest.param(
            found(read_only=["ServerUrl"], ServerUrl="wss://old.example:8443/ocpp"),
            "ServerUrl can only be read",
            id="read-only",
        ),
    ],
)
def test_where_nothing_can_be_proposed_it_says_why(candidates, reason):
    proposal = proposed(candidates)

    assert proposal.text == ""
    assert proposal.reason.startswith(reason)


@given(
    vendor=st.none() | st.text(min_size=1, max_size=20),
    model=st.none() | st.text(min_size=1, max_size=20),
    key=st.text(min_size=1, max_size=40).filter(lambda key: key.strip()),
    other=st.text(max_size=40),
)
def test_whatever_a_station_calls_itself_the_proposal_is_a_valid_file(vendor, model, key, other):
    settings = {
        key: Setting(key=key, value="wss://old.example:8443/ocpp"),
        f"Url{other}": Setting(key=f"Url{other}", value="x"),
    }
    took = Inventory(station_id="RDAM 123", settings=settings, is_listed=True, hidden=(), unanswered=())
    candidates = discovery.candidates(took, legacy=LEGACY, known=KNOWN)

    proposal = propose(station(vendor=vendor, model=model), candidates, protocol="ocpp1.6", on=DAY)
    [recipe] = parse_recipes({"proposed.toml": proposal.text})

    assert {write.key: write.template for write in recipe.writes}[key] == "{url}"
