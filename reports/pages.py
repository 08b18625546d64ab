"""Which template shows which report, and which charts stand on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from reports.charts import Period, Segment, stacked_bars, timeline
from reports.data_quality import DataQuality
from reports.gate_pack import GatePack
from reports.impact import Impact
from reports.money_at_risk import MoneyAtRisk
from reports.partner_reconciliation import PartnerReconciliation
from reports.progress import Progress, WaveTimes
from reports.proof import Proof
from reports.status import WORDS
from reports.values import Span, WaveStages
from reports.work_list import WorkList

Report = GatePack | Progress | PartnerReconciliation | MoneyAtRisk | DataQuality | Impact | Proof | WorkList

OUTCOMES: tuple[tuple[str, str, str], ...] = (
    ("verified", "Verified", "good"),
    ("moving", "On the move", "moving"),
    ("rolled_back", "Rolled back", "unsure"),
    ("to_site", "To site", "bad"),
    ("waiting", "Waiting", "idle"),
)
"""What the ten stages come to in a chart: attribute, word, tone."""


AGREEMENT: tuple[tuple[str, str], ...] = (("Agreed", "good"), ("Not due yet", "idle"), ("Open", "bad"))
"""What the verdicts on CDRs come to in a chart: word, tone."""

SIDES: tuple[tuple[str, str], ...] = (("ours", "moving"), ("theirs", "unsure"))

TURNS: tuple[str, ...] = ("partner", "us", "committee")


@dataclass(frozen=True, slots=True)
class Page:
    """A template and what draws its charts."""

    template: str
    charts: Callable[..., Mapping[str, Markup]]


def _gate_pack_charts(report: GatePack) -> dict[str, Markup]:
    return {"waves": _wave_bars(report.previous_waves, "Stations of the previous waves by where they ended")}


def _progress_charts(report: Progress) -> dict[str, Markup]:
    drawn = {"waves": _wave_bars(report.waves, "Stations of every wave by where they are")}
    if report.timeline:
        drawn["timeline"] = timeline(
            [_period(wave, report) for wave in report.timeline],
            as_of=report.as_of,
            ends_at=report.legacy_ends_at,
            time_zone=report.time_zone,
            chart_id="timeline",
            title="Planned and actual times of every wave" if report.has_dates else "Times of every wave",
        )
    return drawn


def _reconciliation_charts(report: PartnerReconciliation) -> dict[str, Markup]:
    words = WORDS["cdr"]
    sides = [
        Segment(
            bar=side.capitalize(),
            group=word,
            tone=tone,
            size=sum(getattr(each, side) for each in report.verdicts if outcome(each.verdict) == word),
        )
        for side in ("ours", "theirs")
        for word, tone in AGREEMENT
    ]
    open_ones = [
        Segment(bar=words[each.verdict].word, group=side, tone=tone, size=getattr(each, side))
        for each in report.verdicts
        if outcome(each.verdict) == "Open"
        for side, tone in SIDES
    ]
    return {
        "sides": stacked_bars(sides, chart_id="sides", title="CDRs of each side: agreed, not due, open", axis="CDRs"),
        "open": stacked_bars(open_ones, chart_id="open", title="Open CDRs by verdict and side", axis="CDRs"),
    }


def _money_charts(report: MoneyAtRisk) -> dict[str, Markup]:
    ages = [part.name for cut in report.cuts if cut.by == "age" for part in cut.parts]
    words = WORDS["turn"]
    segments = [
        Segment(
            bar=age,
            group=words[turn].word,
            tone=words[turn].tone,
            size=sum(row.cases for row in report.rows if (row.age, row.turn) == (age, turn)),
        )
        for age in dict.fromkeys(ages)
        for turn in TURNS
    ]
    return {
        "ages": stacked_bars(segments, chart_id="ages", title="Open cases by age and whose turn it is", axis="cases")
    }


def outcome(verdict: str) -> str:
    """Return what a verdict comes to: `Agreed`, `Not due yet` or `Open`."""
    return {"good": "Agreed", "idle": "Not due yet"}.get(WORDS["cdr"][verdict].tone, "Open")


def _no_charts(_report: DataQuality | Impact | Proof | WorkList) -> dict[str, Markup]:
    return {}


def _wave_bars(waves: Sequence[WaveStages], title: str) -> Markup:
    segments = [
        Segment(bar=wave.label, group=word, tone=tone, size=getattr(wave, attribute))
        for wave in waves
        for attribute, word, tone in OUTCOMES
    ]
    return stacked_bars(segments, chart_id="waves", title=title, axis="stations")


def _period(wave: WaveTimes, report: Progress) -> Period:
    return Period(
        bar=wave.label,
        planned=_drawn(wave.planned, report.as_of) if wave.planned else None,
        actual=_drawn(wave.actual, report.as_of) if wave.actual else None,
        gate_at=wave.gate_decided_at,
        gate_tone="bad" if wave.gate_decision == "hold" else "moving",
    )


def _drawn(span: Span, as_of: datetime) -> tuple[datetime, datetime]:
    return span.started_at, span.ended_at or max(span.started_at, as_of)


PAGES: Mapping[type, Page] = {
    GatePack: Page("gate_pack.html.j2", _gate_pack_charts),
    Progress: Page("progress.html.j2", _progress_charts),
    PartnerReconciliation: Page("partner_reconciliation.html.j2", _reconciliation_charts),
    MoneyAtRisk: Page("money_at_risk.html.j2", _money_charts),
    DataQuality: Page("data_quality.html.j2", _no_charts),
    WorkList: Page("work_list.html.j2", _no_charts),
    Proof: Page("proof.html.j2", _no_charts),
    Impact: Page("impact.html.j2", _no_charts),
}
