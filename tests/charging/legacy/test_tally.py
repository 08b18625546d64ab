"""A manifest counts rows by file, finds the window of the sessions, and adds up their energy exactly."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charging.legacy.source import LandedRow
from charging.legacy.tally import Tally


def _tally(*sessions, file="transaction_start"):
    tally = Tally()
    for line, values in enumerate(sessions, start=1):
        tally.count(LandedRow(entity="session", file=file, line=line, values=values))
    return tally


def _session(started_at, stopped_at, **values):
    return {"started_at": started_at, "stopped_at": stopped_at} | values


def test_rows_are_counted_by_file():
    tally = _tally({}, {})
    tally.count(LandedRow(entity="station", file="charge_box", line=1, values={}))

    assert {entity: dict(files) for entity, files in tally.files.items()} == {
        "session": {"transaction_start": 2},
        "station": {"charge_box": 1},
    }


@pytest.mark.parametrize(
    ("sessions", "window"),
    [
        pytest.param([], (None, None), id="no session"),
        pytest.param([("nonsense", None)], (None, None), id="no date"),
        pytest.param(
            [("2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"), ("2026-02-01T10:00:00Z", None)],
            ("2026-02-01T10:00", "2026-03-01T11:00"),
            id="in no order",
        ),
        pytest.param(
            [("2026-03-01T00:30:00+02:00", "2026-02-28T23:00:00Z")],
            ("2026-02-28T22:30", "2026-02-28T23:00"),
            id="by the instant and not by the text",
        ),
        pytest.param(
            [("0001-01-01T00:00:00+14:00", "2026-02-28T23:00:00Z")], (None, "2026-02-28T23:00"), id="no such instant"
        ),
    ],
)
def test_the_window_is_from_the_first_to_the_last_instant(sessions, window):
    expected = tuple(None if edge is None else datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in window)

    assert _tally(*(_session(*each) for each in sessions)).window == expected


def test_local_times_are_read_in_the_rows_own_zone():
    tally = _tally(_session("2026-07-01T10:00:00", "2026-07-01T11:00:00", time_zone="Europe/Amsterdam"))

    assert tally.window == (datetime(2026, 7, 1, 8, tzinfo=UTC), datetime(2026, 7, 1, 9, tzinfo=UTC))


def test_energy_adds_up_by_month_and_without_rounding():
    tally = _tally(
        _session("2026-01-31T23:00:00Z", "2026-02-01T01:00:00Z", energy_kwh="0.1"),
        _session("2026-02-03T23:00:00Z", None, energy_kwh="0.2"),
        _session("2026-01-03T23:00:00Z", "2026-01-04T00:00:00Z", meter_start_wh="1", meter_stop_wh="4"),
        _session("nonsense", None, energy_kwh="7"),
        _session("2026-02-03T23:00:00Z", None, energy_kwh="seven"),
    )

    assert tally.kwh_by_month == {"2026-01": Decimal("0.003"), "2026-02": Decimal("0.3"), "undated": Decimal(7)}
    assert tally.total_kwh == Decimal("7.303")
