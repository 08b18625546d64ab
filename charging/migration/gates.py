"""The gate before a wave: what follows from the evidence, and who decided. A gate never opens itself."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from charging.errors import GateClosed
from charging.migration.criteria import Evidence, Finding, Limits, Verdict, findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All findings, and the worst of their verdicts."""

    gate: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    evidence_hash: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why the gate is not open, in the criteria's order."""
        return tuple(finding.reason for finding in self.findings if finding.verdict is not Verdict.OPEN)


class Choice(StrEnum):
    """What a person says."""

    GO = "go"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's word on a gate, with what the machine had said."""

    choice: Choice
    by: str
    reason: str
    via: str
    """How it was given: `console`, `prefect`."""


def judge(evidence: Evidence, *, limits: Limits | None = None) -> Judgement:
    """Return what the evidence says about going on."""
    found = tuple(findings(evidence, limits=limits or Limits()))
    verdicts = {finding.verdict for finding in found}
    worst = next((verdict for verdict in (Verdict.CLOSED, Verdict.INCONCLUSIVE) if verdict in verdicts), Verdict.OPEN)
    return Judgement(gate=evidence.gate, verdict=worst, findings=found, evidence_hash=evidence_hash(evidence))


def require_decision(judgement: Judgement, decision: Decision, *, requested_by: str) -> None:
    """Refuse a decision that may not stand: one's own request approved, or an override without a written reason.

    Raises:
        GateClosed: if it may not; the gate stays as it is.
    """
    if decision.choice is Choice.HOLD:
        return
    if decision.by.strip().casefold() == requested_by.strip().casefold():
        raise GateClosed(judgement.gate, [f"{decision.by} asked for it: another person must approve"])
    if judgement.verdict is not Verdict.OPEN and not decision.reason.strip():
        raise GateClosed(judgement.gate, [*judgement.reasons, "going on against this needs a written reason"])


def canonical(evidence: Evidence) -> bytes:
    """Return the evidence as JSON that does not depend on the order in which anything was listed."""
    values = {
        name: sorted(value, key=repr) if isinstance(value, tuple) else value for name, value in asdict(evidence).items()
    }
    return json.dumps(
        values, default=datetime.isoformat, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def evidence_hash(evidence: Evidence) -> str:
    """Return the SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(evidence)).hexdigest()
