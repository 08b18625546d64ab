"""A small migration in a fresh database: two waves, one night, one extract. Tests change what matters to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from charging import canonical
from charging.database import tables
from charging.database.operations import clean as write_clean
from charging.database.operations import landing
from charging.database.operations import moves as write_moves
from charging.database.operations import roaming_columns as write_columns
from charging.database.queries import gate_context, gating
from charging.migration.gates import judge
from charging.network import Lane, Station
from charging.reconciliation.night_frame import NightFrame
from charging.reconciliation.verdict import Judged, Verdict
from charging.roaming.cdr import Cohort
from charging.settings import Settings

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PLAN = "plan-north"
NIGHT = date(2026, 3, 1)
RESULTS = (
    ("block", "station.some_rows", "There is at least one row.", True, 0),
    ("quarantine", "station.iccid", "At least 98 % of the ICCIDs are whole.", False, 2),
)


@dataclass(frozen=True, kw_only=True)
class Migration:
    """What the fixtures below have written, and how to write more of it."""

    engine: sa.Engine
    settings: Settings
    night_of: Callable[[Sequence[Judged]], NightFrame]

    def extract(self, extract_id, *, source="legacy", entities=("station",), at=BEGAN, loaded=6, **account):
        """Store a cleansed extract whose every entity has the same account."""
        manifest = landing.Manifest(
            extract_id=extract_id,
            source=source,
            kind="steve",
            schema_generation=None,
            notes=[],
            row_counts=dict.fromkeys(entities, loaded + 2),
            content_sha256=canonical.digest([extract_id]),
            code_version="0",
            extracted_at=at,
        )
        with self.engine.begin() as connection:
            landing.store_manifest(connection, manifest)
            for entity in entities:
                counts = {"rows_in": loaded + 2, "loaded": loaded, "merged": 0, "quarantined": 2} | account
                write_clean.store_account(
                    connection, {"extract_id": extract_id, "entity": entity, "suite": suite(entity)} | counts
                )

    def quarantine(self, extract_id, rows, *, entity="station"):
        """Set rows aside, each a (key, rule, reason)."""
        with self.engine.begin() as connection:
            write_clean.store_quarantined(
                connection,
                [
                    {"entity": entity, "key": key, "file": "f", "line": line, "rule": rule, "reason": reason}
                    | {"owner": "data team", "fields": {}}
                    for line, (key, rule, reason) in enumerate(rows, start=1)
                ],
                extract_id=extract_id,
                entity=entity,
                at=BEGAN,
            )

    def night(self, *verdicts, at=BEGAN, at_risk="1.50"):
        """Make the partner's night exactly these (cohort, verdict, how often)."""
        judged = [
            Judged(
                verdict=verdict,
                tier=None,
                ours_key="o",
                theirs_key="t",
                kinds=(),
                difference=None,
                money_at_risk=Decimal(at_risk),
                currency="EUR",
                explanation="",
                next_step="",
                cohort=cohort,
            )
            for cohort, verdict, times in verdicts
            for _ in range(times)
        ]
        head = {
            "time_zone": "Europe/Amsterdam",
            "period_from": datetime(2026, 2, 28, 23, tzinfo=UTC),
            "period_until": datetime(2026, 3, 1, 23, tzinfo=UTC),
            "is_complete": True,
            "incomplete_because": None,
            "summary": {},
            "inputs_sha256": "0",
            "reconciled_at": at,
        }
        with self.engine.begin() as connection:
            write_columns.store_night(connection, head, self.night_of(judged), partner="roa", day=NIGHT)

    def enter(self, station_id, *stages, at=BEGAN, reason=""):
        """Let a station go through stages, with their history."""
        move, transition = tables.move, tables.transition
        with self.engine.begin() as connection:
            for number, stage in enumerate(stages):
                found = connection.execute(sa.select(move).where(move.c.station_id == station_id)).mappings().one()
                then = at + timedelta(seconds=number)
                connection.execute(
                    sa.insert(transition).values(
                        plan_id=PLAN,
                        station_id=station_id,
                        attempt=1,
                        before=found["stage"],
                        after=stage,
                        reason=reason,
                        evidence={},
                        at=then,
                    )
                )
                connection.execute(
                    sa.update(move)
                    .where(move.c.station_id == station_id)
                    .values(stage=stage, reason=reason, changed_at=then)
                )

    def open_gate(self, wave, *, at=BEGAN, heard=()):
        """Put the question before a wave, as it is judged, with all that was known then."""
        with self.engine.begin() as connection:
            evidence = gating.evidence(
                connection, PLAN, wave, as_of=at, heard_at=dict.fromkeys(heard, at + timedelta(days=1))
            )
            judgement = judge(evidence)
            write_moves.open_gate(
                connection,
                {
                    "plan_id": PLAN,
                    "wave": wave,
                    "verdict": str(judgement.verdict),
                    "findings": canonical.plain(judgement.findings),
                    "evidence": canonical.plain(evidence),
                    "evidence_sha256": judgement.evidence_hash,
                    "context": gate_context.context(connection, PLAN, wave),
                    "opened_at": at,
                    "requester": "the requester",
                },
            )

    def decide(self, wave, *, choice="go", by="the rehearsal", via="automatic", reason="", at=BEGAN):
        """Write a decision into a gate."""
        gate = tables.gate
        with self.engine.begin() as connection:
            sha = connection.scalar(sa.select(gate.c.evidence_sha256).where(gate.c.wave == wave))
            decision = {"decision": choice, "decided_by": by, "decided_via": via, "reason": reason, "decided_at": at}
            write_moves.decide_gate(connection, plan_id=PLAN, wave=wave, evidence_sha256=sha, decision=decision)

    def change(self, statement):
        """Change any row."""
        with self.engine.begin() as connection:
            connection.execute(statement)


