import json
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pandas as pd
import pytest

from charging.errors import CountsDisagree, MissingColumns, QualityBlocked, UnknownThing, UnreadableSource
from expectations.check import SEVERITY, SUITES, _result, check
from expectations.expectation import Consequence, Given

AS_OF = datetime(2026, 3, 1, 4, tzinfo=UTC)
ROWS, DAMAGED = 400, 300
GIVEN = Given(
    as_of=AS_OF,
    location_ids={f"LOC{row}" for row in range(ROWS)},
    station_ids={f"CS-{row}" for row in range(ROWS)},
    evse_ids={f"NLEVNE{row}" for row in range(ROWS)},
    currencies={"EUR"},
)
KEYS = {
    "locations": "location_id",
    "stations": "station_id",
    "evses": "evse_uid",
    "tokens": "token_uid",
    "sessions": "session_id",
    "cdrs": "cdr_key",
}
ROW = {
    "locations": lambda row: {
        "location_id": f"LOC{row}",
        "name": "Stationsplein",
        "country": "NL",
        "latitude": Decimal("52.09000"),
        "longitude": Decimal("5.12000"),
        "time_zone": "Europe/Amsterdam",
    },
    "stations": lambda row: {
        "station_id": f"CS-{row}",
        "location_id": f"LOC{row}",
        "vendor": "Supplier A",
        "model": "A1",
        "firmware": "4.2",
        "iccid": "8931440400012345678",
        "lane": "live",
        "last_seen_at": AS_OF,
    },
    "evses": lambda row: {
        "evse_uid": f"CS-{row}*1",
        "station_id": f"CS-{row}",
        "connector_id": 1,
        "evse_id": f"NL*EVN*E{row}*1",
    },
    "tokens": lambda row: {
        "token_uid": f"04AB{row:06}",
        "contract_id": f"NL-TNM-C{row:08}",
        "issuer": "NL-TNM",
        "is_blocked": False,
    },
    "sessions": lambda row: {
        "session_id": str(row),
        "station_id": f"CS-{row}",
        "connector_id": 1,
        "token_uid": "04AB000001",
        "started_at": AS_OF - timedelta(hours=2),
        "stopped_at": AS_OF,
        "meter_start_wh": Decimal(1000),
        "meter_stop_wh": Decimal(9000),
        "energy_kwh": Decimal("8.000"),
        "cost": Decimal("2.40"),
        "currency": "EUR",
    },
    "cdrs": lambda row: {
        "cdr_key": f"ours|roa|NL-EVN|{row}|abc",
        "evse_compact": f"NLEVNE{row}",
        "token_uid": "04AB000001",
        "contract_compact": "NLTNMC00000001",
        "started_at": AS_OF - timedelta(hours=2),
        "ended_at": AS_OF,
        "energy_kwh": Decimal("8.000"),
        "net": Decimal("-2.40"),
        "gross": Decimal("-2.90"),
        "currency": "EUR",
        "quality": "",
    },
}
LATER = AS_OF + timedelta(microseconds=1)
DAMAGE = [
    ("locations", "location.has_id", "location_id", None),
    ("locations", "location.is_unique", "location_id", "LOC1"),
    ("locations", "location.id_fits", "location_id", lambda row: f"LOC\n{row}"),
    ("locations", "location.country", "country", "Nederland"),
    ("locations", "location.latitude", "latitude", Decimal("90.00000000000000000001")),
    ("locations", "location.longitude", "longitude", Decimal("-180.00000000000000000001")),
    ("locations", "location.is_placed", "latitude", None),
    ("locations", "location.has_time_zone", "time_zone", None),
    ("stations", "station.has_identity", "station_id", None),
    ("stations", "station.is_unique", "station_id", "CS-1"),
    ("stations", "station.identity_printable", "station_id", lambda row: f"CS-{row} "),
    ("stations", "station.identity_fits", "station_id", lambda row: f"{row:049}"),
    ("stations", "station.location_known", "location_id", "LOC-elsewhere"),
    ("stations", "station.lane_known", "lane", "fast"),
    ("stations", "station.seen_in_the_past", "last_seen_at", LATER),
    ("stations", "station.iccid_whole", "iccid", "8.93E+18"),
    ("stations", "station.has_location", "location_id", None),
    ("stations", "station.has_vendor", "vendor", None),
    ("stations", "station.has_model", "model", None),
    ("stations", "station.has_firmware", "firmware", None),
    ("evses", "evse.has_uid", "evse_uid", None),
    ("evses", "evse.is_unique", "evse_uid", "CS-1*1"),
    ("evses", "evse.id_is_unique", "evse_id", "NL*EVN*E1*1"),
    ("evses", "evse.has_station", "station_id", None),
    ("evses", "evse.station_known", "station_id", "CS-elsewhere"),
    ("evses", "evse.connector_counts_from_one", "connector_id", 0),
    ("evses", "evse.id_readable", "evse_id", lambda row: f"Zuil {row}"),
    ("tokens", "token.has_uid", "token_uid", None),
    ("tokens", "token.is_unique", "token_uid", "04AB000001"),
    ("tokens", "token.uid_fits", "token_uid", lambda row: f"04 AB {row}"),
    ("tokens", "token.uid_fits_ocpp", "token_uid", lambda row: f"{row:021}"),
    ("tokens", "token.is_decided", "is_blocked", None),
    ("tokens", "token.contract_fits", "contract_id", "C" * 37),
    ("tokens", "token.issuer_readable", "issuer", "TNM"),
    ("tokens", "token.has_contract", "contract_id", None),
    ("sessions", "session.has_id", "session_id", None),
    ("sessions", "session.is_unique", "session_id", "1"),
    ("sessions", "session.has_station", "station_id", None),
    ("sessions", "session.station_known", "station_id", "CS-elsewhere"),
    ("sessions", "session.has_token", "token_uid", None),
    ("sessions", "session.has_start", "started_at", None),
    ("sessions", "session.has_stop", "stopped_at", None),
    ("sessions", "session.stops_after_start", "started_at", AS_OF),
    ("sessions", "session.in_the_past", "stopped_at", LATER),
    ("sessions", "session.connector_counts_from_one", "connector_id", 0),
    ("sessions", "session.has_energy", "energy_kwh", None),
    ("sessions", "session.energy_plausible", "energy_kwh", Decimal("-0.0000000000000000001")),
    ("sessions", "session.meter_goes_up", "meter_start_wh", Decimal("9000.000000000000001")),
    ("sessions", "session.cost_plausible", "cost", Decimal("-0.01")),
    ("sessions", "session.currency_readable", "currency", "€"),
    ("sessions", "session.currency_known", "currency", "DKK"),
    ("cdrs", "cdr.has_key", "cdr_key", None),
    ("cdrs", "cdr.is_unique", "cdr_key", "ours|roa|NL-EVN|1|abc"),
    ("cdrs", "cdr.has_evse", "evse_compact", None),
    ("cdrs", "cdr.evse_known", "evse_compact", "DEABCE1"),
    ("cdrs", "cdr.has_token", "token_uid", None),
    ("cdrs", "cdr.has_contract", "contract_compact", None),
    ("cdrs", "cdr.has_start", "started_at", None),
    ("cdrs", "cdr.has_end", "ended_at", None),
    ("cdrs", "cdr.ends_after_start", "started_at", AS_OF + timedelta(hours=1)),
    ("cdrs", "cdr.in_the_past", "ended_at", LATER),
    ("cdrs", "cdr.has_energy", "energy_kwh", None),
    ("cdrs", "cdr.energy_plausible", "energy_kwh", Decimal("1000.0000000000000000001")),
    ("cdrs", "cdr.has_net", "net", None),
    ("cdrs", "cdr.has_currency", "currency", None),
    ("cdrs", "cdr.currency_readable", "currency", "Euro"),
    ("cdrs", "cdr.currency_known", "currency", "DKK"),
    ("cdrs", "cdr.not_odd", "quality", "unit.energy_wh"),
]


