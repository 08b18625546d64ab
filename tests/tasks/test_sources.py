"""What a person fills into the form of extract_legacy, for each kind of source, and what lands."""

import zipfile

import pytest
import sqlalchemy as sa

from charging.database import tables
from flows.parameters import Extraction
from tasks.sources import extract_source

SESSIONS = "session_id,station_id,started_at,stopped_at,energy_kwh\n1,CS-1,03/04/2026 10:00,03/04/2026 11:00,7.5\n"
MAPPING = """
name = "greenfield"
[entities.token]
table = "card"
[entities.token.columns]
token_uid = "uid"
"""


@pytest.fixture
def settings(migrated_url, home, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", ""))


def _land(**form):
    return extract_source.fn(Extraction(**form).model_dump(mode="json", exclude={"delta"}))


def test_lands_a_csv_file(settings, engine, tmp_path):
    (tmp_path / "depot.csv").write_text(SESSIONS)
    form = {"kind": "csv", "path": str(tmp_path / "depot.csv"), "time_zone": "Europe/Berlin", "date_order": "dmy"}

    first, again = _land(**form), _land(**form)

    assert (first["source"], first["row_counts"]) == ("depot.csv", {"station": 1, "session": 1})
    assert (first["is_new"], again["is_new"]) == (True, False)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.landed_row)) == 2


def test_lands_a_zip(settings, tmp_path):
    with zipfile.ZipFile(tmp_path / "depot.zip", "w") as archive:
        archive.writestr("a.csv", SESSIONS)

    landed = _land(kind="zip", path=str(tmp_path / "depot.zip"), time_zone="Europe/Berlin", date_order="mdy")

    assert (landed["source"], landed["row_counts"]["session"]) == ("depot.zip", 1)


def test_lands_a_database_by_its_mapping(settings, tmp_path, monkeypatch):
    legacy = sa.create_engine(f"sqlite:///{tmp_path / 'legacy.db'}")
    with legacy.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE card (uid TEXT)")
        connection.exec_driver_sql("INSERT INTO card VALUES ('04A1B2C3')")
    (tmp_path / "mapping.toml").write_text(MAPPING)
    monkeypatch.setenv("LEGACY_URL", f"sqlite:///{tmp_path / 'legacy.db'}")

    landed = _land(kind="sql", database="env:LEGACY_URL", mapping=str(tmp_path / "mapping.toml"))

    assert (landed["source"], landed["row_counts"]) == ("greenfield", {"token": 1})
