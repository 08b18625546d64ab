"""The committee's gate pack, read from the gate alone: what it says stays what was known when the gate was put."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging import canonical
from charging.database.queries import moves
from charging.errors import UnknownThing
from charging.reconciliation.verdict import SETTLED
from charging.settings import Settings
from reports.collected import gate_criteria
from reports.collected.shared import stages, wave_name
from reports.formats import counted
from reports.gate_pack import CohortNight, Decision, Evidence, GatePack, WaveContent, WaveStation
from reports.values import Command, Figure, SuiteQuality

WAYS: Mapping[str, str] = {"form": "in the form", "console": "on the command line", "automatic": "automatically"}
"""How a decision was given, in words."""

Row = Mapping[str, Any]


def gate_pack(connection: sa.Connection, settings: Settings, plan_id: str, wave: int) -> GatePack:
    """Return everything that the committee needs at the gate before a wave.

    Raises:
        UnknownThing: if that gate has not been opened.
    """
    found = moves.gate(connection, plan_id, wave)
    if found is None:
        raise UnknownThing("gate", f"{plan_id}/{wave}", "it opens when the flow cut_over comes to that wave")
    gate = dict(found)
    context = gate["context"]
    here = context["stations"]
    criteria = tuple(gate_criteria.criteria(gate))
    return GatePack(
        plan_id=plan_id,
        network=settings.operator,
        legacy="legacy",
        target="target",
        wave=wave,
        wave_name=wave_name(wave),
        question=f"Shall the {counted(len(here), 'station')} of wave\u00a0{wave} be cut over to the target?",
        verdict=gate["verdict"],
        as_of=gate["opened_at"],
        decide_by=None,
        time_zone=settings.time_zone,
        figures=_figures(gate),
        risks=tuple(gate_criteria.risks(criteria)),
        if_held=_if_held(len(here)),
        criteria=criteria,
        evidence=(*gate_criteria.evidence(gate), *_suite_evidence(gate)),
        content=tuple(_content(context)),
        stations=tuple(_station(row) for row in here),
        previous_waves=tuple(stages(each["wave"], each["stages"]) for each in context["waves"]),
        quality=tuple(_quality(context["suites"])),
        nights=tuple(_nights(context["nights"])),
        night=_night(context["nights"], settings),
        votes=(),
        votes_needed=1,
        decision=_decision(gate),
        commands=(
            Command(purpose="See this gate", command=f"rehome gate show {wave}"),
            Command(purpose="Open it", command=f'rehome gate decide {wave} go --by "YOUR NAME" --reason "WHY"'),
            Command(purpose="Hold it", command=f'rehome gate decide {wave} hold --by "YOUR NAME" --reason "WHY"'),
        ),
        evidence_sha256=gate["evidence_sha256"],
    )


def _if_held(stations: int) -> tuple[str, ...]:
    stay, go = ("stays", "goes") if stations == 1 else ("stay", "go")
    return (
        f"{counted(stations, 'station')} {stay} on the legacy and {go} on serving drivers there.",
        "Nothing is undone: stations that have moved stay at the target.",
        "The wave can be asked for again at any time; the gate is then judged on newer evidence.",
    )


def _figures(gate: Row) -> tuple[Figure, Figure, Figure]:
    evidence, context = gate["evidence"], gate["context"]
    here, moved, disputed = len(context["stations"]), evidence["connected"]["total"], evidence["disputed_moved"]
    settled = disputed["total"] - disputed["count"]
    share = (Decimal(100 * settled) / disputed["total"]).quantize(Decimal("0.1")) if disputed["total"] else None
    return (
        Figure(label="In this wave", value=here, unit=_stations(here), meaning=f"Of {context['planned']} in the plan."),
        Figure(
            label="Moved so far",
            value=moved,
            unit=_stations(moved),
            meaning="Observed and verified at the target before this gate.",
        ),
        Figure(
            label="CDRs without a discrepancy",
            value=share,
            unit="%",
            meaning=f"At stations that have moved: {settled} of {disputed['total']} in the last night.",
        ),
    )


def _stations(number: int) -> str:
    return "station" if number == 1 else "stations"


def _content(context: Row) -> Iterator[WaveContent]:
    before = {_type(each): each for each in context["types"]}
    sizes = Counter((_type(row), row["recipe"] or "") for row in context["stations"])
    for ((vendor, model, firmware), recipe), stations in sorted(sizes.items()):
        ended = before[vendor, model, firmware]
        yield WaveContent(
            vendor=vendor,
            model=model,
            firmware=firmware,
            recipe=recipe,
            stations=stations,
            verified_before=ended["verified"],
            rolled_back_before=ended["rolled_back"],
        )


def _type(row: Row) -> tuple[str, str, str]:
    return row["vendor"] or "", row["model"] or "", row["firmware"] or ""


def _station(row: Row) -> WaveStation:
    vendor, model, firmware = _type(row)
    return WaveStation(
        station_id=row["station_id"],
        location=row["location_id"] or "",
        vendor=vendor,
        model=model,
        firmware=firmware,
        recipe=row["recipe"] or "",
    )


def _quality(suites: Sequence[Row]) -> Iterator[SuiteQuality]:
    for account in suites:
        results = account["suite"]["results"]
        unmet = [result for result in results if not result["is_met"]]
        yield SuiteQuality(
            suite=f"{account['source']}: {account['suite']['suite']}",
            rows=account["suite"]["rows"],
            expectations=len(results),
            met=len(results) - len(unmet),
            blocking=sum(result["consequence"] == "block" for result in unmet),
            quarantined=sum(result["unexpected"] for result in unmet if result["consequence"] == "quarantine"),
            warnings=sum(result["consequence"] == "warn" for result in unmet),
            evidence_id=_suite_id(account),
        )


def _suite_evidence(gate: Row) -> Iterator[Evidence]:
    for account in gate["context"]["suites"]:
        yield Evidence(
            evidence_id=_suite_id(account),
            source="clean.account",
            statement=f"{account['rows_in']} rows in, {account['loaded']} loaded, {account['quarantined']} quarantined",
            observed_at=gate["opened_at"],
            sha256=canonical.digest([account["content_sha256"], account["suite"]]),
        )


def _suite_id(account: Row) -> str:
    return f"suite-{account['source']}-{account['entity']}"


def _nights(nights: Sequence[Row]) -> Iterator[CohortNight]:
    settled = {str(verdict) for verdict in SETTLED}
    for night in nights:
        for cohort in night["cohorts"]:
            for number, (currency, amount) in enumerate(sorted(cohort["money_at_risk"].items())):
                verdicts = Counter(cohort["verdicts"] if number == 0 else {})  # a second currency adds no CDRs
                yield CohortNight(
                    partner=night["partner"],
                    cohort=cohort["cohort"],
                    cdrs=verdicts.total(),
                    settled=sum(count for name, count in verdicts.items() if name in settled),
                    late=verdicts["late"],
                    open=sum(count for name, count in verdicts.items() if name not in settled | {"late"}),
                    money_at_risk=Decimal(amount),
                    currency=currency,
                )


def _night(nights: Sequence[Row], settings: Settings) -> str:
    if not nights:
        return ""
    began = min(datetime.fromisoformat(night["period_from"]) for night in nights).astimezone(settings.zone).date()
    ended = max(date.fromisoformat(night["day"]) for night in nights)
    period = f"{ended:%-d %B %Y}" if began == ended else f"{began:%-d %B} to {ended:%-d %B %Y}"
    return f"{period}, {settings.time_zone}"


def _decision(gate: Row) -> Decision | None:
    if gate["decision"] is None:
        return None
    return Decision(
        choice=gate["decision"],
        decided_by=f"{gate['decided_by']}, {WAYS[gate['decided_via']]}",
        decided_at=gate["decided_at"],
        reason=gate["reason"] or "",
        minutes_reference=gate["minutes_ref"] or "",
        evidence_sha256=gate["evidence_sha256"],
    )
