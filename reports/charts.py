"""Charts as inline SVG: the same values give the same bytes, colours follow the page, nothing is loaded."""

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from reports.formats import readable

TONES = ("good", "moving", "unsure", "bad", "idle")
_WIDTH = 720
_LABEL = 200
_STEP = 26
_LETTERS = 40
_TICKS: tuple[tuple[timedelta, str], ...] = (
    (timedelta(seconds=10), "%H:%M:%S.%L"),
    (timedelta(minutes=10), "%H:%M:%S"),
    (timedelta(days=1), "%H:%M"),
    (timedelta(days=6), "%-d %b %H:%M"),
)
"""How ticks are written on an axis of less than this; longer ones say days."""
_NARROW = 0.05
"""Segments of a smaller share of the axis have no room for their number; the table below has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a bar."""

    bar: str
    group: str
    tone: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A bar on a timeline: what was planned (where it was), what happened, and the gate before it."""

    bar: str
    planned: tuple[datetime, datetime] | None
    actual: tuple[datetime, datetime] | None
    gate_at: datetime | None
    gate_tone: str


def stacked_bars(segments: Sequence[Segment], *, chart_id: str, title: str, axis: str) -> Markup:
    """Draw one horizontal bar for each name, its parts in the order given."""
    alt = _altair()
    segments = [replace(segment, bar=_name(segment.bar)) for segment in segments]
    values = _laid_out(segments)
    longest = max((value["to"] for value in values), default=0) or 1
    order = list(dict.fromkeys(segment.bar for segment in segments))
    y = alt.Y("bar:N", sort=order, title=None)
    bars = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(height=16, stroke="var(--paper)", strokeWidth=1)
        .encode(y=y, x=alt.X("from:Q", title=axis, axis=_counts(alt, longest)), x2="to:Q", fill=_tones(alt))
    )
    numbers = _numbers(alt, [value for value in values if value["is_part"] and value["size"] >= _NARROW * longest])
    totals = _numbers(alt, _totals(values), fill="currentColor", align="left", dx=5)
    labels = [numbers.encode(y=y, x="middle:Q", text="size:Q"), totals.encode(y=y, x="to:Q", text="to:Q")]
    return _svg(alt, alt.layer(bars, *labels), bars=order, chart_id=chart_id, title=title)


def timeline(
    periods: Sequence[Period], *, as_of: datetime, ends_at: datetime | None, time_zone: str, chart_id: str, title: str
) -> Markup:
    """Draw planned and actual times, gates as diamonds, now and the end of the legacy as upright lines."""
    alt = _altair()
    zone = ZoneInfo(time_zone)
    periods = [replace(period, bar=_name(period.bar)) for period in periods]
    gates = [period.gate_at for period in periods if period.gate_at]
    spans = [each for period in periods for each in (*(period.planned or ()), *(period.actual or ()))]
    shown = [*spans, *gates, as_of, *([ends_at] if ends_at else [])]
    bars = [period.bar for period in periods]
    y = alt.Y("bar:N", sort=bars, scale=alt.Scale(domain=bars), title=None)  # a wave without any time has its line too
    x = alt.X("from:T", title=time_zone, scale=alt.Scale(type="utc"), axis=_times(alt, max(shown) - min(shown)))
    marks = [
        _spans(alt, [(p.bar, *p.planned) for p in periods if p.planned], zone).encode(y=y, x=x),
        _spans(alt, [(p.bar, *p.actual) for p in periods if p.actual], zone, is_actual=True).encode(y=y, x=x),
        alt.Chart(alt.Data(values=_gates(periods, zone)))
        .mark_point(shape="diamond", size=90, filled=True, stroke="var(--paper)", strokeWidth=1, opacity=1)
        .encode(y=y, x=x, fill=_tones(alt)),
        _upright(alt, as_of, zone, words="now", tone="moving", align="left").encode(x=x),
    ]
    if ends_at:
        marks.append(_upright(alt, ends_at, zone, words="legacy ends", tone="bad", align="right").encode(x=x))
    return _svg(alt, alt.layer(*marks), bars=bars, chart_id=chart_id, title=title)


def _numbers(alt: Any, values: list[dict[str, Any]], *, fill: str = "var(--paper)", **place: Any) -> Any:
    return alt.Chart(alt.Data(values=values)).mark_text(fontSize=11, fontWeight=600, fill=fill, **place)


def _totals(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({value["bar"]: value for value in values}.values())  # the last part ends where the bar does


def _name(text: str) -> str:
    return readable(text)[:_LETTERS]  # the table under the chart has it whole; measuring a long one takes seconds


def _room(bars: Sequence[str]) -> int:
    # The page's font may be wider than the one the library measures: room is reserved by the longest name.
    return min(_LABEL, 7 * max((len(bar) for bar in bars), default=0) + 8)


def _laid_out(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    reached: dict[str, int] = {}
    values: list[dict[str, Any]] = []
    for segment in segments:
        start = reached.get(segment.bar, 0)
        reached[segment.bar] = end = start + segment.size
        values.append(
            {
                "bar": segment.bar,
                "group": segment.group,
                "tone": segment.tone,
                "size": segment.size,
                "from": start,
                "middle": (start + end) / 2,
                "to": end,
            }
        )
    for value in values:
        value["is_part"] = value["size"] < reached[value["bar"]]
    return [value for value in values if value["size"]]


def _spans(
    alt: Any, spans: Sequence[tuple[str, datetime, datetime]], zone: ZoneInfo, *, is_actual: bool = False
) -> Any:
    values = [{"bar": bar, "from": _wall(start, zone), "to": _wall(end, zone)} for bar, start, end in spans]
    look = (
        {"height": 8, "fill": "var(--good)"}
        if is_actual
        else {"height": 18, "fill": "var(--wash)", "stroke": "var(--idle)", "strokeWidth": 1}
    )
    return alt.Chart(alt.Data(values=values)).mark_bar(**look).encode(x2="to:T")


def _upright(alt: Any, at: datetime, zone: ZoneInfo, *, words: str, tone: str, align: str) -> Any:
    data = alt.Chart(alt.Data(values=[{"from": _wall(at, zone), "words": words}]))
    rule = data.mark_rule(stroke=f"var(--{tone})", strokeDash=[4, 3], strokeWidth=1.5)
    label = data.mark_text(align=align, baseline="bottom", dy=-2, y=0, fontSize=11, fill=f"var(--{tone})")
    return rule + label.encode(text="words:N")


def _gates(periods: Sequence[Period], zone: ZoneInfo) -> list[dict[str, str]]:
    return [
        {"bar": period.bar, "from": _wall(period.gate_at, zone), "tone": period.gate_tone}
        for period in periods
        if period.gate_at
    ]


def _wall(instant: datetime, zone: ZoneInfo) -> str:
    # The drawing library knows one zone, the machine's. Wall-clock times, said to be UTC, are drawn as they are.
    return instant.astimezone(zone).replace(tzinfo=UTC).isoformat()


def _tones(alt: Any) -> Any:
    colours = [f"var(--{tone})" for tone in TONES]
    return alt.Fill("tone:N", legend=None, scale=alt.Scale(domain=list(TONES), range=colours))


def _counts(alt: Any, longest: int) -> Any:
    return alt.Axis(tickMinStep=1, tickCount=min(longest, 6), format="d")


def _times(alt: Any, shown: timedelta) -> Any:
    """Write ticks so that no two neighbours read the same."""
    finest = (pattern for longest, pattern in _TICKS if shown < longest)
    return alt.Axis(format=next(finest, "%-d %b"), tickCount=6)


def _altair() -> Any:
    # The drawing library takes a second to import: only a page with a chart pays for it.
    return importlib.import_module("altair")


def _svg(alt: Any, chart: Any, *, bars: Sequence[str], chart_id: str, title: str) -> Markup:
    axis = {"labelColor": "currentColor", "titleColor": "currentColor", "gridColor": "var(--line)", "domain": False}
    spec = (
        chart.properties(width=_WIDTH, height=max(len(bars), 1) * _STEP, background="transparent")
        .configure(aria=False, font="sans-serif")
        .configure_view(stroke=None)
        .configure_axis(ticks=False, labelFontSize=12, titleFontSize=12, titleFontWeight="normal", **axis)
        .configure_axisY(grid=False, labelLimit=_LABEL, labelPadding=8, minExtent=_room(bars))
        .to_dict()
    )
    drawn: str = importlib.import_module("vl_convert").vegalite_to_svg(spec, vl_version=_version(alt))
    drawn = re.sub(r'\b(id="|url\(#)', rf"\g<1>{chart_id}-", drawn)  # ids are counted per process, pages hold several
    named = f'<svg role="img" aria-label="{escape(title)}" '
    return Markup(drawn.replace("<svg ", named, 1).replace(">", f"><title>{escape(title)}</title>", 1))  # noqa: S704 - drawn by the library, which escapes


def _version(alt: Any) -> str:
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