def good(suite, rows=ROWS):
    return pd.DataFrame([ROW[suite](row) for row in range(rows)])


def damaged(suite, column, value):
    rows = [ROW[suite](row) for row in range(ROWS)]
    for row in range(ROWS - DAMAGED, ROWS):
        rows[row][column] = value(row) if callable(value) else value
    return pd.DataFrame(rows)


def result(findings, expectation_id):
    return next(found for found in findings.results if found.expectation_id == expectation_id)


@pytest.mark.parametrize("suite", SUITES)
def test_has_nothing_to_say_about_good_rows(suite):
    findings = check(suite, good(suite), key=KEYS[suite], given=GIVEN)

    assert [found.expectation_id for found in findings.results if not found.is_met] == []
    assert (findings.rows, findings.unasked, findings.quarantined_keys) == (ROWS, (), {})
    findings.require_no_blocks()


def test_the_damage_below_breaks_every_expectation_there_is():
    listed = {each.expectation_id for suite in SUITES.values() for each in suite(GIVEN)}

    assert {expectation_id for _, expectation_id, _, _ in DAMAGE} == {
        each for each in listed if not each.endswith(".some_rows")
    }


@pytest.mark.parametrize(("suite", "expectation_id", "column", "value"), DAMAGE, ids=[case[1] for case in DAMAGE])
def test_names_every_row_that_fails_and_lets_the_consequence_happen(suite, expectation_id, column, value):
    frame = damaged(suite, column, value)
    key = KEYS[suite]
    fails = frame[column].isin(frame[column][ROWS - DAMAGED :])
    expected = [None if pd.isna(each) else each for each in frame[key][fails]]

    findings = check(suite, frame, key=key, given=GIVEN)

    found = result(findings, expectation_id)
    assert not found.is_met
    assert found.unexpected_count == len(found.unexpected_keys) >= DAMAGED
    assert sorted(map(str, found.unexpected_keys)) == sorted(map(str, expected))
    told = {
        Consequence.BLOCK: any(found.sentence in block for block in findings.blocks),
        Consequence.QUARANTINE: any(found.sentence in reasons for reasons in findings.quarantined_keys.values()),
        Consequence.WARN: any(found.sentence in warning for warning in findings.warnings),
    }
    assert told == {consequence: consequence is found.consequence for consequence in Consequence}
    if found.consequence is Consequence.QUARANTINE:
        assert all(found.sentence in findings.quarantined_keys[each] for each in expected)


