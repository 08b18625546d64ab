import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime

import httpx
import pytest
import sqlalchemy as sa

from charging.migration.recipes import Address, orders
from rehearsal.network import generate
from rehearsal.world_file import FILE, read

AS_OF = "2026-11-20T18:00:00+00:00"
PATIENCE_SECONDS = 20.0


def until(condition, *, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)
    return found


@contextmanager
def living(home, legacy_url, target_url):
    """Start a world as a process and wait until it is ready."""
    (home / FILE).unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "rehearsal.world", "--home", home, "--seed", "7", "--stations", "10", "--as-of", AS_OF],
        env=os.environ | {"REHEARSAL_LEGACY_URL": legacy_url, "REHEARSAL_TARGET_URL": target_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert "the world is ready: 10 stations" in process.stdout.readline()
        yield process, read(home)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def order(door, operation, station_id, **parameters):
    answer = httpx.post(
        f"{door.rest}/api/v1/operations/{operation}",
        json={"chargeBoxIdList": [station_id]} | parameters,
        auth=(door.user, door.password.reveal()),
    )
    return answer.raise_for_status().json()


def is_answered(door, station_id):
    return order(door, "GetConfiguration", station_id, confKeyList=["HeartbeatInterval"])["successResponses"]


def let_in(legacy_url, target_url):
    legacy, target = sa.create_engine(legacy_url), sa.create_engine(target_url)
    with legacy.connect() as source, target.begin() as connection:
        for table, column in (("charge_box", "charge_box_id"), ("ocpp_tag", "id_tag")):
            rows = source.execute(sa.text(f"SELECT {column} AS name FROM {table}")).mappings().all()
            connection.execute(sa.text(f"INSERT INTO {table} ({column}) VALUES (:name)"), rows)
    legacy.dispose()
    return target


@pytest.fixture
def truth():
    network = generate(seed=7, stations=10, as_of=datetime.fromisoformat(AS_OF))
    return next(station for station in network.stations if station.supplier == "A")


def test_goes_on_from_its_flash_after_a_kill(tmp_path, database_url, target_database_url, recipes, truth):
    station_id = truth.station_id
    with living(tmp_path, database_url, target_database_url) as (process, before):
        target = let_in(database_url, target_database_url)
        until(lambda: is_answered(before.legacy, station_id), what="the station at the legacy")
        recipe = next(recipe for recipe in recipes if recipe.name == "supplier-a")
        for write in orders(recipe, station_id=station_id, address=Address(url=before.target.ws)):
            parameters = {"keyType": "CUSTOM", "customConfKey": write.key, "value": write.value}
            order(before.legacy, "ChangeConfiguration", station_id, **parameters)
        order(before.legacy, "Reset", station_id, resetType="SOFT")
        # Killed while the station restarts: the new address and the order to restart must be in the flash.
        process.send_signal(signal.SIGKILL)
        process.wait()

    with living(tmp_path, database_url, target_database_url) as (process, after):
        assert (after.legacy, after.target, after.partners) == (before.legacy, before.target, before.partners)
        until(lambda: is_answered(after.target, station_id), what="the arrival")
        until(lambda: count(target, "transaction_stop") == 1, what="the live charge")
        process.send_signal(signal.SIGKILL)
        process.wait()

    with living(tmp_path, database_url, target_database_url) as (_, again):
        until(lambda: is_answered(again.target, station_id), what="the station's return")
        assert count(target, "transaction_start") == count(target, "transaction_stop") == 1
    target.dispose()


def count(engine, table):
    with engine.connect() as connection:
        return connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))


def test_ends_cleanly_when_it_is_told_to(tmp_path, database_url, target_database_url):
    with living(tmp_path, database_url, target_database_url) as (process, world):
        assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
        assert json.loads((tmp_path / FILE).read_text())["pid"] == world.pid == process.pid
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=60) == 0
        assert not process.stdout.read()
    assert not (tmp_path / FILE).exists()


def test_answers_orders_as_steve_does(tmp_path, database_url, target_database_url, truth):
    with living(tmp_path, database_url, target_database_url) as (_, world):
        station_id = truth.station_id
        until(lambda: is_answered(world.legacy, station_id), what="the station at the legacy")
        read_back = order(world.legacy, "GetConfiguration", station_id, confKeyList=["ConnectionURL", "Nonsense"])
        absent = order(world.target, "Reset", station_id, resetType="SOFT")
        stranger = httpx.post(f"{world.legacy.rest}/api/v1/operations/Reset", auth=("rehome", "guess"), json={})
        unknown = httpx.post(
            f"{world.legacy.rest}/api/v1/operations/Explode",
            auth=(world.legacy.user, world.legacy.password.reveal()),
            json={"chargeBoxIdList": [station_id]},
        )

    [success] = read_back["successResponses"]
    assert success["chargeBoxId"] == station_id
    assert success["response"]["configurationKeys"] == [
        {"key": "ConnectionURL", "value": f"{world.legacy.ws}/{station_id}", "readonly": False}
    ]
    assert success["response"]["unknownKeys"] == "Nonsense"
    assert absent["exceptions"][0]["chargeBoxId"] == station_id
    assert (stranger.status_code, unknown.status_code) == (401, 404)
