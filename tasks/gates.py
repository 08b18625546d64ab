"""Gates: judging on evidence, asking, writing down what was decided."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import canonical
from charging import settings as configuration
from charging.clock import system_clock
from charging.database import tables
from charging.database.operations import deciding
from charging.database.operations import moves as write
from charging.database.queries import gate_context, gating
from charging.database.queries import moves as read
from charging.errors import UnknownThing
from charging.migration.criteria import Evidence, Verdict
from charging.migration.gates import (
    Choice,
    Decision,
    evidence_hash,
)
from charging.migration.gates import judge as judge_evidence
from charging.settings import Settings
from tasks import channels, opening


@task(task_run_name="judge-{plan_id}-{wave}")
def judge(plan_id: str, wave: int, *, requester: str) -> dict[str, Any]:
    """Judge what is known now and put the question; a gate that was decided is returned as it was.

    Stations whose type's pilot failed are taken out of the wave first. Evidence that has not changed keeps the instant
    under which it was first shown, and so the hash and everything that was shown with it.
    """
    settings = configuration.load()
    with opening.engine(settings) as engine, engine.connect() as connection:
        before = read.gate(connection, plan_id, wave)
        if before is not None and before["decision"]:
            return _shown(connection, dict(before), held_back=[])
        held_back = write.hold_back(connection, plan_id=plan_id, wave=wave, at=system_clock())
        heard_at = asyncio.run(_heard(settings, read.moved_at(connection)))
        evidence = _evidence(connection, plan_id, wave, before=before, heard_at=heard_at)
        judgement = judge_evidence(evidence)
        as_shown = before["context"] if before is not None and before["opened_at"] == evidence.as_of else None
        write.open_gate(
            connection,
            {
                "plan_id": plan_id,
                "wave": wave,
                "verdict": str(judgement.verdict),
                "findings": canonical.plain(judgement.findings),
                "evidence": canonical.plain(evidence),
                "evidence_sha256": judgement.evidence_hash,
                "context": as_shown or gate_context.context(connection, plan_id, wave),
                "opened_at": evidence.as_of,
                "requester": requester,
            },
        )
        connection.commit()
        return _shown(connection, _require(connection, plan_id, wave), held_back=held_back)


@task
def note_flow_run(plan_id: str, wave: int, *, flow_run_id: str) -> None:
    """Write which run waits at the gate, so that the command line can wake it."""
    with opening.engine() as engine, engine.begin() as connection:
        gate = tables.gate.c
        connection.execute(
            sa.update(tables.gate).where(gate.plan_id == plan_id, gate.wave == wave).values(flow_run_id=flow_run_id)
        )


@task
def decide_automatically(plan_id: str, wave: int, *, evidence_sha256: str) -> None:
    """Decide as rehearsals do: go on unless the verdict is closed. How it was decided is written beside it."""
    with opening.engine() as engine, engine.connect() as connection:
        judgement = deciding.judgement_of(_require(connection, plan_id, wave))
    is_closed = judgement.verdict is Verdict.CLOSED
    decision = Decision(
        choice=Choice.HOLD if is_closed else Choice.GO,
        by="the rehearsal",
        reason=f"the verdict is {judgement.verdict}; a rehearsal holds only where it is closed",
        via="automatic",
    )
    _decide(plan_id, wave, decision=decision, evidence_sha256=evidence_sha256, requester="", minutes_ref="")


@task
def decide_by_form(plan_id: str, wave: int, *, evidence_sha256: str, requester: str, answer: Mapping[str, str]) -> None:
    """Write what the form said, unless the command line has written it already."""
    if why_undecided(plan_id, wave) is None:
        return
    decision = Decision(choice=Choice(answer["decision"]), by=answer["approver"], reason=answer["reason"], via="form")
    _decide(
        plan_id,
        wave,
        decision=decision,
        evidence_sha256=evidence_sha256,
        requester=requester,
        minutes_ref=answer["minutes_ref"],
    )


@task
def why_held(plan_id: str, wave: int) -> str:
    """Return why the wave may not begin; empty if it may."""
    with opening.engine() as engine, engine.connect() as connection:
        gate = _require(connection, plan_id, wave)
    if gate["decision"] == Choice.GO:
        return ""
    if gate["decision"] is None:
        return "nobody has decided"
    return f"{gate['decided_by']} said {gate['decision']}: {gate['reason'] or 'no reason given'}"


def why_undecided(plan_id: str, wave: int) -> str | None:
    """Return that nobody has decided, or None if somebody has."""
    with opening.engine() as engine, engine.connect() as connection:
        return None if _require(connection, plan_id, wave)["decision"] else "nobody has decided"


def _decide(
    plan_id: str, wave: int, *, decision: Decision, evidence_sha256: str, requester: str, minutes_ref: str
) -> None:
    with opening.engine() as engine, engine.begin() as connection:
        deciding.decide(
            connection,
            _require(connection, plan_id, wave),
            decision=decision,
            evidence_sha256=evidence_sha256,
            requester=requester,
            minutes_ref=minutes_ref,
            at=system_clock(),
        )


async def _heard(settings: Settings, moved: Mapping[str, datetime]) -> dict[str, datetime]:
    """Ask the target when it last heard each station."""
    if not moved:
        return {}
    async with channels.office(settings, "target") as target:
        seen = await target.sightings(sorted(moved))
    return {station: sighting.heard_at for station, sighting in seen.items() if sighting.heard_at is not None}


def _evidence(
    connection: sa.Connection,
    plan_id: str,
    wave: int,
    *,
    before: Mapping[str, Any] | sa.RowMapping | None,
    heard_at: Mapping[str, datetime],
) -> Evidence:
    """Return what is known now, under the instant at which the same was known before: a deadline may have passed."""
    now = gating.evidence(connection, plan_id, wave, as_of=system_clock(), heard_at=heard_at)
    if before is not None:
        as_shown = replace(now, as_of=before["opened_at"])
        if evidence_hash(as_shown) == before["evidence_sha256"]:
            return as_shown
    return now


def _require(connection: sa.Connection, plan_id: str, wave: int) -> dict[str, Any]:
    gate = read.gate(connection, plan_id, wave)
    if gate is None:
        raise UnknownThing("gate", f"{plan_id}/{wave}", "it opens when the flow cut_over comes to that wave")
    return dict(gate)


def _shown(connection: sa.Connection, gate: Mapping[str, Any], *, held_back: list[str]) -> dict[str, Any]:
    move = tables.move.c
    stations = connection.scalar(
        sa.select(sa.func.count()).where(move.plan_id == gate["plan_id"], move.wave == gate["wave"])
    )
    names = ("plan_id", "wave", "verdict", "findings", "evidence_sha256", "decision", "decided_by")
    return {name: gate[name] for name in names} | {"stations": int(stations or 0), "held_back": held_back}