def test_refuses_to_go_on_with_a_blocked_table():
    findings = check("sessions", damaged("sessions", "session_id", "1"), key="session_id", given=GIVEN)

    with pytest.raises(QualityBlocked, match=r"suite sessions blocks: No session id occurs twice\."):
        findings.require_no_blocks()


@pytest.mark.parametrize("suite", SUITES)
def test_blocks_an_empty_table_and_says_only_that(suite):
    frame = pd.DataFrame(columns=list(ROW[suite](0)))

    findings = check(suite, frame, key=KEYS[suite], given=GIVEN)

    assert findings.blocks == ("There is at least one row. It does not hold.",)
    assert (findings.rows, findings.quarantined_keys) == (0, {})


@pytest.mark.parametrize("suite", SUITES)
def test_answers_for_rows_without_any_value(suite):
    frame = pd.DataFrame([dict.fromkeys(ROW[suite](0))] * 3)

    findings = check(suite, frame, key=KEYS[suite], given=GIVEN)

    assert findings.blocks[0].endswith("It does not hold for 3 rows (None, None, None).")


@pytest.mark.parametrize(
    ("key", "named"),
    [
        (pd.NA, None),
        (pd.NaT, None),
        (float("nan"), None),
        (None, None),
        (Decimal("7.50"), "7.50"),
        (AS_OF, "2026-03-01 04:00:00+00:00"),
        ("", ""),
        (7, 7),
    ],
    ids=repr,
)
def test_names_rows_in_plain_values(key, named):
    frame = good("sessions", rows=3)
    frame["session_id"] = pd.Series([key] * 3, dtype=object)
    frame["currency"] = "Euro"

    findings = check("sessions", frame, key="session_id", given=GIVEN)

    assert result(findings, "session.currency_known").unexpected_keys == (named,) * 3


