"""The flow at a gate that a rehearsal holds: nothing is sent to a station, so no back-office is needed."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from prefect.testing.utilities import prefect_test_harness

from charging.database import tables
from charging.database.operations import clean, landing, moves
from charging.network import Lane, Station
from flows.cut_over import cut_over
from flows.parameters import Asking, CutOver

pytestmark = pytest.mark.prefect

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PLAN = "plan-north"
STATION = Station(
    station_id="A0",
    location_id="L1",
    vendor="Supplier A",
    model="A-Duo",
    serial_number=None,
    firmware="1.0",
    iccid=None,
    imsi=None,
    apn=None,
    ocpp_protocol="ocpp1.6",
    lane=Lane.LIVE,
    last_seen_at=AT,
)
MOVE = {"station_id": "A0", "wave": 0, "lane": "live", "recipe": "supplier-a", "stage": "planned", "attempt": 1}


@pytest.fixture
def closed_gate(migrated_url, engine, home, monkeypatch):
    """A plan whose first gate is closed: as many stations wait in quarantine as are loaded."""
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", ""))
    aside = {
        "key": "A1",
        "file": "f",
        "line": 1,
        "rule": "cp.id",
        "reason": "no id",
        "owner": "data team",
        "fields": {},
    }
    with engine.begin() as connection:
        clean.store_entities(connection, [STATION], extract_id="legacy-1", back_office=None)
        landing.store_manifest(
            connection,
            landing.Manifest(
                extract_id="legacy-1",
                source="legacy",
                kind="steve",
                schema_generation="evse",
                notes=[],
                row_counts={"station": 2},
                content_sha256="0",
                code_version="0",
                extracted_at=AT,
            ),
        )
        counts = {"rows_in": 2, "loaded": 1, "merged": 0, "quarantined": 1}
        suite = {"suite": "stations", "rows": 1, "results": []}
        clean.store_account(connection, {"extract_id": "legacy-1", "entity": "station", "suite": suite} | counts)
        clean.store_quarantined(
            connection, [aside | {"entity": "station"}], extract_id="legacy-1", entity="station", at=AT
        )
        planned = MOVE | {"reason": "", "deadline_at": None}
        moves.store_plan(connection, plan_id=PLAN, parameters={}, content_sha256="0", moves=[planned], at=AT)
    with prefect_test_harness():
        yield home / "reports" / f"gate-{PLAN}-wave-0.html"


def test_publishes_the_pack_before_the_decision_and_again_with_it(closed_gate, engine):
    asked = CutOver(plan_id=PLAN, waves=[0], asking=Asking.REHEARSAL, requester="the requester")

    cut_over(asked)
    before = closed_gate.read_text()
    outcome = cut_over(asked.model_copy(update={"dry_run": False}))
    after = closed_gate.read_text()

    assert "How to decide" in before
    assert re.search(r"Hold</span> &ensp;by the rehearsal, automatically, ", after)
    assert outcome["held"].startswith("the rehearsal said hold: ")
    with engine.connect() as connection:
        (report,) = connection.execute(sa.select(tables.report)).mappings()
    assert Path(report["path"]) == closed_gate
