"""Plans are stored once, gates are decided once, and only those stay behind whose type's pilot has failed."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import moves as write
from charging.database.queries import moves as read
from charging.errors import GateDecided, UnknownThing
from charging.migration.lifecycle import Stage

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLAN = "plan-1"
DECIDED = {
    "decision": "go",
    "decided_by": "Committee",
    "decided_via": "form",
    "reason": "",
    "minutes_ref": "",
    "decided_at": AT,
}


def _gate(**values):
    return {
        "plan_id": PLAN,
        "wave": 0,
        "verdict": "open",
        "findings": [],
        "evidence": {},
        "evidence_sha256": "seen",
        "context": {},
        "opened_at": AT,
        "requester": "somebody",
    } | values


@pytest.fixture
def opened(engine):
    with engine.begin() as connection:
        write.open_gate(connection, _gate())
    return engine


def _decide(engine, *, evidence_sha256="seen", wave=0, **decision):
    with engine.begin() as connection:
        write.decide_gate(
            connection, plan_id=PLAN, wave=wave, evidence_sha256=evidence_sha256, decision=DECIDED | decision
        )


def _read(engine, wave=0):
    with engine.connect() as connection:
        return read.gate(connection, PLAN, wave)


def _waves(engine):
    with engine.connect() as connection:
        return dict(connection.execute(sa.select(tables.move.c.station_id, tables.move.c.wave)).tuples().all())


def test_stores_a_plan_with_visits_for_those_in_no_wave(engine, store_plan, moving):
    store_plan(engine, moving(station_id="CS-1"), moving(station_id="CS-2", wave=None, reason="never seen"))

    with engine.connect() as connection:
        assert [move.station_id for move in read.moves(connection, PLAN)] == ["CS-1"]
        assert [(order["station_id"], order["reason"]) for order in read.work_orders(connection, PLAN)] == [
            ("CS-2", "never seen")
        ]


def test_leaves_a_plan_that_is_there_as_it_is(engine, store_plan, moving):
    store_plan(engine, moving(station_id="CS-1"))
    with engine.begin() as connection:
        connection.execute(sa.update(tables.move).values(stage="verified"))
        is_new = write.store_plan(
            connection, plan_id=PLAN, parameters={}, content_sha256="0", moves=[], at=AT + timedelta(days=1)
        )

    with engine.connect() as connection:
        assert not is_new
        assert [move.stage for move in read.moves(connection, PLAN)] == [Stage.VERIFIED]


@pytest.mark.parametrize(
    ("pilot", "held"),
    [
        pytest.param({"B1": Stage.TO_SITE}, ["B-2"], id="one was left to a visit"),
        pytest.param({"B1": Stage.ROLLED_BACK}, ["B-2"], id="none was moved"),
        pytest.param({"B1": Stage.VERIFIED}, [], id="it passed"),
        pytest.param({"B1": Stage.CUT_OVER}, [], id="it goes on"),
        pytest.param({"B1": Stage.TO_SITE, "A1": Stage.ROLLED_BACK}, ["A-2", "B-2"], id="both failed"),
    ],
)
def test_holds_back_the_stations_whose_types_pilot_failed(engine, store_plan, moving, pilot, held):
    stages = {"A1": Stage.VERIFIED} | pilot
    store_plan(
        engine,
        *(moving(station_id=f"{model[0]}-1", wave=0, model=model, stage=stages[model]) for model in ("A1", "B1")),
        *(moving(station_id=f"{model[0]}-2", wave=1, model=model) for model in ("A1", "B1")),
        *(moving(station_id=f"{model[0]}-3", wave=2, model=model) for model in ("A1", "B1")),
    )

    with engine.begin() as connection:
        found = write.hold_back(connection, plan_id=PLAN, wave=1, at=AT)
        again = write.hold_back(connection, plan_id=PLAN, wave=1, at=AT)

    waves = _waves(engine)
    assert (found, again) == (held, [])
    assert [station for station, wave in sorted(waves.items()) if wave is None] == held
    assert {waves["A-3"], waves["B-3"]} == {2}  # a later wave is asked about when it comes


def test_holds_back_none_that_has_begun(engine, store_plan, moving):
    store_plan(
        engine,
        moving(station_id="B-1", wave=0, stage=Stage.TO_SITE),
        moving(station_id="B-2", wave=1, stage=Stage.DRAINING),
        moving(station_id="B-3", wave=1),
    )

    with engine.begin() as connection:
        assert write.hold_back(connection, plan_id=PLAN, wave=1, at=AT) == ["B-3"]
    with engine.connect() as connection:
        (reason,) = connection.scalars(sa.select(tables.move.c.reason).where(tables.move.c.station_id == "B-3"))
    assert reason == "held back from wave 1: the pilot of Supplier A A1 4.2 failed"


def test_takes_newer_evidence_until_it_is_decided(opened):
    with opened.begin() as connection:
        write.open_gate(connection, _gate(verdict="closed", evidence_sha256="newer"))
    assert (_read(opened)["verdict"], _read(opened)["evidence_sha256"]) == ("closed", "newer")

    _decide(opened, evidence_sha256="newer")
    with opened.begin() as connection:
        write.open_gate(connection, _gate(verdict="open", evidence_sha256="newest"))

    assert (_read(opened)["verdict"], _read(opened)["evidence_sha256"]) == ("closed", "newer")


def test_is_decided_once(opened):
    _decide(opened)

    with pytest.raises(GateDecided, match="it was decided before: go by Committee"):
        _decide(opened, decision="hold", decided_by="another")

    assert (_read(opened)["decision"], _read(opened)["decided_by"]) == ("go", "Committee")


def test_takes_no_decision_on_evidence_that_has_changed(opened):
    with pytest.raises(GateDecided, match="its evidence has changed since you saw it: look again"):
        _decide(opened, evidence_sha256="stale")

    assert _read(opened)["decision"] is None


def test_takes_no_decision_before_it_is_opened(opened):
    with pytest.raises(UnknownThing, match="it opens when the flow cut_over comes to that wave"):
        _decide(opened, wave=7)


def test_is_decided_by_exactly_one_of_many_at_once(opened):
    told = []
    all_ready = threading.Barrier(8)

    def decide(by):
        all_ready.wait(10)
        try:
            _decide(opened, decided_by=by, decision="go" if int(by) % 2 else "hold")
            told.append((by, "won"))
        except GateDecided:
            told.append((by, "refused"))

    deciders = [threading.Thread(target=decide, args=(str(number),)) for number in range(8)]
    for decider in deciders:
        decider.start()
    for decider in deciders:
        decider.join(20)

    winners = [by for by, outcome in told if outcome == "won"]
    assert sorted(outcome for _, outcome in told) == ["refused"] * 7 + ["won"]
    assert winners == [_read(opened)["decided_by"]]


@pytest.mark.parametrize(("decision", "left"), [("hold", None), ("go", "go")])
def test_is_asked_again_only_where_it_was_held(opened, decision, left):
    _decide(opened, decision=decision)

    with opened.begin() as connection:
        write.reopen_gate(connection, plan_id=PLAN, wave=0)

    assert _read(opened)["decision"] == left