def test_lists_what_could_not_be_asked():
    findings = check("stations", good("stations"), key="station_id", given=Given(as_of=AS_OF))

    assert findings.unasked == ("Every location that a station names is in the table of locations.",)


def test_reads_times_that_are_missing_as_missing():
    frame = good("sessions", rows=3)
    frame.loc[1, "stopped_at"] = pd.NaT

    findings = check("sessions", frame, key="session_id", given=GIVEN)

    assert findings.quarantined_keys == {"1": ("Every session has a stop.",)}


@pytest.mark.parametrize("bound", [Decimal(0), Decimal(1000), Decimal("1E+3"), 0, 1000])
def test_takes_an_energy_on_the_bound(bound):
    frame = good("sessions", rows=3)
    frame["energy_kwh"] = pd.Series([bound] * 3, dtype=object)

    assert check("sessions", frame, key="session_id", given=GIVEN).quarantined_keys == {}


def test_gives_a_row_every_reason_it_has_and_names_it_once():
    frame = good("sessions", rows=3)
    frame.loc[2, "currency"] = "Euro"
    frame.loc[2, "connector_id"] = 0

    findings = check("sessions", frame, key="session_id", given=GIVEN)

    assert list(findings.quarantined_keys) == ["2"]
    assert len(findings.quarantined_keys["2"]) == 3


def test_refuses_floats_where_exactness_counts():
    frame = good("sessions", rows=3)
    frame["energy_kwh"] = frame["energy_kwh"].astype(float)

    with pytest.raises(TypeError, match="energy_kwh holds floats"):
        check("sessions", frame, key="session_id", given=GIVEN)


def test_refuses_a_table_that_lacks_a_column():
    with pytest.raises(MissingColumns, match="energy_kwh"):
        check("sessions", good("sessions", rows=3).drop(columns="energy_kwh"), key="session_id", given=GIVEN)


def test_refuses_a_suite_that_does_not_exist():
    with pytest.raises(UnknownThing, match="tariffs"):
        check("tariffs", good("sessions", rows=3), key="session_id", given=GIVEN)


def test_says_so_when_values_cannot_be_compared():
    frame = good("sessions", rows=3)
    frame["energy_kwh"] = pd.Series([Decimal(1), "eight", Decimal(2)], dtype=object)

    with pytest.raises(UnreadableSource, match=r"session\.energy_plausible"):
        check("sessions", frame, key="session_id", given=GIVEN)


def test_refuses_an_answer_that_does_not_name_every_failing_row():
    asked = next(each for each in SUITES["sessions"](GIVEN) if each.expectation_id == "session.energy_plausible")
    capped = SimpleNamespace(
        success=False,
        exception_info={"raised_exception": False, "exception_message": None},
        result={"unexpected_count": 300, "unexpected_index_list": [{"session_id": str(row)} for row in range(200)]},
    )

    with pytest.raises(CountsDisagree, match="300 rows went in, but 0 loaded and 200 quarantined"):
        _result("sessions", asked, capped, "session_id")


def test_can_be_written_as_json_even_where_keys_are_numpy_numbers():
    frame = good("sessions", rows=3)
    frame["session_id"] = pd.Series([7, 8, 9], dtype="int64")
    frame["currency"] = "Euro"

    findings = check("sessions", frame, key="session_id", given=GIVEN)

    written = json.loads(json.dumps(asdict(findings)))
    assert written["results"][-1]["unexpected_keys"] == [7, 8, 9]


def test_every_consequence_has_a_severity_of_its_own():
    assert {consequence: SEVERITY[consequence] for consequence in Consequence} == {
        Consequence.BLOCK: "critical",
        Consequence.QUARANTINE: "warning",
        Consequence.WARN: "info",
    }


@pytest.mark.parametrize("suite", SUITES)
def test_ids_and_sentences_are_each_said_once(suite):
    listed = SUITES[suite](GIVEN)

    assert len({each.expectation_id for each in listed}) == len({each.sentence for each in listed}) == len(listed)


def test_importing_costs_nothing_until_a_table_is_checked():
    code = (
        "import sys, expectations.check as c; print([m for m in ('great_expectations', 'pandas') if m in sys.modules])"
    )

    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert printed.strip() == "[]"
