from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import gate_context
from charging.database.queries import moves as read
from charging.errors import UnknownThing
from charging.reconciliation.verdict import Verdict
from charging.roaming.cdr import Cohort
from reports.collected.gate_pack import gate_pack
from reports.render import render
from tasks import gates, reporting

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PLAN = "plan-north"
MOVING = ("ready", "draining", "writing", "cut_over", "arrived")
MOVED = (*MOVING, "verified")


@pytest.fixture
def pack(migration):
    def read_pack(wave=1):
        with migration.engine.connect() as connection:
            return gate_pack(connection, migration.settings, PLAN, wave)

    return read_pack


@pytest.fixture
def after_the_pilot(migration):
    """The pilot has moved one of its two stations, and the night knows of it."""
    migration.enter("A0", *MOVED)
    migration.enter("B0", *MOVING[:4], "rolling_back", "rolled_back", reason="it came back to the legacy")
    migration.night(
        (Cohort.MOVED, Verdict.EQUAL, 11),
        (Cohort.NOT_MOVED, Verdict.EQUAL, 570),
        (Cohort.NOT_MOVED, Verdict.LATE, 6),
        (Cohort.NOT_MOVED, Verdict.MISSING_AT_US, 34),
    )
    return migration


def everything_moves_on(migration):
    migration.enter("A1", *MOVED)
    migration.enter("B1", *MOVED)
    migration.enter("A0", "rolling_back", "rolled_back", reason="drill")
    migration.night((Cohort.MOVED, Verdict.MISSING_AT_PARTNER, 40), at_risk="99")
    migration.extract("legacy-2", loaded=60, at=BEGAN + timedelta(hours=1))
    migration.extract("target-1", source="target", entities=("session",))
    migration.quarantine("legacy-2", [("X", "cp.id", "no id")])
    migration.change(sa.update(tables.station).values(firmware="2.0", location_id="L9"))
    migration.open_gate(2)


def test_a_decided_gate_gives_the_same_bytes_whatever_happened_since(after_the_pilot):
    after_the_pilot.open_gate(1, heard=["A0"])
    after_the_pilot.decide(1)
    then = reporting.publish_gate_pack.fn(PLAN, 1)
    with after_the_pilot.engine.connect() as connection:
        known_then = gate_context.context(connection, PLAN, 1)

    everything_moves_on(after_the_pilot)

    with after_the_pilot.engine.connect() as connection:
        assert gate_context.context(connection, PLAN, 1) != known_then
    now = reporting.publish_gate_pack.fn(PLAN, 1)
    assert now == then
    assert sha256(Path(now["path"]).read_bytes()).hexdigest() == then["content_sha256"]


def test_the_decision_is_the_only_thing_that_changes_a_pack(after_the_pilot, pack):
    after_the_pilot.open_gate(1)
    asked = pack()
    everything_moves_on(after_the_pilot)
    after_the_pilot.decide(1)

    told = pack()

    assert (asked.decision, told.decision.choice) == (None, "go")
    changed = [name for name in asked.__slots__ if getattr(asked, name) != getattr(told, name)]
    assert changed == ["decision"]


def test_publish_all_publishes_every_pack_as_it_was(after_the_pilot, monkeypatch):
    after_the_pilot.night()  # nothing of a partner, whose file would be asked for
    after_the_pilot.change(sa.delete(tables.reconciliation))
    after_the_pilot.open_gate(1)
    once = {one["path"]: one for one in reporting.publish_all.fn(PLAN)}
    everything_moves_on(after_the_pilot)
    after_the_pilot.change(sa.delete(tables.reconciliation))

    again = {one["path"]: one for one in reporting.publish_all.fn("")}

    assert [one["kind"] for one in again.values()] == ["gate pack"] * 2 + ["progress"] + ["data quality"] * 2
    first = next(path for path in once if "wave-1" in path)
    assert again[first] == once[first]


def test_measures_every_criterion_from_the_evidence(after_the_pilot, pack):
    after_the_pilot.quarantine("legacy-1", [("X", "cp.id", "no id")])
    after_the_pilot.open_gate(1, heard=["A0"])

    measured = {one.name: one.measured for one in pack().criteria}

    assert measured == {
        "vetoes": "none",
        "quality of stations": "1 of 7",
        "quality of tokens": "0 of 0",
        "pilots": "1 of 2 types",
        "previous waves": "1 of 2",
        "health": "1 of 1",
        "roaming": "0 of 11 moved, 34 of 610 others",
        "named stages": "none",
        "deadlines": "none",
    }


def test_counts_stations_that_are_past_their_deadline(after_the_pilot, pack):
    overdue = sa.update(tables.move).where(tables.move.c.station_id == "B0")
    after_the_pilot.change(overdue.values(stage="cut_over", deadline_at=sa.func.to_timestamp(0)))
    after_the_pilot.open_gate(1)

    assert {one.name: one.measured for one in pack().criteria}["deadlines"] == "1"


