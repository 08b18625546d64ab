"""A year of real sessions comes in whole: every row and every kWh is where the published figures say."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.legacy.csv_file import CsvSource
from console import extracting
from console.progress import Lines

EXPORT = Path(__file__).parents[2] / ".." / "shared" / "data" / "workplace-charging-sessions.csv"
ZONE = "America/New_York"
ENERGY = Decimal("19723.69")


@pytest.mark.skipif(not EXPORT.exists(), reason="the published data set is not here")
def test_every_row_and_every_kwh_of_a_published_year_comes_in_once(engine, migrated_url, home, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", migrated_url)
    monkeypatch.setenv("REHOME_HOME", str(home))

    first, second = (
        extracting.extract(home, CsvSource(EXPORT, time_zone=ZONE), time_zone=ZONE, telling=Lines()) for _ in range(2)
    )

    account = next(row for row in first["rows"] if row["entity"] == "session")
    assert (account["rows_in"], account["loaded"], account["merged"], account["quarantined"]) == (3395, 3383, 0, 12)
    assert (Decimal(account["kwh_before"]), Decimal(account["kwh_loaded"])) == (ENERGY, ENERGY)
    assert Decimal(account["kwh_quarantined"]) == Decimal(account["kwh_adjusted"]) == 0
    assert Counter({fix["rule"]: fix["rows"] for fix in first["fixes"]})["tx.century"] == 6766
    assert first["adds_up"]
    assert second == first
    assert _counts(engine) == {
        "extract": 1,
        "landed_row": 3395 + 105 + 85 + 25,
        "location": 25,
        "station": 105,
        "token": 85,
        "session": 3383,
        "quarantined_row": 12,
    }
    with engine.connect() as connection:
        row = tables.session.c
        found = connection.execute(
            sa.select(sa.func.sum(row.energy_kwh), sa.func.min(row.started_at), sa.func.max(row.started_at))
        ).one()
    assert (found[0], found[1].year, found[2].year) == (ENERGY, 2014, 2015)


def _counts(engine):
    with engine.connect() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (
                tables.extract,
                tables.landed_row,
                tables.location,
                tables.station,
                tables.token,
                tables.session,
                tables.quarantined_row,
            )
        }
