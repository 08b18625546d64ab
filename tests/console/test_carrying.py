"""The carrier's list from the command line."""

import json

import pytest
from typer.testing import CliRunner

from charging.database.operations import clean as write
from charging.network import Lane, Station
from console.cli import app

ICCID = "8931090040123456780"


@pytest.fixture
def rehome(home, migrated_url, engine, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))
    station = Station(
        station_id="S1",
        location_id=None,
        vendor="x",
        model="y",
        serial_number=None,
        firmware="1",
        iccid=ICCID,
        imsi=None,
        apn="old.apn",
        ocpp_protocol=None,
        lane=Lane.LIVE,
        last_seen_at=None,
    )
    with engine.begin() as connection:
        write.store_entities(connection, [station], extract_id="legacy-1")

    def run(*words):
        return CliRunner().invoke(app, ["sim", "compare", *map(str, words)])

    return run


def test_a_carriers_list_is_held_against_the_stations(rehome, tmp_path):
    file = tmp_path / "carrier.csv"
    file.write_text(f"ICCID;Status;APN\n{ICCID};Active;old.apn\n", "cp1252")
    agreed = rehome(file)
    file.write_text(f"ICCID;Status;APN\n{ICCID};Suspended;old.apn\n8931090049999999999;Active;x\n", "cp1252")
    wrong = rehome(file)
    counts = json.loads(rehome(file, "--needs-apn", "new.apn", "--json").stdout)["counts"]

    assert (agreed.exit_code, wrong.exit_code) == (0, 1)
    assert "1 cards, 1 stations, 1 agree" in agreed.stdout
    assert "not_active: carrier 'Suspended', station 'live'" in wrong.stdout
    assert counts == {"no_station": 1, "not_active": 1, "wrong_apn": 1}


def test_a_column_of_another_name_can_be_named(rehome, tmp_path):
    file = tmp_path / "carrier.csv"
    file.write_text(f"Karte,Stand\n{ICCID},aktiv\n")

    assert "no column for iccid" in str(rehome(file).exception)
    assert rehome(file, "--iccid", "Karte", "--state", "Stand").exit_code == 0
    assert "no column for Nummer" in str(rehome(file, "--iccid", "Nummer").exception)


def test_a_line_without_a_number_is_not_passed_over(rehome, tmp_path):
    file = tmp_path / "carrier.csv"
    file.write_text(f"iccid,state\n{ICCID},active\n,active\n")

    assert "line 3 has no card number; complete it, or take it out" in str(rehome(file).exception)