def test_pilots_are_one_criterion_with_the_worst_verdict_and_only_what_is_not_met(after_the_pilot, pack):
    after_the_pilot.open_gate(1)

    (pilots,) = [one for one in pack().criteria if one.name == "pilots"]

    assert pilots.verdict == "closed"
    assert pilots.finding == (
        "1 of 2 types has not passed: Supplier B B-Duo 1.0: 0 verified, 1 rolled back, 0 to site, of 1"
    )
    (row,) = [one for one in pack().evidence if one.evidence_id == pilots.evidence_id]
    assert row.statement == (
        "Supplier A A-Duo 1.0: 1 of 1 verified\nSupplier B B-Duo 1.0: 0 of 1 verified, 1 rolled back"
    )


def test_says_in_one_line_that_every_pilot_passed(after_the_pilot, pack):
    after_the_pilot.enter("B0", "ready", *MOVED[1:])
    after_the_pilot.open_gate(1)

    (pilots,) = [one for one in pack().criteria if one.name == "pilots"]

    assert (pilots.verdict, pilots.finding, pilots.measured) == (
        "open",
        "all 2 types passed their pilot",
        "2 of 2 types",
    )
    assert not [risk for risk in pack().risks if risk.title.startswith("Pilots")]


def test_each_criterion_that_is_not_met_is_one_risk_in_words(after_the_pilot, pack):
    after_the_pilot.open_gate(1, heard=["A0"])

    assert [(risk.severity, risk.title) for risk in pack().risks] == [
        ("high", "Pilots: not met"),
        ("medium", "Previous waves: not enough evidence"),
        ("medium", "Roaming: not enough evidence"),
    ]


def test_tells_of_waves_before_this_one_only(after_the_pilot, pack):
    after_the_pilot.enter("A2", *MOVED)  # a later wave's, as if somebody had begun it
    after_the_pilot.open_gate(1)

    told = pack()

    assert [(one.wave, one.verified, one.rolled_back) for one in told.previous_waves] == [(0, 1, 1)]
    assert [(one.vendor, one.verified_before, one.rolled_back_before) for one in told.content] == [
        ("Supplier A", 1, 0),
        ("Supplier B", 0, 1),
    ]


def test_a_drill_takes_nothing_from_a_type_that_passed_its_pilot(after_the_pilot, pack):
    after_the_pilot.enter("A0", "rolling_back", "rolled_back", reason="drill")
    after_the_pilot.open_gate(1)

    assert [(one.vendor, one.verified_before) for one in pack().content] == [("Supplier A", 1), ("Supplier B", 0)]
    assert [(one.wave, one.rolled_back) for one in pack().previous_waves] == [(0, 2)]


def test_the_first_gate_has_no_history_and_says_so(migration, pack):
    migration.change(sa.delete(tables.reconciliation))
    migration.open_gate(0)

    html = render(pack(0))

    assert "None: this is the first wave." in html
    assert "No night had been reconciled yet." in html


@pytest.mark.parametrize(
    ("by", "via", "said"),
    [
        pytest.param("the rehearsal", "automatic", "by the rehearsal, automatically, ", id="automatic"),
        pytest.param("B. Board", "form", "by B. Board, in the form, ", id="form"),
        pytest.param("B. Board", "console", "by B. Board, on the command line, ", id="console"),
    ],
)
def test_says_once_who_decided_how_and_why(migration, pack, by, via, said):
    migration.open_gate(0)
    migration.decide(0, by=by, via=via, reason="a quiet night")

    box = render(pack(0)).partition('<div class="decide">')[2].partition("</div>")[0]

    assert said in box
    assert "Reason: a quiet night" in box
    assert box.count("automatic") == said.count("automatic")


def test_an_automatic_decision_gives_its_reason_without_repeating_how_it_was_taken(migration, pack):
    gate = gates.judge.fn(PLAN, 0, requester="someone")
    gates.decide_automatically.fn(PLAN, 0, evidence_sha256=gate["evidence_sha256"])

    decision = pack(0).decision

    assert decision.decided_by == "the rehearsal, automatically"
    assert decision.reason == "the verdict is open; a rehearsal holds only where it is closed"


def test_judging_keeps_what_was_known_while_the_evidence_is_the_same(migration):
    gates.judge.fn(PLAN, 0, requester="someone")
    with migration.engine.connect() as connection:
        first = dict(read.gate(connection, PLAN, 0))
    migration.extract("legacy-2", loaded=60, at=BEGAN + timedelta(hours=1))

    gates.judge.fn(PLAN, 0, requester="someone")

    with migration.engine.connect() as connection:
        assert dict(read.gate(connection, PLAN, 0)) == first


def test_judging_on_new_evidence_shows_what_is_known_with_it(migration):
    gates.judge.fn(PLAN, 0, requester="someone")
    migration.extract("legacy-2", loaded=60, at=BEGAN + timedelta(hours=1))
    migration.quarantine("legacy-2", [("X", "cp.id", "no id")])

    gates.judge.fn(PLAN, 0, requester="someone")

    with migration.engine.connect() as connection:
        (suite,) = read.gate(connection, PLAN, 0)["context"]["suites"]
    assert suite["loaded"] == 60


def test_there_is_no_pack_of_a_gate_that_was_never_put(pack):
    with pytest.raises(UnknownThing, match="plan-north/1"):
        pack()
