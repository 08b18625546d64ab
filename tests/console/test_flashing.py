"""Firmware campaigns from the command line, followed in a world on real sockets."""

import csv
import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from typer.testing import CliRunner

from charging.database.operations import clean as write
from charging.network import Lane, Station
from console.cli import app
from rehearsal.network import generate

AS_OF = "2026-11-20T18:00:00+00:00"
MEANT = ("--vendor", "Supplier A", "--model", "*", "--to", "9.9.9")


@pytest.fixture
def rehome(home, migrated_url, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))

    def run(*words):
        return CliRunner().invoke(app, ["firmware", *map(str, words)])

    return run


def station(station_id, **more):
    values = {"vendor": "Supplier A", "firmware": "3.2.4", "lane": Lane.LIVE, "imsi": "204080000000001"} | more
    return Station(
        station_id=station_id,
        location_id=None,
        model="A1-Duo",
        serial_number=None,
        iccid=None,
        apn=None,
        ocpp_protocol="ocpp1.6J",
        last_seen_at=None,
        **values,
    )


def test_a_plan_gives_everybody_a_turn_and_orders_nothing(rehome, engine, tmp_path):
    fleet = [station(f"S{number}") for number in range(4)]
    fleet += [station("HAS", firmware="9.9.9"), station("DARK", lane=Lane.OFFLINE), station("G", vendor="Supplier G")]
    with engine.begin() as connection:
        write.store_entities(connection, fleet, extract_id="legacy-1")
    file = tmp_path / "turns.csv"

    words = ("plan", *MEANT, "--size", 400_000, "--pilots", 1, "--carrier", "20408=80", "--out", file)
    planned = rehome(*words)
    again = rehome(*words)
    wrong = rehome("plan", *MEANT, "--size", 1, "--carrier", "20408")

    rows = list(csv.reader(file.open()))
    assert rows == [
        ["station_id", "rank", "starts_at", "seconds"],
        ["S0", "0", "0", "92"],
        ["S1", "1", "92", "92"],
        ["S2", "1", "92", "92"],
        ["S3", "1", "184", "92"],
    ]
    assert "4 stations fetch 9.9.9 within 0:04:36; 1 have it" in planned.stdout
    assert "DARK                 it is offline" in planned.stdout
    assert "is there already" in str(again.exception)
    assert "write the IMSI's first five digits" in str(wrong.exception)


def test_a_station_is_done_once_it_has_booted_with_the_version(rehome, world, engine):
    network = generate(seed=7, stations=10, as_of=datetime.fromisoformat(AS_OF))
    truth = next(
        one for one in network.stations if one.supplier == "A" and one.lane is Lane.LIVE and not one.open_session_id
    )
    with engine.begin() as connection:
        write.store_entities(connection, [station(truth.station_id)], extract_id="legacy-1")
    since = datetime.now(UTC) - timedelta(minutes=1)
    words = ("status", *MEANT, "--since", f"{since:%Y-%m-%dT%H:%M:%S}")

    before = rehome(*words)
    ordered = httpx.post(
        f"{world.rest}/api/v1/operations/UpdateFirmware",
        json={
            "chargeBoxIdList": [truth.station_id],
            "location": "http://images.example/a.bin?version=9.9.9",
            "retrieveDateTime": f"{since:%Y-%m-%dT%H:%M:%SZ}",
        },
        auth=(world.user, world.password.reveal()),
        timeout=30,
    )
    ordered.raise_for_status()
    deadline = time.monotonic() + 60
    while (after := rehome(*words)).exit_code:
        assert time.monotonic() < deadline, after.stdout

    assert before.exit_code == 1
    assert f"{truth.station_id:<20} ordered    has {truth.firmware}" in before.stdout
    assert "1 confirmed" in after.stdout
    [told] = json.loads(rehome(*words, "--json").stdout)["stations"]
    assert (told["state"], told["firmware"]) == ("confirmed", "9.9.9")
