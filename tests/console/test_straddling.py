"""`rehome charges`: charges that began at one back-office and ended when their station was led to another."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from charging.database import tables
from charging.ocpp.relay.facts import Fact, FactKind
from console.cli import app

AT = datetime(2026, 3, 1, tzinfo=UTC)


def fact(kind, number, **values):
    return Fact(
        kind=kind,
        station_id="CS-1",
        back_office="legacy",
        transaction=str(number),
        office_transaction=number,
        connector=1,
        **values,
    )


@pytest.fixture
def run(home, migrated_url, engine):
    """What stores facts and runs the command."""
    runner = CliRunner(env={"REHOME_HOME": str(home), "DATABASE_URL": migrated_url})

    def ran(*facts, words=()):
        with engine.begin() as connection:
            for one in facts:
                row = {"station_id": one.station_id, "back_office": one.back_office, "kind": one.kind, "at": AT}
                connection.execute(sa.insert(tables.transaction_fact), row | {"facts": msgspec.to_builtins(one)})
        return runner.invoke(app, ["charges", *words])

    return ran


STARTED = fact(FactKind.STARTED, 7, id_tag="04A1B2C3D4", meter_start_wh=1000, started_at="2026-03-01T10:00:00Z")
KEPT = fact(FactKind.KEPT_STOP, 7, meter_stop_wh=8000, stopped_at="2026-03-01T11:00:00Z", why="it began at legacy")
STRANGER = fact(FactKind.KEPT_STOP, 9, meter_stop_wh=1, stopped_at="2026-03-01T11:00:00Z", why="no start is known")


def test_puts_a_charge_together_and_hides_its_driver(run):
    ended = run(STARTED, KEPT)

    assert ended.exit_code == 0
    assert "CS-1  2026-03-01T10:00:00Z to 2026-03-01T11:00:00Z, 7.000 kWh, token 04A1…D4" in ended.stdout
    assert "1 charges put together, 0 stops left over, 0 starts without a stop so far" in ended.stdout
    assert "0 of the 1 are among the clean sessions, each once" in ended.stdout


def test_leaves_a_stop_that_fits_nothing_to_a_person(run):
    ended = run(STARTED, STRANGER, words=["--json"])

    told = json.loads(ended.stdout)
    assert ended.exit_code == 1
    assert (told["joined"], told["open"]) == ([], 1)
    assert told["left_over"][0]["reason"] == "the old back office has no open transaction 9"


def test_tells_of_one_station(run):
    assert json.loads(run(STARTED, KEPT, words=["--station", "CS-2", "--json"]).stdout)["joined"] == []


@pytest.mark.parametrize(
    ("back_office", "is_estimated", "is_clean"),
    [("legacy", False, True), ("legacy", True, False), ("target", False, False)],
)
def test_tells_which_charges_are_among_the_clean_sessions(run, engine, back_office, is_estimated, is_clean):
    row = {"back_office": back_office, "session_id": "7", "station_id": "CS-1", "started_at": AT, "stopped_at": AT}
    told = {"energy_kwh": 7, "is_estimated": is_estimated, "is_billable": True, "extract_id": "x"}
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.session), row | told)

    (charge,) = json.loads(run(STARTED, KEPT, words=["--json"]).stdout)["joined"]

    assert charge["is_clean"] is is_clean
