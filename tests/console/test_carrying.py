"""The carrier's list from the command line."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from charging.database import tables
from charging.database.operations import clean as write
from charging.database.operations import gateway_frames, snapshots
from charging.migration.snapshots import Snapshot
from charging.network import Lane, Station
from console.cli import app

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
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


def test_a_vpn_is_read_from_the_stations_latest_snapshot_and_from_the_profile_that_it_took(rehome, engine, tmp_path):
    file = tmp_path / "carrier.csv"
    file.write_text(f"ICCID;Status;VPN;VPN status\n{ICCID};Active;ev;Up\n")
    given = {"configurationSlot": 1, "connectionData": {"vpn": {"server": "other", "key": "****"}}}
    frames = [
        {
            "direction": "to_station",
            "kind": 2,
            "action": "SetNetworkProfile",
            "received": [2, "7", "SetNetworkProfile", given],
        },
        {"direction": "from_station", "kind": 3, "action": None, "received": [3, "7", {"status": "Accepted"}]},
    ]
    with engine.begin() as connection:
        gateway_frames.make_days(connection, [AT.date()])
        connection.execute(
            sa.insert(tables.frame),
            [
                {"at": AT + timedelta(seconds=n), "gateway": "g", "segment": 1, "place": n, "station_id": "S1"}
                | {"unique_id": "7", **frame, "received": json.dumps(frame["received"])}
                for n, frame in enumerate(frames)
            ],
        )
    by_profile = rehome(file)
    with engine.begin() as connection:
        taken = Snapshot(values={"VPN-Group": "ev", "VPN-Enabled": "no"}, unanswered=())
        snapshots.store(connection, "S1", taken, label="before", via="legacy", at=AT)
    by_settings = rehome(file)

    assert "S1                   other_vpn: carrier 'ev', station 'other (profile 1)'" in by_profile.stdout
    assert "S1                   vpn_down: carrier 'Up', station 'ev off (its settings)'" in by_settings.stdout
    assert (by_profile.exit_code, by_settings.exit_code) == (1, 1)
