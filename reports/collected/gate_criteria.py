"""A gate's criteria as the committee reads them: each answer beside what was measured, and the evidence it rests on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from charging import canonical
from charging.migration.criteria import Verdict
from reports.formats import counted, number, spaced
from reports.gate_pack import Criterion, Evidence
from reports.values import Risk

Row = Mapping[str, Any]

SOURCES: Mapping[str, str] = {
    "quarantined_stations": "quarantine.quarantined_row",
    "quarantined_tokens": "quarantine.quarantined_row",
    "pilots": "migration.move",
    "problems": "migration.move",
    "vetoes": "migration.gate",
    "connected": "the target back-office",
    "disputed_moved": "roaming.verdict",
    "disputed_not_moved": "roaming.verdict",
    "unnamed": "migration.move",
    "overdue": "migration.move",
}
"""Evidence to where it was read."""

REQUIRED: Mapping[str, tuple[str, str]] = {
    "vetoes": ("vetoes", "no veto event"),
    "quality of stations": ("quarantined_stations", "at most 5 % of live stations"),
    "quality of tokens": ("quarantined_tokens", "at most 2 % of active tokens"),
    "pilots": ("pilots", "every pilot verified, none to site"),
    "previous waves": ("problems", "at most 5 % of the stations before"),
    "health": ("connected", "at least 95 % heard at the target"),
    "roaming": ("disputed_moved", "no worse than stations that have not moved"),
    "named stages": ("unnamed", "no station without a named stage"),
    "deadlines": ("overdue", "no station past its deadline"),
}
"""Criterion to the evidence it rests on, and what it requires (`charging.migration.criteria`)."""

GRAVEST_FIRST = (Verdict.CLOSED, Verdict.INCONCLUSIVE, Verdict.OPEN)
RISKS: Mapping[str, tuple[str, str]] = {
    "closed": ("high", "not met"),
    "inconclusive": ("medium", "not enough evidence"),
}
"""Verdict to the risk of going on: how severe, and what it is called."""


def criteria(gate: Row) -> Iterator[Criterion]:
    """Yield one answer for each criterion; the findings on each type's pilot are one answer, the worst."""
    findings: dict[str, list[Row]] = {}
    for found in gate["findings"]:
        findings.setdefault(found["criterion"], []).append(found)
    for name, found in findings.items():
        evidence_id, required = REQUIRED[name]
        yield Criterion(
            name=name,
            verdict=next(str(verdict) for verdict in GRAVEST_FIRST if verdict in {each["verdict"] for each in found}),
            finding=spaced(_pilots_finding(found) if name == "pilots" else found[0]["reason"]),
            measured=_measured(name, gate["evidence"], found),
            required=spaced(required),
            evidence_id=evidence_id,
        )


def evidence(gate: Row) -> Iterator[Evidence]:
    """Yield every row of evidence that the gate was judged by."""
    for name, source in SOURCES.items():
        value = gate["evidence"][name]
        yield Evidence(
            evidence_id=name,
            source=source,
            statement=_statement(value),
            observed_at=gate["opened_at"],
            sha256=canonical.digest(value),
        )


def risks(answers: Sequence[Criterion]) -> Iterator[Risk]:
    """Yield what goes against opening the gate, the gravest first."""
    for verdict, (severity, said) in RISKS.items():
        for answer in (each for each in answers if each.verdict == verdict):
            yield Risk(
                severity=severity,
                title=f"{answer.name.capitalize()}: {said}",
                effect=f"{answer.finding[0].upper()}{answer.finding[1:]}.",
                mitigation="Hold until the criterion is met, or go on with a written reason.",
                owner="steering committee",
            )


def _pilots_finding(found: Sequence[Row]) -> str:
    unmet = [each["reason"].removeprefix("pilot of ") for each in found if each["verdict"] != Verdict.OPEN]
    if unmet:
        have = "has" if len(unmet) == 1 else "have"
        return f"{len(unmet)} of {counted(len(found), 'type')} {have} not passed: {'; '.join(unmet)}"
    return "the one type passed its pilot" if len(found) == 1 else f"all {len(found)} types passed their pilot"


def _measured(name: str, measures: Row, found: Sequence[Row]) -> str:
    match name:
        case "pilots":
            return f"{sum(each['verdict'] == Verdict.OPEN for each in found)} of {counted(len(found), 'type')}"
        case "roaming":
            return f"{_share(measures['disputed_moved'])} moved, {_share(measures['disputed_not_moved'])} others"
        case _:
            value = measures[REQUIRED[name][0]]
            return _share(value) if isinstance(value, dict) else str(len(value) or "none")


def _statement(value: Any) -> str:
    if isinstance(value, dict):
        return _share(value)
    if not value:
        return "none"
    return "\n".join(_pilot(one) if isinstance(one, dict) else str(one) for one in value)


def _share(value: Row) -> str:
    return f"{number(value['count'])} of {number(value['total'])}"


def _pilot(value: Row) -> str:
    others = {"rolled back": value["rolled_back"], "to site": value["to_site"]}
    parts = [f"{count} {word}" for word, count in others.items() if count]
    return ", ".join([f"{value['kind']}: {value['verified']} of {value['planned']} verified", *parts])
