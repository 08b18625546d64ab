from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from reports.collected.progress import progress
from reports.collected.standing import headline
from reports.render import render
from reports.values import WaveStages

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PLAN = "plan-north"
MOVED = ("ready", "draining", "writing", "cut_over", "arrived", "verified")


@pytest.fixture
def report(migration):
    def read():
        with migration.engine.connect() as connection:
            return progress(connection, migration.settings, PLAN, as_of=BEGAN + timedelta(minutes=1))

    return read


def row_of(html, station_id):
    return html.partition(f">{station_id}</code></th>")[2].partition("</tr>")[0]


def test_a_station_in_no_wave_is_shown_without_one(report):
    html = render(report())

    assert [(one.station_id, one.wave) for one in report().stuck] == [("B2", None)]
    assert row_of(html, "B2").startswith('<td class="figure"><span class="nothing" title="nothing known">–</span></td>')  # noqa: RUF001 - a dash, not a minus


def test_knows_no_dates_that_nobody_has_set(migration, report):
    migration.enter("A0", *MOVED)

    html = render(report())

    assert {one.planned for one in report().timeline} == {None}
    assert '<th scope="col">Planned</th><th scope="col">Actual</th>' not in html
    assert "pale" not in html


def test_a_wave_that_has_not_come_to_rest_has_no_end(migration, report):
    migration.enter("A0", *MOVED)
    assert report().timeline[0].actual.ended_at is None

    migration.enter("B0", *MOVED, at=BEGAN + timedelta(seconds=30))

    assert report().timeline[0].actual.ended_at == BEGAN + timedelta(seconds=35)


def test_lists_by_rule_what_was_adjusted(migration, report):
    kwh = {"kwh_before": "-977482.422641", "kwh_loaded": "22521.875359", "kwh_quarantined": "0"}
    by_rule = {"tx.dup": "12.345", "tx.rollover": "-1000016.643"}
    migration.extract("legacy-2", entities=("session",), **kwh, kwh_adjusted="-1000004.298", kwh_adjustments=by_rule)

    (account,) = report().energy

    assert (account.scope, account.corrected_kwh, account.verdict) == ("legacy", Decimal("-1000004.298"), "adds_up")
    html = render(report())
    assert "tx.dup 12.345 (a session came twice)" in html
    assert "tx.rollover −1\u202f000\u202f016.643 (a register began again at zero)" in html  # noqa: RUF001 - a minus


def test_a_row_that_every_extract_sets_aside_is_one_piece_of_work(migration, report):
    for number in (1, 2):
        migration.extract(f"night-{number}", entities=("session",), at=BEGAN + timedelta(hours=number))
        migration.quarantine(f"night-{number}", [("S1", "tx.neg", "it went back")], entity="session")
    migration.quarantine("legacy-1", [("X", "cp.id", "no id"), ("Y", "cp.id", "no id")])

    assert [(one.entity, one.rule, one.rows) for one in report().quarantine] == [
        ("station", "cp.id", 2),
        ("session", "tx.neg", 1),
    ]
    assert {figure.label: figure.value for figure in report().figures}["In quarantine"] == 3


def waves(*, verified=0, waiting=0, moving=0, rolled_back=0):
    return [
        WaveStages(wave=0, name="pilot", verified=verified, rolled_back=rolled_back),
        WaveStages(wave=1, name="", planned=waiting, draining=moving),
    ]


@pytest.mark.parametrize(
    ("counts", "others", "said"),
    [
        pytest.param({"verified": 24}, {}, "All 24 stations have moved.", id="all"),
        pytest.param(
            {"verified": 20, "rolled_back": 1},
            {"to_site": 2, "waiting": 1},
            "20 of 24 stations have moved and no wave is left: "
            "1 was rolled back, 2 need a visit and 1 waits for something else first.",
            id="nothing left to move",
        ),
        pytest.param(
            {"verified": 1, "waiting": 20, "moving": 2},
            {"to_site": 1},
            "1 of 24 stations has moved, 2 are on the way, 20 are still to move: 1 needs a visit.",
            id="in between",
        ),
        pytest.param({"waiting": 24}, {}, "0 of 24 stations have moved, 24 are still to move.", id="not begun"),
        pytest.param(
            {"verified": 22, "rolled_back": 2},
            {},
            "22 of 24 stations have moved and no wave is left: 2 were rolled back.",
            id="one outcome",
        ),
    ],
)
def test_says_where_the_migration_stands(counts, others, said):
    assert headline(waves(**counts), stations=24, **({"to_site": 0, "waiting": 0} | others)) == said