@pytest.fixture
def migration(migrated_url, engine, home, night_of, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", ""))
    settings = Settings(home=home, database="env:DATABASE_URL")
    made = Migration(engine=engine, settings=settings, night_of=night_of)
    made.extract("legacy-1")
    with engine.begin() as connection:
        stations = [station(f"{maker}{number}", maker=maker) for maker in "AB" for number in range(3)]
        write_clean.store_entities(connection, stations, extract_id="legacy-1", back_office=None)
        write_moves.store_plan(
            connection,
            plan_id=PLAN,
            parameters={},
            content_sha256="0",
            moves=[move("A0", 0), move("B0", 0), move("A1", 1), move("B1", 1), move("A2", 2), move("B2", None)],
            at=BEGAN,
        )
    made.night((Cohort.NOT_MOVED, Verdict.EQUAL, 3), (Cohort.NOT_MOVED, Verdict.MISSING_AT_US, 1))
    return made


def station(station_id, *, maker="A"):
    return Station(
        station_id=station_id,
        location_id="L1",
        vendor=f"Supplier {maker}",
        model=f"{maker}-Duo",
        serial_number=None,
        firmware="1.0",
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6",
        lane=Lane.LIVE,
        last_seen_at=BEGAN,
    )


def move(station_id, wave):
    return {
        "station_id": station_id,
        "wave": wave,
        "lane": "live",
        "recipe": "supplier-a",
        "stage": "planned" if wave is not None else "to_site",
        "attempt": 1,
        "reason": "",
        "deadline_at": None,
    }


def suite(entity):
    return {
        "suite": f"{entity}s",
        "rows": 6,
        "unasked": [],
        "results": [
            {
                "expectation": expectation,
                "column": "iccid",
                "sentence": sentence,
                "consequence": consequence,
                "is_met": is_met,
                "unexpected": unexpected,
            }
            for consequence, expectation, sentence, is_met, unexpected in RESULTS
        ],
    }
