"""The gateway's commands, as a user types them."""

import json

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from charging.clock import system_clock
from charging.database import tables
from charging.database.operations import gateway_journal
from charging.errors import RouteRefused, SettingsError, UnknownThing
from charging.ocpp.gateway.entries import Alarmed, Framed, stamp
from charging.ocpp.gateway.journal import Place
from charging.settings import Gateway, Settings
from console import gatewaying, overhearing
from console.cli import app

WHO = ("--by", "tester", "--reason", "a test")


@pytest.fixture
def run(home, migrated_url):
    """What runs a command in a home whose database has our tables; errors come as they are."""
    runner = CliRunner(env={"REHOME_HOME": str(home), "DATABASE_URL": migrated_url, "STATION_SECRET": "x" * 20})

    def ran(*words):
        ended = runner.invoke(app, [str(word) for word in words])
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return ended

    return ran


@pytest.fixture
def known(run):
    """A station with a route."""
    run("route", "office", "legacy", "--address", "ws://legacy/{identity}", *WHO, "--yes")
    run("route", "set", "CS-1", "--to", "legacy", *WHO, "--yes")


def test_a_route_is_shown_before_it_is_set_and_its_history_afterwards(run):
    office = ("route", "office", "legacy", "--address", "ws://legacy/{identity}", *WHO)
    dry = run(*office)
    nothing = json.loads(run("route", "show", "--json").stdout)
    run(*office, "--yes")
    dry_route = run("route", "set", "CS-1", "CS-2", "--to", "legacy", *WHO)
    run("route", "set", "CS-1", "CS-2", "--to", "legacy", *WHO, "--yes")
    again = run("route", "set", "CS-1", "--to", "legacy", *WHO, "--yes")
    shown = json.loads(run("route", "show", "--json").stdout)
    history = run("route", "history", "CS-1")

    assert "dry run: nothing was changed" in dry.stdout
    assert nothing == {"back_offices": [], "routes": []}
    assert "CS-1: nothing -> legacy" in dry_route.stdout
    assert "it is so already" in again.stdout
    assert [row["station_id"] for row in shown["routes"]] == ["CS-1", "CS-2"]
    assert "CS-1: nothing -> legacy, by tester: a test" in history.stdout


def test_all_stations_of_a_back_office_are_led_elsewhere_at_once(run, known):
    run("route", "office", "target", "--address", "ws://target/{identity}", *WHO, "--yes")
    run("route", "set", "CS-2", "--to", "legacy", *WHO, "--yes")
    run("route", "set", "--from", "legacy", "--to", "target", *WHO, "--yes")

    assert {row["back_office"] for row in json.loads(run("route", "show", "--json").stdout)["routes"]} == {"target"}


