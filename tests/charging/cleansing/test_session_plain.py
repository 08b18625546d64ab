"""Plain sessions are read at once, and come to what the rules say of them, whoever stands beside them."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charging.cleansing import Context, cleanse, session_pairs, session_times, sessions
from charging.cleansing.answers import Answer
from charging.cleansing.case import Case
from charging.cleansing.gather import gather
from charging.cleansing.population import Facts, ModelFacts
from charging.cleansing.session_plain import reader
from charging.legacy.source import LandedRow

AS_OF = datetime(2026, 3, 20, tzinfo=UTC)
BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)
PLAIN = {
    "session_id": "1",
    "station_id": "A",
    "connector_id": "1",
    "token_uid": "04A1B2C3D4E5F6",
    "started_at": "2026-03-01T08:00:00Z",
    "stopped_at": "2026-03-01T08:45:00Z",
    "server_started_at": "2026-03-01T08:00:02Z",
    "server_stopped_at": "2026-03-01T08:45:02Z",
    "meter_start_wh": "1000",
    "meter_stop_wh": "8500",
}
CONTEXT = Context(as_of=AS_OF, station_ids=frozenset({"A", "B"}), currency="EUR")
OTHERWISE = {
    "session_id": [" 7 ", "", "1", "2"],
    "station_id": ["a", "GHOST", " A", None, " ", "B"],
    "connector_id": ["0", "01", "100", "x", "1.0", None, "2", " 1"],
    "token_uid": ["04:a1:b2:c3:d4:e5:f6", "1234", None, "", "app", "E5F6A1B2C3D404"],
    "token_kind": ["pseudonym"],
    "server_started_at": [None, "2026-03-01T08:15:00Z", "2026-02-27T08:00:00Z", "nonsense", "0026-03-01T08:00:00Z"],
    "server_stopped_at": [None, "2026-03-01T08:00:00", "nonsense", "0026-03-01T08:00:00Z"],
    "meter_start_wh": [None, "n/a", "1", "1e3", "0", "+1000.0", "1,5", "9999999", "1000000"],
    "meter_stop_wh": [None, "", "n/a", "1000", "1000.5", "1010", "999", "0", "9000000"],
    "energy_kwh": ["7.5", "7.500", "8", "0", "-1", "7,5", " 7.5 "],
    "cost": ["3.20", "-1", "0", "x"],
    "currency": ["EUR", "eur", "EURO", None],
    "stop_count": ["1", "2", "x"],
    "is_estimated": ["true"],
    "time_zone": ["Europe/Amsterdam"],
    "failed_stop_reason": ["unknown transaction"],
}
ODD_TIMES = ["2026-03-01T08:00:00", "2026-03-01T08:00:00+01:00", "nonsense", None, "0026-03-01T08:00:00Z"]
ODD_TIMES += ["1970-01-01T00:00:00Z", "2025-10-26T02:30:00", "2026-03-01 08:00Z", "20260301T080000Z"]
LASTED = [timedelta(0), timedelta(milliseconds=5), timedelta(minutes=1), timedelta(minutes=45), timedelta(hours=20)]
LASTED += [timedelta(hours=24), timedelta(hours=24, seconds=1), timedelta(hours=80), timedelta(minutes=-5)]


@st.composite
def _session(draw):
    """A session that is plain but for two things at most, and near enough to others to be in their way."""
    began = BEGAN + timedelta(seconds=draw(st.sampled_from([0, 1, 2, 3, 1800, 3600, 7200, 90_000, 2_000_000])))
    ended = began + draw(st.sampled_from([*[LASTED[3]] * 8, *LASTED]))
    heard = began + timedelta(seconds=draw(st.sampled_from([0, 2, 120, 121, 3600])))
    start = draw(st.integers(0, 9)) * 10_000
    values = PLAIN | {
        "session_id": str(draw(st.integers(1, 60))),
        "station_id": draw(st.sampled_from("AAAB")),
        "connector_id": draw(st.sampled_from("112")),
        "started_at": _written(began),
        "stopped_at": _written(ended),
        "server_started_at": _written(heard),
        "server_stopped_at": _written(heard + (ended - began)),
        "meter_start_wh": str(start),
        "meter_stop_wh": str(start + draw(st.sampled_from([7500, 7500, 7500, 1, 20, 300_000]))),
    }
    for name in draw(st.lists(st.sampled_from([*OTHERWISE, "started_at", "stopped_at"]), max_size=2)):
        if draw(st.booleans()):
            values[name] = draw(st.sampled_from(OTHERWISE.get(name, ODD_TIMES)))
    return values


def _written(moment):
    return moment.isoformat().replace("+00:00", "Z")


def _rows(every):
    return [
        LandedRow(entity="session", file="export.csv", line=line, values=values)
        for line, values in enumerate(every, start=1)
    ]


def _by_rules_alone(monkeypatch):
    """Let no row be plain, and no look be quick."""
    monkeypatch.setattr(sessions, "reader", lambda _: lambda _: None)
    monkeypatch.setattr(session_times, "may_keep_another_time", lambda _: True)
    monkeypatch.setattr(session_pairs, "may_be_retransmitted", lambda _: True)


def _told(made):
    """Everything that was said, as it is written: 7.5 and 7.50 are not the same."""
    return [repr(getattr(made, each.name)) for each in fields(made)]


CONTEXTS = st.builds(
    replace,
    st.just(CONTEXT),
    time_zone=st.sampled_from([None, "Europe/Amsterdam"]),
    currency=st.sampled_from([None, "EUR"]),
    station_ids=st.sampled_from([None, CONTEXT.station_ids]),
    answers=st.sampled_from(
        [
            {},
            {("export.csv", 1): Answer(waived=frozenset({"tx.overlap", "tx.zero"}))},
            {("export.csv", 2): Answer(values={"meter_stop_wh": "9000"})},
        ]
    ),
)


@given(every=st.lists(_session(), min_size=1, max_size=25), context=CONTEXTS, beside=st.lists(_session(), max_size=3))
@settings(max_examples=500, deadline=None)
def test_plain_sessions_come_to_what_the_rules_say(every, context, beside):
    rows, settled = _rows(every), [replace(row, file="clean.session") for row in _rows(beside)]
    context = replace(context, facts=gather(rows))
    quick = cleanse("session", rows, context, beside=settled)
    with pytest.MonkeyPatch.context() as monkeypatch:
        _by_rules_alone(monkeypatch)
        assert _told(quick) == _told(cleanse("session", rows, context, beside=settled))


def _is_plain(context=CONTEXT, **other):
    values = PLAIN | other
    return reader(context)(Case(row=_rows([values])[0], key="1", values=values)) is not None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({}, id="registers alone"),
        pytest.param({"energy_kwh": "7.50"}, id="registers and the energy that they make"),
        pytest.param({"meter_start_wh": None, "meter_stop_wh": None, "energy_kwh": "7.5"}, id="an energy alone"),
        pytest.param({"server_started_at": None, "server_stopped_at": None}, id="no server's clock"),
        pytest.param({"connector_id": None}, id="no connector"),
        pytest.param({"token_uid": None}, id="no token"),
        pytest.param({"cost": "3.20"}, id="a cost in the source's currency"),
        pytest.param({"started_at": "2026-03-01T09:00:00+01:00"}, id="another offset"),
    ],
)
def test_a_session_with_nothing_wrong_is_plain(other):
    assert _is_plain(**other)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"station_id": "GHOST"}, id="an unknown station"),
        pytest.param({"connector_id": "0"}, id="the whole station"),
        pytest.param({"token_uid": "04:a1:b2:c3:d4:e5:f6"}, id="a uid in another notation"),
        pytest.param({"stopped_at": None}, id="no stop"),
        pytest.param({"started_at": "2026-03-01T08:00:00"}, id="a time without a zone"),
        pytest.param({"stopped_at": "2026-04-01T08:45:00Z"}, id="a stop in the future"),
        pytest.param({"server_started_at": "2026-02-27T08:00:00Z"}, id="another clock than the server's"),
        pytest.param({"meter_stop_wh": "1000"}, id="nothing delivered"),
        pytest.param({"meter_stop_wh": "999"}, id="a register that went back"),
        pytest.param({"meter_stop_wh": "1010"}, id="nearly nothing delivered"),
        pytest.param({"meter_stop_wh": "400000"}, id="more than any station delivers"),
        pytest.param({"energy_kwh": "8"}, id="an energy that the registers do not make"),
        pytest.param({"cost": "-1"}, id="a credit"),
        pytest.param({"stop_count": "2"}, id="two stops"),
    ],
)
def test_a_session_that_a_rule_may_speak_of_is_not_plain(other):
    assert not _is_plain(**other)


def test_no_session_of_a_model_that_counts_in_the_wrong_unit_is_plain():
    counts = ModelFacts(sessions=20, too_small=20)
    facts = Facts(model_of={"A": "Alfen NG910"}, by_model={"Alfen NG910": counts})
    assert not _is_plain(replace(CONTEXT, facts=facts))


def test_the_energy_that_a_plain_row_claims_is_kept_as_it_was_written():
    made = cleanse("session", _rows([PLAIN | {"energy_kwh": "7.50"}]), CONTEXT)
    assert (str(made.energy.before), str(made.energy.loaded)) == ("7.50", "7.5")
    assert made.clean[0].energy_kwh == Decimal("7.5")
