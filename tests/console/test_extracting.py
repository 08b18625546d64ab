import json
import re
from pathlib import Path

import pytest

from charging import canonical
from charging.legacy.csv_file import CsvSource
from console import summary
from console.extracting import extract
from console.progress import Lines

EXPORT = """session_id,station_id,started_at,stopped_at,meter_start_wh,meter_stop_wh
1,CS-1,2026-03-04T10:00:00Z,2026-03-04T11:00:00Z,1000,8500
2,CS-1,2026-03-04T12:00:00Z,2026-03-04T13:00:00Z,999996000,3500
3,CS-2,2026-03-04T12:00:00Z,2026-03-04T13:00:00Z,9000,100
"""


@pytest.fixture
def extracted(migrated_url, home, tmp_path, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", ""))
    file = tmp_path / "depot.csv"
    file.write_text(EXPORT)
    source = CsvSource(file, mapping=None, time_zone=None)
    source.inspect()
    return extract(home, source, time_zone=None, telling=Lines())


def test_an_extraction_ends_with_a_page_on_its_quality_and_energy_by_rule(extracted, home):
    page = Path(extracted["data_quality"])
    told = list(summary.extraction(extracted))

    assert page.parent == home / "reports"
    assert "its register went back from 9000 to 100 Wh" in page.read_text()
    assert f"      data quality  {page}" in told
    assert [line for line in told if re.search(r" \+ (-1000000(\.0*)?) adjusted \(tx\.rollover \1\)$", line)]


def test_what_json_prints_of_an_extraction_holds_energy_by_rule(extracted):
    printed = json.loads(json.dumps(canonical.plain(extracted)))

    (sessions,) = [row for row in printed["rows"] if row["entity"] == "session"]
    assert list(sessions["kwh_adjustments"]) == ["tx.rollover"]
    assert sessions["kwh_adjusted"] == sessions["kwh_adjustments"]["tx.rollover"]
    assert {row["kwh_adjustments"] for row in printed["rows"] if row["entity"] != "session"} <= {None}
