"""A gate shows the same evidence until something has changed, and is decided once, by somebody, on what was seen."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from charging.clock import system_clock
from charging.database import tables
from charging.database.operations import clean as write_clean
from charging.database.operations import landing as write_landing
from charging.database.operations.landing import Manifest
from charging.database.queries import moves as read
from charging.errors import GateClosed, GateDecided, UnknownThing
from charging.migration.lifecycle import Stage
from tasks import gates

PLAN = "plan-1"


@pytest.fixture
def plan(engine, settings, store_plan, moving):
    """Two types: a pilot of each, and a wave after it."""
    return store_plan(
        engine,
        *(moving(station_id=f"A-{number}", wave=number) for number in range(3)),
        *(moving(station_id=f"B-{number}", wave=number, model="B1") for number in range(3)),
    )


def _judge(wave=1, requester="somebody"):
    return gates.judge.fn(PLAN, wave, requester=requester)


def _stage(engine, station_id, stage, **values):
    with engine.begin() as connection:
        chosen = sa.update(tables.move).where(tables.move.c.station_id == station_id)
        connection.execute(chosen.values(stage=stage, **values))


def _quarantine(engine, key="CS-9", entity="station"):
    """Set a row aside, as an extract that has been cleansed does."""
    with engine.begin() as connection:
        write_landing.store_manifest(
            connection,
            Manifest(
                extract_id="legacy-1",
                source="legacy",
                kind="steve",
                schema_generation="evse",
                notes=[],
                row_counts={entity: 1},
                content_sha256="0",
                code_version="0",
                extracted_at=system_clock(),
            ),
        )
        counts = {"rows_in": 1, "loaded": 0, "merged": 0, "quarantined": 1}
        account = {
            "extract_id": "legacy-1",
            "entity": entity,
            "suite": {"suite": f"{entity}s", "rows": 0, "results": []},
        }
        write_clean.store_account(connection, account | counts)
        write_clean.store_quarantined(
            connection,
            [
                {
                    "entity": entity,
                    "key": key,
                    "file": "f",
                    "line": 1,
                    "rule": "r",
                    "reason": "why",
                    "owner": "data team",
                    "fields": {},
                }
            ],
            extract_id="legacy-1",
            entity=entity,
            at=system_clock(),
        )


def _gate(engine, wave=1):
    with engine.connect() as connection:
        return read.gate(connection, PLAN, wave)


def _answer(**values):
    return {"decision": "go", "approver": "Committee", "reason": "", "minutes_ref": "M-7"} | values


def test_shows_the_same_evidence_while_nothing_changes(plan, engine):
    first = _judge()
    opened_at = _gate(engine)["opened_at"]

    again = _judge()

    assert again == first
    assert _gate(engine)["opened_at"] == opened_at


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_quarantine, id="a station is set aside"),
        pytest.param(lambda engine: _quarantine(engine, entity="token"), id="a token is set aside"),
        pytest.param(lambda engine: _stage(engine, "A-0", Stage.ROLLED_BACK), id="the pilot comes to rest"),
        pytest.param(lambda engine: _stage(engine, "A-0", "nowhere"), id="a stage that nobody knows"),
    ],
)
def test_shows_other_evidence_when_something_changes(plan, engine, change):
    before = _judge()

    change(engine)
    after = _judge()

    assert after["evidence_sha256"] != before["evidence_sha256"]
    assert _gate(engine)["evidence_sha256"] == after["evidence_sha256"]


def test_notices_that_a_deadline_has_passed_since(plan, engine):
    _stage(engine, "A-0", Stage.CUT_OVER, deadline_at=datetime(2100, 1, 1, tzinfo=UTC))
    before = _judge()
    # As if the deadline had come after the gate was put: what was shown then is not what is known now.
    _stage(engine, "A-0", Stage.CUT_OVER, deadline_at=_gate(engine)["opened_at"] + timedelta(microseconds=1))

    after = _judge()

    assert before["verdict"] != "closed"
    assert after["verdict"] == "closed"
    assert "1 stations are past their deadline: run the cutover again or send someone (A-0)" in {
        finding["reason"] for finding in after["findings"]
    }


def test_does_not_ask_about_other_types_pilots_or_later_waves(plan, engine):
    before = _judge(wave=1)

    _stage(engine, "A-2", Stage.TO_SITE)

    assert _judge(wave=1)["evidence_sha256"] == before["evidence_sha256"]


def test_keeps_failed_types_out_and_says_which_stations(plan, engine):
    _stage(engine, "B-0", Stage.TO_SITE)

    judged = _judge()

    assert judged["held_back"] == ["B-1"]
    assert judged["stations"] == 1
    assert all("B1" not in finding["reason"] for finding in judged["findings"])


def test_is_returned_as_it_was_once_it_is_decided(plan, engine):
    judged = _judge()
    gates.decide_by_form.fn(
        PLAN,
        1,
        evidence_sha256=judged["evidence_sha256"],
        requester="somebody",
        answer=_answer(reason="few, all equal"),
    )
    _quarantine(engine)
    _stage(engine, "B-0", Stage.TO_SITE)

    again = _judge()

    assert again["evidence_sha256"] == judged["evidence_sha256"]
    assert (again["decision"], again["decided_by"], again["held_back"]) == ("go", "Committee", [])
    assert (_gate(engine)["decided_via"], _gate(engine)["minutes_ref"]) == ("form", "M-7")


def test_takes_no_decision_on_evidence_that_has_changed(plan, engine):
    seen = _judge()
    _quarantine(engine)
    _judge()

    with pytest.raises(GateDecided, match="its evidence has changed since you saw it"):
        gates.decide_by_form.fn(
            PLAN, 1, evidence_sha256=seen["evidence_sha256"], requester="", answer=_answer(reason="because")
        )

    assert _gate(engine)["decision"] is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param({}, "going on against this needs a written reason", id="no reason"),
        pytest.param({"reason": "  "}, "going on against this needs a written reason", id="a blank reason"),
        pytest.param({"approver": " SOMEBODY ", "reason": "mine"}, "another person must approve", id="one's own"),
    ],
)
def test_refuses_a_go_that_may_not_stand(plan, engine, answer, reason):
    _quarantine(engine)
    judged = _judge()

    with pytest.raises(GateClosed, match=reason):
        gates.decide_by_form.fn(
            PLAN, 1, evidence_sha256=judged["evidence_sha256"], requester="somebody", answer=_answer(**answer)
        )

    assert _gate(engine)["decision"] is None
    assert gates.why_held.fn(PLAN, 1) == "nobody has decided"


@pytest.mark.parametrize(
    ("answer", "held"),
    [
        pytest.param({"reason": "the list is known"}, "", id="go"),
        pytest.param({"decision": "hold"}, "Committee said hold: no reason given", id="hold"),
        pytest.param({"decision": "hold", "reason": "snow"}, "Committee said hold: snow", id="hold with a reason"),
        pytest.param(
            {"decision": "hold", "approver": "somebody"}, "somebody said hold: no reason given", id="own hold"
        ),
    ],
)
def test_says_whether_the_wave_may_begin(plan, answer, held):
    judged = _judge()

    gates.decide_by_form.fn(
        PLAN, 1, evidence_sha256=judged["evidence_sha256"], requester="somebody", answer=_answer(**answer)
    )

    assert gates.why_held.fn(PLAN, 1) == held


@pytest.mark.parametrize(
    ("overdue", "decision"), [pytest.param(False, "go", id="inconclusive"), pytest.param(True, "hold", id="closed")]
)
def test_is_decided_by_rehearsals_as_the_verdict_says(plan, engine, overdue, decision):
    if overdue:
        _stage(engine, "A-0", Stage.CUT_OVER, deadline_at=datetime(2026, 1, 1, tzinfo=UTC))
    judged = _judge()

    gates.decide_automatically.fn(PLAN, 1, evidence_sha256=judged["evidence_sha256"])

    gate = _gate(engine)
    assert (gate["decision"], gate["decided_by"], gate["decided_via"]) == (decision, "the rehearsal", "automatic")


def test_lets_the_form_come_after_the_command_line(plan, engine):
    judged = _judge()
    gates.decide_automatically.fn(PLAN, 1, evidence_sha256=judged["evidence_sha256"])

    gates.decide_by_form.fn(PLAN, 1, evidence_sha256="whatever", requester="", answer=_answer(decision="hold"))

    assert _gate(engine)["decided_by"] == "the rehearsal"


def test_is_decided_by_exactly_one_of_many_at_once(plan, engine):
    judged = _judge()
    told, all_ready = [], threading.Barrier(6)

    def decide(by):
        all_ready.wait(10)
        try:
            gates.decide_by_form.fn(
                PLAN,
                1,
                evidence_sha256=judged["evidence_sha256"],
                requester="",
                answer=_answer(approver=by, reason="because"),
            )
        except GateDecided:
            told.append((by, "refused"))
        else:
            told.append((by, "told"))

    deciders = [threading.Thread(target=decide, args=(f"Member {number}",)) for number in range(6)]
    for decider in deciders:
        decider.start()
    for decider in deciders:
        decider.join(20)

    assert len(told) == 6
    assert (_gate(engine)["decided_by"], "told") in told


def test_notes_which_run_waits(plan, engine):
    _judge()

    gates.note_flow_run.fn(PLAN, 1, flow_run_id="run-7")

    assert _gate(engine)["flow_run_id"] == "run-7"


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda: gates.why_held.fn(PLAN, 9), id="why_held"),
        pytest.param(lambda: gates.why_undecided(PLAN, 9), id="why_undecided"),
        pytest.param(lambda: gates.decide_automatically.fn(PLAN, 9, evidence_sha256=""), id="decide_automatically"),
    ],
)
def test_says_when_it_opens(plan, ask):
    with pytest.raises(UnknownThing, match="it opens when the flow cut_over comes to that wave"):
        ask()
