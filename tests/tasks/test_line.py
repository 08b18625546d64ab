"""Nothing is planned or loaded while too much stands in quarantine, unless somebody writes why."""

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.errors import GateClosed
from tasks import cleansing, line, loading, planning


@pytest.fixture
def cleansed(engine, settings, landed, rows, make_station):
    """A network of which one station of ten is set aside."""
    stations = [make_station(f"CS-{number}") for number in range(1, 10)]
    extract_id = landed(rows(station=[*stations, make_station("CS-TEST-1", model="test")]))
    cleansing.cleanse_extract(engine, settings, extract_id)


@pytest.mark.parametrize(
    "go",
    [
        pytest.param(lambda: planning.plan.fn(pilot=1, cap=10), id="plan_waves"),
        pytest.param(lambda: loading.load.fn(dry_run=False), id="load_target"),
    ],
)
def test_stands_still_with_the_counts_and_the_command(cleansed, go, request):
    step = request.node.callspec.id

    with pytest.raises(GateClosed) as no:
        go()

    assert str(no.value) == (
        f"gate before {step} is closed: 1 of 10 stations wait in quarantine (10.00 %, limit 5.00 %): "
        "rehome quarantine list --entity station; to go on all the same, say why (despite)"
    )


def test_goes_on_despite_it_and_keeps_why(cleansed, engine):
    planning.plan.fn(pilot=1, cap=10, despite="the committee knows of CS-TEST-1")

    kept = tables.despite.c
    with engine.connect() as connection:
        (row,) = connection.execute(sa.select(kept.step, kept.reason, kept.findings)).tuples()
    assert row[:2] == ("plan_waves", "the committee knows of CS-TEST-1")
    assert row[2][0].startswith("1 of 10 stations wait")


def test_runs_where_little_waits(engine):
    line.require_running(engine, "plan_waves", despite="")

    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.despite)) == 0
