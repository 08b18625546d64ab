from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charging.cleansing import Adjustment, Context, Energy, cleanse
from charging.legacy.csv_file import CsvSource

AS_OF = datetime(2026, 11, 20, 6, tzinfo=UTC)
REAL = Path(__file__).parents[4] / "shared" / "data" / "workplace-charging-sessions.csv"


@dataclass(frozen=True)
class Row:
    entity: str
    file: str
    line: int
    values: dict


times = st.sampled_from(
    [
        *(
            None,
            "",
            "soon",
            "0014-11-18 15:40:26",
            "2026-10-25 02:30:00",
            "2026-03-29 02:30:00",
            "9999-12-31T23:59:59-14:00",
        ),
        *("0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z", "2026-03-04T10:00:00Z", "2026-03-04T10:00:01Z"),
        *("2026-03-04T11:00:00Z", "2026-03-04T12:00:00Z", "2026-03-09T12:00:00Z", "2030-01-01T00:00:00Z"),
    ]
)
numbers = st.one_of(
    st.none(),
    st.sampled_from(["", "0", "7,5", "NaN", "1E400", "-3", "999999999", "999999999999.999999999", "#VALUE!"]),
    st.decimals(0, 200, places=3).map(str),
    st.integers(0, 10**9).map(str),
)
sessions = st.fixed_dictionaries(
    {
        "session_id": st.sampled_from(["1", "2", "3", "4", "", None]),
        "station_id": st.sampled_from(["A", "B", "", None]),
        "connector_id": st.sampled_from([None, "0", "1", "1", "1", "x", "٣"]),
        "token_uid": st.sampled_from([None, "04A1B2C3D4E5F6", "12345678"]),
        "started_at": times,
        "stopped_at": times,
        "server_started_at": times,
        "server_stopped_at": times,
        "meter_start_wh": numbers,
        "meter_stop_wh": numbers,
        "energy_kwh": numbers,
        "cost": numbers,
    },
    optional={
        "csv_shift": st.just("it does not fit"),
        "failed_stop_reason": st.just("unknown"),
        "century": st.just("2000"),
    },
)
texts = st.dictionaries(
    st.sampled_from(
        [
            *(
                "location_id",
                "station_id",
                "connector_id",
                "token_uid",
                "contract_id",
                "parent_uid",
                "evse_id",
                "street",
            ),
            *("city", "country", "latitude", "longitude", "iccid", "serial_number", "vendor", "last_seen_at", "note"),
            *("is_blocked", "expires_at", "status", "owner_count", "csv_shift"),
        ]
    ),
    st.one_of(
        st.none(), st.sampled_from(["1", "0", "A", "B", "NL", "04A1B2C3D4E5F6", "52.0", "4.3"]), st.text(max_size=12)
    ),
)


def rows(entity, values):
    return [Row(entity, "garbage.csv", line, each) for line, each in enumerate(values, start=2)]


@settings(max_examples=150, deadline=None)
@given(st.lists(sessions, max_size=8), st.sampled_from([None, "Europe/Amsterdam"]))
def test_every_row_and_every_kwh_of_random_garbage_is_accounted_for(values, time_zone):
    found = cleanse("session", rows("session", values), Context(as_of=AS_OF, time_zone=time_zone))

    assert found.rows_in == len(values) == len(found.clean) + len(found.quarantined) + found.merged
    assert found.energy.before == found.energy.loaded + found.energy.quarantined + found.energy.adjusted
    assert all(each.started_at <= each.stopped_at <= AS_OF and each.energy_kwh >= 0 for each in found.clean)
    assert len({each.session_id for each in found.clean}) == len(found.clean)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["location", "station", "evse", "token"]), st.lists(texts, max_size=6))