def test_a_secret_is_kept_as_a_hash_and_never_shown(run, known):
    run("route", "secret", "CS-1", "--secret", "env:STATION_SECRET", *WHO, "--yes")
    shown = run("route", "show", "CS-1", "--json").stdout
    history = run("route", "history", "--json").stdout

    assert json.loads(shown)["routes"][0]["must_show"] == "secret"
    assert "x" * 20 not in shown + history


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("route", "set", "CS-1", "--to", "nowhere", *WHO), UnknownThing, "rehome route office"),
        (("route", "set", "--to", "legacy", *WHO), RouteRefused, "name them, or use --from"),
        (("route", "set", "CS-1", "--to", "legacy", "--by", "x", "--reason", "y"), RouteRefused, "nobody is named"),
        (("route", "set", "CS-1", "--to", "legacy", "--by", "tester", "--reason", " "), RouteRefused, "say why"),
        (("route", "office", "x", "--address", "http://x", *WHO), RouteRefused, "identity"),
        (("route", "secret", "CS-1", *WHO), RouteRefused, "say one of"),
        (("route", "secret", "CS-9", "--certificate", *WHO), UnknownThing, "CS-9"),
        (("route", "remove", "CS-9", *WHO), UnknownThing, "CS-9"),
        (("route", "show", "CS-9"), UnknownThing, "CS-9"),
        (("order", "CS-9", "Reset", "{}", *WHO), UnknownThing, "CS-9"),
        (("order", "CS-1", "Reset", "[]", *WHO), RouteRefused, "no JSON object"),
        (("order", "CS-1", "Re set", "{}", *WHO), RouteRefused, "no OCPP action"),
        (("station", "CS-9"), UnknownThing, "CS-9"),
        (("frames", "--since", "yesterday"), SettingsError, "how long ago"),
        (("frames", "--since", "2026-03-01T00:00:00"), SettingsError, "has no zone"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_mend(run, known, words, error, said):
    with pytest.raises(error, match=said):
        run(*words)


def test_an_order_is_dry_until_told_otherwise_and_ends_even_where_nobody_takes_it(run, known):
    dry = run("order", "CS-1", "Reset", '{"type":"Soft"}', *WHO)
    ended = run("order", "CS-1", "Reset", '{"type":"Soft"}', *WHO, "--within", "0.1", "--yes", "--json")

    assert "dry run: nothing was sent" in dry.stdout
    assert json.loads(ended.stdout)["state"] == "expired"
    assert (dry.exit_code, ended.exit_code) == (0, 1)


@pytest.mark.parametrize(
    ("action", "payload", "said"),
    [
        pytest.param("Rest", "{}", "there is no action 'Rest'; did you mean Reset", id="a slip of the pen"),
        pytest.param("Xyzzy", "{}", "there is no action 'Xyzzy'; name one", id="nothing like it"),
        pytest.param("Reset", '{"type":"Softly"}', "type: ", id="a value that no version has"),
        pytest.param("Reset", "{}", "required", id="something is missing"),
    ],
)
def test_an_order_that_no_version_of_ocpp_knows_is_refused_before_it_is_sent(run, known, action, payload, said):
    with pytest.raises(RouteRefused, match=said):
        run("order", "CS-1", action, payload, *WHO, "--yes")


@pytest.mark.parametrize(
    ("action", "payload", "deviation"),
    [
        pytest.param("Reset", '{"type":"Firmly"}', "type: ", id="a value of the maker's own"),
        pytest.param("Xyzzy", "{}", "there is no action 'Xyzzy'", id="an action of the maker's own"),
    ],
)
def test_what_no_version_knows_is_sent_where_somebody_says_why_and_that_is_kept(
    run, known, engine_of, action, payload, deviation
):
    why = ("--unchecked", "the maker's manual has it")
    dry = run("order", "CS-1", action, payload, *WHO, *why)
    with engine_of.connect() as connection:
        nothing = connection.execute(sa.select(tables.station_order)).all()
    sent = run("order", "CS-1", action, payload, *WHO, *why, "--within", "0.1", "--yes")

    assert "dry run: nothing was sent" in dry.stdout
    assert deviation in dry.stdout
    assert nothing == []
    assert deviation in sent.stdout
    with engine_of.connect() as connection:
        (order,) = connection.execute(sa.select(tables.station_order))
    assert (order.action, order.payload) == (action, payload)
    assert order.reason.startswith(f"{WHO[-1]}; unchecked ({deviation}")
    assert order.reason.endswith("): the maker's manual has it")


def test_a_reason_to_send_it_unchecked_says_nothing_where_ocpp_knows_it(run, known, engine_of):
    shown = run("order", "CS-1", "Reset", '{"type":"Soft"}', *WHO, "--unchecked", "x", "--within", "0.1", "--yes")

    assert "unchecked" not in shown.stdout
    with engine_of.connect() as connection:
        assert connection.scalar(sa.select(tables.station_order.c.reason)) == WHO[-1]


@pytest.mark.parametrize("why", ["", "  "])
def test_nobodys_reason_sends_nothing_unchecked(run, known, why):
    with pytest.raises(RouteRefused, match="say with --unchecked"):
        run("order", "CS-1", "Reset", "{}", *WHO, "--unchecked", why, "--yes")


def test_an_order_of_any_version_goes_to_a_station_whose_version_is_not_known(run, known):
    for payload in ('{"type":"Soft"}', '{"type":"OnIdle"}'):
        assert run("order", "CS-1", "Reset", payload, *WHO).exit_code == 0


def test_what_was_said_is_shown_frame_by_frame_and_as_a_story(run, known, engine_of):
    now = stamp(system_clock())
    call = b'[2,"1","Heartbeat",{}]'
    held = Framed(now, "CS-1", "legacy", "from_station", call, None, True, 2, "1", "Heartbeat", "")
    bad = Framed(
        now + 1, "CS-1", "legacy", "from_station", b"junk", None, False, 0, "", "", "bad frame: it is not JSON"
    )
    alarm = Alarmed(now + 2, "CS-1", "duplicate", "a second connection came")
    entries = [(Place(1, number), entry) for number, entry in enumerate((held, bad, alarm), start=1)]
    with engine_of.begin() as connection:
        gateway_journal.store(connection, entries, gateway="g", after=None, at=system_clock())

    frames = json.loads(run("frames", "--station", "CS-1", "--json").stdout)["frames"]
    ruled = run("frames", "--ruled")
    none = run("frames", "--station", "CS-2")
    story = run("station", "CS-1")

    assert [frame["received"] for frame in frames] == [call.decode(), "junk"]
    assert "[bad frame: it is not JSON]" in ruled.stdout
    assert call.decode() not in ruled.stdout
    assert "no frame was recorded" in none.stdout
    assert "CS-1 is led to legacy, and is not connected" in story.stdout
    assert "duplicate: a second connection came" in story.stdout


def test_alarms_are_listed_the_latest_last_and_counted_by_kind_whatever_is_shown(run, known, engine_of):
    now = stamp(system_clock())
    raised = [("CS-1", "old_address"), ("CS-2", "old_address"), ("", "office_unreachable:legacy"), ("CS-1", "refused")]
    entries = [
        (Place(1, number), Alarmed(now + number, station_id, kind, f"problem {number}"))
        for number, (station_id, kind) in enumerate(raised, start=1)
    ]
    none = run("alarms")
    with engine_of.begin() as connection:
        gateway_journal.store(connection, entries, gateway="g", after=None, at=system_clock())

    everything = run("alarms", "--limit", "2")
    old = json.loads(run("alarms", "--kind", "old_address", "--json").stdout)
    of_one = json.loads(run("alarms", "--station", "CS-1", "--json").stdout)
    later = run("alarms", "--since", "2100-01-01T00:00:00Z")

    assert (none.exit_code, everything.exit_code, later.exit_code) == (0, 1, 0)
    assert [line.split()[-1] for line in everything.stdout.splitlines()[:2]] == ["3", "4"]
    assert "these are the latest 2 of 4" in everything.stdout
    assert "2  old_address, of 2 stations" in everything.stdout
    assert "1  office_unreachable:legacy, of the gateway itself" in everything.stdout
    assert [alarm["station_id"] for alarm in old["alarms"]] == ["CS-1", "CS-2"]
    assert {kind["kind"]: kind["alarms"] for kind in of_one["kinds"]} == {"old_address": 1, "refused": 1}
    assert "no alarm was raised in that time" in later.stdout


@pytest.fixture
def engine_of(migrated_url):
    """A way into the tables of the home."""
    from charging.database import connection as database
    from charging.secret import Secret

    opened = database.connect(Secret(migrated_url))
    yield opened
    opened.dispose()


@pytest.mark.parametrize(
    ("told", "apn", "said"),
    [
        ({}, "", "gateway.certificate is missing"),
        ({"certificate": "a.pem"}, "", "gateway.key is missing"),
        ({"certificate": "a.pem", "key": "b.pem"}, "", "cannot be used"),
        ({}, "8080", "ADDRESS:PORT"),
        ({}, "127.0.0.1:99999", "ADDRESS:PORT"),
        ({"flavours": "none.toml"}, "127.0.0.1:0", "gateway.flavours"),
    ],
)
def test_a_gateway_that_would_not_be_safe_or_whole_does_not_start(tmp_path, told, apn, said):
    settings = Settings(home=tmp_path, gateway=Gateway.model_validate(told))

    with pytest.raises(SettingsError, match=said):
        gatewaying.plan(settings, plain_text_apn=apn)


def test_a_gateway_listens_in_plain_text_only_where_it_was_told_to(tmp_path):
    plan = gatewaying.plan(Settings(home=tmp_path), name="g", plain_text_apn="10.20.0.1:8886")

    assert [(door.host, door.port, door.context) for door in plan.doors] == [("10.20.0.1", 8886, None)]
    assert plan.folder == tmp_path / "gateway" / "g"


def test_old_addresses_have_a_host_if_only_that_one_is_meant(tmp_path):
    told = {"old_addresses": ["Steve.Old.example/steve/ws", "/steve/ws"], "plain_text_apn": "127.0.0.1:0"}

    old = gatewaying.plan(Settings(home=tmp_path, gateway=Gateway.model_validate(told))).options.old_addresses

    assert [str(each) for each in old] == ["steve.old.example/steve/ws", "/steve/ws"]


@pytest.mark.parametrize(
    "address", ["steve.old.example", "wss://steve.old.example/ws", "/a b", "", "/ocpp", "/ocpp/", "ho_st/ws"]
)
def test_what_is_no_old_address_is_refused(address):
    with pytest.raises(ValueError, match="old_addresses"):
        Gateway.model_validate({"old_addresses": [address]})


def test_how_long_ago_and_instants_are_understood():
    now = system_clock()

    assert (now - overhearing.instant("2h", option="--since")).total_seconds() == pytest.approx(7_200, abs=60)
    assert overhearing.instant("2026-03-01T00:00:00+01:00", option="--since").isoformat() == "2026-03-01T00:00:00+01:00"
