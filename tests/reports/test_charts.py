import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from reports.charts import Period, Segment, stacked_bars, timeline

START = datetime(2026, 3, 28, 12, tzinfo=UTC)


def bars(*segments):
    return stacked_bars(
        [Segment(bar=bar, group="g", tone=tone, size=size) for bar, tone, size in segments],
        chart_id="waves",
        title="Waves",
        axis="stations",
    )


def times(*periods, until, **more):
    return timeline(
        [
            Period(bar=bar, planned=planned, actual=actual, gate_at=None, gate_tone="moving")
            for bar, planned, actual in periods
        ],
        **({"as_of": until, "ends_at": None, "time_zone": "UTC", "chart_id": "timeline", "title": "Times"} | more),
    )


def texts(svg):
    return ["".join(each.itertext()) for each in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_says_what_it_shows():
    root = ET.fromstring(bars(("0 · pilot", "good", 3)))

    assert (root.get("role"), root.get("aria-label"), root[0].text) == ("img", "Waves", "Waves")


def test_writes_every_total_beside_its_bar_and_parts_inside():
    shown = texts(bars(("0", "good", 17), ("0", "bad", 1), ("1", "good", 9)))

    assert {"18", "17", "9"} <= set(shown)


def test_takes_its_colours_from_the_page():
    svg = bars(("0", "good", 1), ("0", "moving", 1), ("0", "unsure", 1), ("0", "bad", 1), ("0", "idle", 1))

    assert {f"var(--{tone})" for tone in ("good", "moving", "unsure", "bad", "idle")} <= set(
        re.findall(r'fill="([^"]+)"', svg)
    )
    assert not re.findall(r'(?:fill|stroke)="#', svg)


@pytest.mark.parametrize("segments", [[], [("0", "good", 0)]], ids=["no bars", "an empty bar"])
def test_draws_nothing_without_falling_over(segments):
    assert ET.fromstring(bars(*segments)).tag.endswith("svg")


def test_hostile_names_are_drawn_as_names():
    svg = stacked_bars(
        [Segment(bar="</svg><script>", group="", tone="good", size=1)], chart_id="x", title='"><script>', axis="n"
    )

    assert "<script" not in svg
    assert "</svg><script>" in texts(svg)


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\ud800", "\uffff", "\u202e"], ids=ascii)
def test_survives_characters_that_would_end_the_drawing_library(character):
    assert "a\ufffdb" in texts(bars((f"a{character}b", "good", 1)))


def test_draws_wall_clock_times_of_the_zone_that_it_names():
    svg = timeline(
        [
            Period(
                bar="0",
                planned=(START, START + timedelta(hours=6)),
                actual=(START, START + timedelta(hours=5)),
                gate_at=START,
                gate_tone="moving",
            )
        ],
        as_of=START + timedelta(hours=3),
        ends_at=START + timedelta(hours=12),
        time_zone="Asia/Tokyo",
        chart_id="timeline",
        title="Times",
    )

    shown = texts(svg)
    assert {"now", "legacy ends", "Asia/Tokyo", "21:00"} <= set(shown)
    assert "12:00" not in shown


@pytest.mark.parametrize(
    "shown",
    [
        *(timedelta(seconds=seconds) for seconds in (1, 9, 10, 45, 61, 119, 299, 599, 600, 3599)),
        *(timedelta(hours=hours) for hours in (2, 23, 24, 47, 95, 100, 121, 143, 144, 24 * 10, 24 * 300)),
    ],
    ids=str,
)
def test_no_two_ticks_read_the_same_however_long_the_axis_is(shown):
    read = texts(times(("0", None, (START, START + shown)), until=START + shown))

    ticks = [text for text in read if text not in {"0", "UTC", "now"}]
    assert len(ticks) >= 2
    assert len(ticks) == len(set(ticks))


def test_draws_no_bar_for_a_date_that_nobody_has_set():
    hour = (START, START + timedelta(hours=1))
    with_date, without = times(("0", hour, hour), until=hour[1]), times(("0", None, hour), until=hour[1])

    assert ("var(--wash)" in with_date, "var(--wash)" in without) == (True, False)
    assert "var(--good)" in without


def test_a_wave_that_has_no_times_yet_keeps_its_line():
    hour = (START, START + timedelta(hours=1))

    assert {"0", "1"} <= set(texts(times(("0", None, hour), ("1", None, None), until=hour[1])))
