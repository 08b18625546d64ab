"""Work orders from the plan to the field and back, against a target that has heard the stations or not."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from charging.database import tables
from charging.database.operations import clean as write
from charging.database.queries import gating
from charging.migration.ports import Sighting
from charging.network import Lane, Location, Station
from console.cli import app
from tasks import channels, planning

STATIONS = {"K1": "KEBA", "K2": "KEBA", "Z1": "Zaptec"}


@pytest.fixture
def rehome(home, migrated_url, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))
    (home / "rehome.toml").write_text('[target]\ndatabase = "env:X"\nws = "wss://new.example/ocpp"\n')

    def run(*words):
        return CliRunner().invoke(app, ["visit", *map(str, words)])

    return run


def station(station_id, vendor):
    return Station(
        station_id=station_id,
        location_id="L1",
        vendor=vendor,
        model="x",
        serial_number=None,
        firmware="1",
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6J",
        lane=Lane.LIVE,
        last_seen_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


@pytest.fixture
def plan(engine, rehome):
    site = Location(
        location_id="L1",
        name="Kade",
        street="Kade 5",
        city="Delft",
        postal_code="2611 AA",
        country="NL",
        latitude=None,
        longitude=None,
        time_zone=None,
    )
    with engine.begin() as connection:
        write.store_entities(connection, [site], extract_id="legacy-1")
        write.store_entities(connection, [station(*one) for one in STATIONS.items()], extract_id="legacy-1")
    return planning.plan.fn(pilot=1, cap=5)["plan_id"]


@pytest.fixture
def heard(monkeypatch):
    """What the target has heard of stations, by id."""
    instants = {}

    class Target:
        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            return None

        async def sightings(self, station_ids):
            return {
                name: Sighting(
                    station_id=name,
                    is_connected=True,
                    booted_at=None,
                    heard_at=instants[name],
                    firmware="1",
                    open_transactions=0,
                )
                for name in station_ids
                if name in instants
            }

    monkeypatch.setattr(channels, "office", lambda *_: Target())
    return instants


def rows(engine, table):
    with engine.connect() as connection:
        return {row["station_id"]: dict(row) for row in connection.execute(sa.select(table)).mappings()}


def soon():
    return datetime.now(UTC) + timedelta(hours=1)


def test_an_order_says_where_it_is_and_what_to_do(rehome, plan):
    listed = rehome("list", "--json")
    orders = {order["station_id"]: order for order in json.loads(listed.stdout)["orders"]}

    assert listed.exit_code == 1
    assert orders["K1"]["address"] == "Kade 5, 2611 AA, Delft, NL"
    assert "Set the central system's URL to wss://new.example/ocpp without the identity" in orders["K1"]["instructions"]
    assert (orders["K1"]["owner"], orders["Z1"]["owner"]) == ("maintenance", "operator")


def test_a_report_closes_an_order_only_once_the_target_has_heard_the_station(rehome, plan, engine, heard):
    dry = rehome("close", "K1", "--by", "J. Field")
    early = rehome("close", "K1", "--by", "J. Field", "--contact", "the porter", "--yes")
    between = rows(engine, tables.work_order)["K1"]
    heard["K1"] = soon()
    done = rehome("close", "K1", "--by", "J. Field", "--yes")
    again = rehome("close", "K1", "--by", "Someone Else", "--outcome", "not-done", "--note", "x", "--yes")

    order, move = rows(engine, tables.work_order)["K1"], rows(engine, tables.move)["K1"]
    assert "dry run: nothing was written" in dry.stdout
    assert (early.exit_code, between["state"], between["contact"]) == (1, "reported", "the porter")
    assert (done.exit_code, order["state"], move["stage"]) == (0, "done", "verified")
    assert (order["reported_by"], order["contact"]) == ("J. Field", "the porter"), (
        "what is done is not changed any more"
    )
    assert again.exit_code == 1
    assert rows(engine, tables.transition)["K1"]["before"] == "to_site"


def test_what_could_not_be_done_stays_open_with_the_reason(rehome, plan, engine, heard):
    nameless = rehome("close", "K1", "--by", "J", "--yes")
    silent = rehome("close", "K1", "--by", "J. Field", "--outcome", "not-done", "--yes")
    told = rehome("close", "K1", "--by", "J. Field", "--outcome", "not-done", "--note", "locked", "--yes")

    assert "names nobody" in str(nameless.exception)
    assert "gives no reason" in str(silent.exception)
    assert told.exit_code == 1
    assert (rows(engine, tables.work_order)["K1"]["state"], rows(engine, tables.move)["K1"]["stage"]) == (
        "open",
        "to_site",
    )


def test_a_list_goes_out_and_comes_back(rehome, plan, engine, heard, tmp_path):
    heard |= {"K1": soon(), "Z1": soon()}
    file = tmp_path / "orders.csv"
    assert rehome("export", file).exit_code == 0
    text = file.read_text("utf-8-sig").splitlines(keepends=True)
    file.write_text("".join(text).replace("open,,,,", "open,done,J. Field,,"), "utf-8")

    dry = rehome("import", file)
    nothing = {order["state"] for order in rows(engine, tables.work_order).values()}
    done = rehome("import", file, "--yes")
    twice = json.loads(rehome("import", file, "--yes", "--json").stdout)

    assert (dry.exit_code, nothing) == (0, {"open"})
    assert done.exit_code == 0
    states = {name: order["state"] for name, order in rows(engine, tables.work_order).items()}
    assert states == {"K1": "done", "K2": "reported", "Z1": "done"}
    assert (twice["as_before"], [one["station_id"] for one in twice["rulings"]]) == (2, ["K2"])


def test_one_wrong_line_takes_nothing(rehome, plan, engine, heard, tmp_path):
    file = tmp_path / "orders.csv"
    rehome("export", file)
    file.write_text(file.read_text("utf-8-sig").replace("open,,,,", "open,done,,,", 1), "utf-8")

    refused = rehome("import", file, "--yes")

    assert refused.exit_code == 1
    assert "nobody is named; write who was there" in refused.stdout
    assert {order["state"] for order in rows(engine, tables.work_order).values()} == {"open"}


def test_what_a_person_moved_is_ordered_back_and_is_back_once_the_legacy_has_heard_it(rehome, plan, engine, heard):
    heard["K1"] = soon()
    rehome("close", "K1", "--by", "J. Field", "--yes")
    why = ("--by", "J. Field", "--reason", "the target bills twice")

    dry = rehome("return", "K1", *why)
    untouched = rows(engine, tables.move)["K1"]["stage"]
    done = rehome("return", "K1", *why, "--yes")
    again = rehome("return", "K1", *why, "--yes")
    waits = rows(engine, tables.move)["K1"]
    heard["K1"] = soon() - timedelta(hours=2)
    early = rehome("close", "K1", "--by", "J. Field", "--yes")
    heard["K1"] = soon()
    late = rehome("close", "K1", "--by", "J. Field", "--yes")

    order, move = rows(engine, tables.work_order)["K1"], rows(engine, tables.move)["K1"]
    assert "dry run: 1 orders would be opened" in dry.stdout
    assert "as before the move" in dry.stdout
    assert untouched == "verified"
    assert (done.exit_code, waits["stage"]) == (0, "to_site")
    assert waits["reason"] == "to be brought back by hand, as it was moved: the target bills twice (J. Field)"
    assert "there is no station moved by hand 'K1 in" in str(again.exception)
    assert "the legacy has not heard it since" in early.stdout
    assert (early.exit_code, late.exit_code) == (1, 0)
    assert (order["state"], order["leads_to"], move["stage"]) == ("done", "legacy", "rolled_back")
    with engine.connect() as connection:
        told = sa.select(tables.transition.c.before, tables.transition.c.after).order_by(tables.transition.c.at)
        assert connection.execute(told).tuples().all() == [
            ("to_site", "verified"),
            ("verified", "to_site"),
            ("to_site", "rolled_back"),
        ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ("K2", "--by", "J. Field", "--reason", "x"), "there is no station moved by hand 'K2", id="not moved"
        ),
        pytest.param(("--by", "J. Field", "--reason", "x"), "name the stations, or say --all", id="nobody"),
        pytest.param(("K1", "--by", "J", "--reason", "x"), "names nobody", id="nobody's word"),
        pytest.param(("K1", "--by", "J. Field", "--reason", " "), "gives no reason", id="no reason"),
    ],
)
def test_orders_nobody_back_by_a_slip_of_the_pen(rehome, plan, engine, heard, words, message):
    refused = rehome("return", *words, "--yes")

    assert message in str(refused.exception)
    assert {row["stage"] for row in rows(engine, tables.move).values()} == {"to_site"}


def test_an_answer_of_before_does_not_close_an_order_of_return(rehome, plan, engine, heard, tmp_path):
    heard |= dict.fromkeys(STATIONS, soon())
    file = tmp_path / "orders.csv"
    rehome("export", file)
    file.write_text(file.read_text("utf-8-sig").replace("open,,,,", "open,done,J. Field,,"), "utf-8")
    rehome("import", file, "--yes")
    rehome("return", "--all", "--by", "J. Field", "--reason", "x", "--yes")

    refused = rehome("import", file, "--yes")

    assert refused.exit_code == 1
    assert refused.stdout.count("Leads to: it was sent as 'legacy'") == 3
    assert {row["stage"] for row in rows(engine, tables.move).values()} == {"to_site"}


def test_a_pilot_that_was_moved_by_hand_has_failed_all_the_same(engine, settings_free_plan):
    with engine.connect() as connection:
        [pilot] = gating.pilots(connection, settings_free_plan, 1)

    assert (pilot.planned, pilot.verified, pilot.to_site) == (2, 1, 1)
    assert pilot.has_failed


@pytest.fixture(params=["verified", "rolled_back"], ids=["and is there", "and was brought back by hand"])
def settings_free_plan(engine, store_plan, moving, request):
    plan = store_plan(
        engine,
        moving(station_id="A-0", wave=0, stage="verified"),
        moving(station_id="A-1", wave=0, stage=request.param),
        moving(station_id="A-2", wave=1),
    )
    with engine.begin() as connection:
        connection.execute(
            sa.insert(tables.work_order).values(
                plan_id=plan,
                station_id="A-1",
                reason="it did not come",
                instructions="go there",
                owner="maintenance",
                state="done",
                opened_at=datetime(2026, 3, 1, tzinfo=UTC),
            )
        )
    return plan