def test_every_row_of_random_garbage_is_accounted_for(entity, values):
    found = cleanse(entity, rows(entity, values), Context(as_of=AS_OF))

    assert found.rows_in == len(values) == len(found.clean) + len(found.quarantined) + found.merged
    assert {(fix.entity, bool(fix.rule)) for fix in found.fixes} <= {(entity, True)}


@settings(max_examples=150, deadline=None)
@given(st.lists(sessions, max_size=8))
def test_cleansing_what_is_clean_changes_nothing(values):
    context = Context(as_of=AS_OF, time_zone="Europe/Amsterdam", currency="EUR")
    once = cleanse("session", rows("session", values), context)

    again = cleanse("session", rows("session", [_as_text(each) for each in once.clean]), context)

    assert sorted(map(repr, again.clean)) == sorted(repr(_settled(each)) for each in once.clean)
    assert again.quarantined == ()


def _as_text(session):
    """Return a clean session as a source would land it; its energy is what it is, whatever its registers do."""
    return {
        "session_id": session.session_id,
        "station_id": session.station_id,
        "connector_id": None if session.connector_id is None else str(session.connector_id),
        "token_uid": session.token_uid,
        "started_at": session.started_at.isoformat(),
        "stopped_at": session.stopped_at.isoformat(),
        "energy_kwh": str(session.energy_kwh),
        "cost": None if session.cost is None else str(session.cost),
        "currency": session.currency,
        "is_estimated": str(session.is_estimated).lower(),
    }


def _settled(session):
    return replace(session, meter_start_wh=None, meter_stop_wh=None)


@pytest.mark.parametrize(("reason", "logged"), [(" Local ", ["Local"]), ("Local", []), ("", [None]), (None, [])])
def test_says_where_it_took_space_away(session, reason, logged):
    assert [(fix.rule, fix.after) for fix in session({"stop_reason": reason}).fixes] == [
        ("txt.space", after) for after in logged
    ]


def test_a_fix_of_a_row_that_was_set_aside_is_none(session):
    found = session({"started_at": "0014-03-04T10:00:00Z", "stopped_at": "0014-03-04T09:00:00Z"}, century=2000)

    assert [row.rule for row in found.quarantined] == ["tx.impossible"]
    assert found.fixes == ()
    assert found.quarantined[0].values["started_at"] == "0014-03-04T10:00:00Z"


def test_says_by_which_rule_energy_was_adjusted(metered):
    found = metered({"meter_start_wh": "999996000", "meter_stop_wh": "3500"})

    assert [(each.rule, each.energy_kwh) for each in found.energy.adjustments] == [("tx.rollover", Decimal(-1_000_000))]
    assert found.energy.loaded == Decimal("7.5")


def test_adds_up_what_each_rule_took_away():
    taken = [("1", "tx.rollover", "-1000000"), ("2", "tx.dup", "7.5"), ("3", "tx.rollover", "-4.298")]
    energy = Energy(
        adjustments=tuple(Adjustment(key=key, rule=rule, energy_kwh=Decimal(kwh)) for key, rule, kwh in taken)
    )

    assert list(energy.adjusted_by_rule.items()) == [
        ("tx.dup", Decimal("7.5")),
        ("tx.rollover", Decimal("-1000004.298")),
    ]
    assert sum(energy.adjusted_by_rule.values()) == energy.adjusted


@pytest.mark.skipif(not REAL.exists(), reason="the workplace file is not part of the project")
def test_accounts_for_the_workplace_file():
    source = CsvSource(REAL, time_zone="America/New_York")
    landed = [row for chunk in source.rows("session") for row in chunk]

    found = cleanse("session", landed, Context(as_of=AS_OF))

    assert (found.rows_in, len(found.clean), found.merged) == (3395, 3383, 0)
    assert {row.rule for row in found.quarantined} == {"tx.zero"}
    assert sum(not each.is_billable for each in found.clean) == 43
    assert found.energy.before == found.energy.loaded == Decimal("19723.69")
    assert {each.started_at.year for each in found.clean} == {2014, 2015}
