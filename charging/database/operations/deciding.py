"""Writing down a decision at a gate, after making sure that it may stand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from charging.database.operations import moves as write
from charging.migration.criteria import Finding, Verdict
from charging.migration.gates import Decision, Judgement, require_decision


def judgement_of(gate: Mapping[str, Any]) -> Judgement:
    """Return what the machine said at a gate that was put before."""
    return Judgement(
        gate=f"{gate['plan_id']}/{gate['wave']}",
        verdict=Verdict(gate["verdict"]),
        findings=tuple(
            Finding(criterion=found["criterion"], verdict=Verdict(found["verdict"]), reason=found["reason"])
            for found in gate["findings"]
        ),
        evidence_hash=gate["evidence_sha256"],
    )


def decide(
    connection: sa.Connection,
    gate: Mapping[str, Any],
    *,
    decision: Decision,
    evidence_sha256: str,
    requester: str,
    minutes_ref: str,
    at: datetime,
) -> None:
    """Write a decision that may stand.

    Raises:
        GateClosed: if it may not stand.
        GateDecided: if there was one before, or the evidence has changed.
    """
    require_decision(judgement_of(gate), decision, requested_by=requester)
    write.decide_gate(
        connection,
        plan_id=gate["plan_id"],
        wave=gate["wave"],
        evidence_sha256=evidence_sha256,
        decision={
            "decision": str(decision.choice),
            "decided_by": decision.by,
            "decided_via": decision.via,
            "reason": decision.reason,
            "minutes_ref": minutes_ref,
            "decided_at": at,
        },
    )
