"""A CitrineOS as the target of a whole load: dry by default, every row accounted for, taken up again after a kill."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
import stamina

from charging import settings as configuration
from charging.database.operations import clean
from charging.database.queries import loading as read
from charging.network import Connector, Evse, Lane, Location, Station, Token
from rehearsal.citrineos_graphql import PATH, CitrineOs, Faults, Misbehaviour
from tasks import loading, proving

REHOME = Path(sys.executable).parent / "rehome"
WHY = "nothing was extracted for this test"
TOKENS = 60


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    stamina.set_testing(True, attempts=2)
    monkeypatch.setattr("tasks.proving.SECOND_LOOK_SECONDS", 0)
    yield
    stamina.set_testing(False)


@pytest.fixture
def network(engine):
    """A clean network: one station, one that a CitrineOS has no room for, and tokens."""
    place = Location(
        location_id="L1",
        name="Kade",
        street="Kade 5",
        city="Delft",
        postal_code="2611 AB",
        country="NL",
        latitude=Decimal("52.011"),
        longitude=Decimal("4.3571234"),
        time_zone="Europe/Amsterdam",
    )
    plug = Connector(
        evse_uid="CS-1*1",
        connector_number=1,
        standard="IEC_62196_T2",
        format="SOCKET",
        power_type="AC_3_PHASE",
        max_voltage=400,
        max_amperage=32,
        max_power_w=None,
    )
    rows = [
        [place],
        [station("CS-1"), station("CS-2", vendor="V" * 21)],
        [Evse(evse_uid=f"{one}*1", station_id=one, connector_id=1, evse_id=None) for one in ("CS-1", "CS-2")],
        [plug],
        [token(f"04A1B2C3D4E5{number:02X}") for number in range(TOKENS)],
    ]
    with engine.begin() as connection:
        for each in rows:
            clean.store_entities(connection, each, extract_id="x")


def station(station_id, *, vendor="Supplier A"):
    return Station(
        station_id=station_id,
        location_id="L1",
        vendor=vendor,
        model="A1",
        serial_number=None,
        firmware="5.8",
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6J",
        lane=Lane.LIVE,
        last_seen_at=None,
    )


def token(token_uid):
    return Token(token_uid=token_uid, parent_uid=None, contract_id="C", issuer=None, is_blocked=False, expires_at=None)


@pytest.fixture
def describe(home, serve):
    """What writes down where the target is; a server is served once, however often it is described."""
    addresses = {}

    def described(server, *, requests_per_second):
        if id(server) not in addresses:
            addresses[id(server)] = serve(server.app) + PATH
        lines = (
            'kind = "citrineos"',
            f'graphql = "{addresses[id(server)]}"',
            'secret = "env:TARGET_SECRET"',
            f"requests_per_second = {requests_per_second}",
        )
        (home / configuration.FILE).write_text("\n".join(["[target]", *lines, ""]), "utf-8")

    return described


@pytest.fixture
def citrineos(network, home, migrated_url, describe, monkeypatch):
    """A CitrineOS that is in use, as the target."""
    server = CitrineOs(secret="hunter2")
    server.add("ChargingStations", ocppConnectionName="THEIRS", chargePointVendor="B")
    describe(server, requests_per_second=1000.0)
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))
    monkeypatch.setenv("TARGET_SECRET", "hunter2")
    return server


def load():
    return loading.load.fn(dry_run=False, despite=WHY)


def rehome(*words):
    return subprocess.run([REHOME, *words], capture_output=True, text=True, check=False, timeout=600)


def content(server):
    """Return what it holds, without the instants at which it was written and the numbers that it gives out itself."""
    return {
        name: sorted(
            json.dumps({key: value for key, value in row.items() if key != "id" and not key.endswith(("At", "Id"))})
            for row in rows
        )
        for name, rows in server.rows.items()
    }


def test_works_from_the_command_line(citrineos):
    dry = rehome("load")
    sent = citrineos.requests["mutation"]
    done = rehome("load", "--yes", "--despite", WHY)
    proof = rehome("prove", "--json")

    assert (dry.returncode, sent, done.returncode, proof.returncode) == (0, 0, 0, 0), done.stdout + proof.stdout
    assert "nothing was sent" in dry.stdout
    assert "lines that say how much more there is are whole with --json" in done.stdout
    said = json.loads(proof.stdout)
    assert said["is_settled"]
    sums = {one["subject"]: one for one in said["lines"] if one["step"] == "clean to target"}
    assert (sums["station"]["before"], sums["station"]["after"]) == ("2", "1")
    assert (sums["token"]["before"], sums["token"]["after"]) == (str(TOKENS), str(TOKENS))


def test_a_second_load_sends_nothing_and_leaves_what_is_theirs(citrineos):
    first = load()
    sent, theirs = citrineos.requests["mutation"], citrineos.rows["ChargingStations"][0]

    again = load()

    assert first["verdicts"] == {"loaded": TOKENS + 4, "refused": 2}
    assert again["actions"] == {"same": TOKENS + 4, "refuse": 2}
    assert citrineos.requests["mutation"] == sent
    assert (theirs["chargePointVendor"], theirs["updatedAt"]) == ("B", "2026-01-01T00:00:00+00:00")


def test_a_fault_at_every_tenth_row_costs_that_row_until_it_is_mended(citrineos, engine):
    citrineos.faults = Faults(kind=Misbehaviour.ERROR_500)

    done = load()

    assert not done["is_settled"]
    with engine.connect() as connection:
        noted = {(row["entity"], row["key"]): row for row in read.rows(connection, "target")}
    failed = [row for row in noted.values() if row["verdict"] == "failed"]
    assert Counter(row["error"] for row in failed) == {"HTTP 500": (TOKENS + 4) // 10}
    citrineos.faults = Faults()
    assert load()["is_settled"]
    assert proving.prove.fn()["is_settled"]


def test_a_load_that_is_killed_ends_as_a_calm_one(citrineos, engine, describe):
    load()
    calm = content(citrineos)
    for name, rows in citrineos.rows.items():
        del rows[int(name == "ChargingStations") :]
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM migration.load"))

    describe(citrineos, requests_per_second=20.0)
    program = f"from tasks import loading; loading.load.fn(dry_run=False, despite={WHY!r})"
    running = subprocess.Popen([sys.executable, "-c", program])
    while running.poll() is None and len(citrineos.rows["Authorizations"]) < TOKENS // 10:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    was_killed = running.wait(timeout=600) == -signal.SIGKILL
    describe(citrineos, requests_per_second=1000.0)
    done = load()

    assert was_killed
    assert done["is_settled"]
    assert content(citrineos) == calm
