import json
import time
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging import settings as configuration
from charging.legacy.extract import extract

AT = datetime(2026, 3, 2, tzinfo=UTC)
TOKEN = "04A1B2C3D4E5F6"
TARIFF = {
    "id": "T",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.40, "step_size": 1}]}],
}
FILE = """
name = "roa"
party = "NL-ROA"
owner = "NL-EVN"
versions_url = "https://roa.example/ocpi/versions"
token = "env:ROA_TOKEN"
tariff = "roa.json"
currency = "EUR"
time_zone = "UTC"
lateness_days = 3
"""


def location(location_id="L1", **values):
    return {
        "location_id": location_id,
        "street": "Kade 5",
        "city": "Delft",
        "country": "NL",
        "latitude": "52.011",
        "longitude": "4.357",
    } | values


def station(station_id="CS-1", **values):
    return {
        "station_id": station_id,
        "location_id": "L1",
        "vendor": "Supplier A",
        "model": "A1",
        "firmware": "4.2",
        "last_seen_at": "2026-03-01T06:00:00Z",
    } | values


def session(session_id, *, hour, **values):
    return {
        "session_id": session_id,
        "station_id": "CS-1",
        "connector_id": "1",
        "token_uid": TOKEN,
        "started_at": f"2026-03-01T{hour:02}:00:00Z",
        "stopped_at": f"2026-03-01T{hour:02}:45:00Z",
        "meter_start_wh": f"{hour * 1000}",
        "meter_stop_wh": f"{hour * 1000 + 900}",
    } | values


@pytest.fixture(scope="session")
def rows():
    """What makes the rows of a small network that is as it should be, entity by entity."""

    def made(**entities):
        return {
            "location": [location()],
            "station": [station()],
            "evse": [{"station_id": "CS-1", "connector_id": "1", "evse_id": "NL*EVN*E1"}],
            "token": [{"token_uid": TOKEN, "contract_id": "NL-TNM-C00122045-K", "is_blocked": "0"}],
            "session": [session("1", hour=8), session("2", hour=9)],
        } | entities

    return made


@pytest.fixture
def settings(home, migrated_url, monkeypatch):
    """The settings by which tasks find a fresh database with our tables."""
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))
    return configuration.load()


@pytest.fixture
def landed(engine, listed):
    """What lands rows and returns the id of their extract."""

    def made(entities, *, source="legacy", at=AT):
        manifest, _ = extract(listed(source, **entities), engine, clock=lambda: at, code_version="1")
        return manifest.extract_id

    return made


@pytest.fixture
def until_somebody_waits(engine):
    """What returns as soon as another transaction waits for its turn."""

    def waited():
        deadline = time.monotonic() + 20
        waits = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not connection.scalar(waits):
                assert time.monotonic() < deadline, "nobody waits for the turn"

    return waited


@pytest.fixture(scope="session")
def make_session():
    return session


@pytest.fixture(scope="session")
def make_station():
    return station


@pytest.fixture(scope="session")
def make_location():
    return location


@pytest.fixture
def roa(settings):
    """The folder of partners, with the file of one and the tariff agreed with it."""
    folder = settings.home / settings.partners
    folder.mkdir(exist_ok=True)
    (folder / "roa.toml").write_text(FILE)
    (folder / "roa.json").write_text(json.dumps(TARIFF))
    return folder
