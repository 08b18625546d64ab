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
from expectations.answers import SEVERITY, key_of
from expectations.answers import result as answered
from expectations.check import SUITES, check
from expectations.expectation import Consequence, Given

AS_OF = datetime(2026, 3, 1, 4, tzinfo=UTC)
ROWS, DAMAGED = 400, 300
GIVEN = Given(
    as_of=AS_OF,
    location_ids={f"LOC{row}" for row in range(ROWS)},
    station_ids={f"CS-{row}" for row in range(ROWS)},
    evse_ids={f"NLEVNE{row}" for row in range(ROWS)},
    currencies={"EUR"},
    evse_uids={f"CS-{row}*1" for row in range(ROWS)},
    tariff_ids={f"T{row}" for row in range(ROWS)},
    customer_ids={f"K{row}" for row in range(ROWS)},
    token_uids={"04AB000001"},
    session_ids={str(row) for row in range(ROWS)},
)
KEYS = {
    "connectors": ("evse_uid", "connector_number"),
    "tariffs": "tariff_id",
    "customers": "customer_id",
    "contracts": "contract_id",
    "meter_values": ("session_id", "sample_number"),
    "reservations": "reservation_id",
    "charging_profiles": "profile_id",
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
    "connectors": lambda row: {
        "evse_uid": f"CS-{row}*1",
        "connector_number": 1,
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 400,
        "max_amperage": 32,
        "max_power_w": 22_000,
    },
    "tariffs": lambda row: {
        "tariff_id": f"T{row}",
        "name": "Day",
        "currency": "EUR",
        "valid_from": AS_OF - timedelta(days=30),
        "valid_until": AS_OF,
        "document": {"id": f"T{row}"},
    },
    "customers": lambda row: {
        "customer_id": f"K{row}",
        "name": "Customer",
        "email": f"k{row}@example.test",
        "phone": "+31 20 555 0100",
    },
    "contracts": lambda row: {
        "contract_id": f"NL-TNM-C{row:08}",
        "customer_id": f"K{row}",
        "issuer": "NL-TNM",
        "tariff_id": f"T{row}",
        "valid_from": AS_OF - timedelta(days=30),
        "valid_until": AS_OF,
        "is_blocked": False,
    },
    "meter_values": lambda row: {
        "session_id": str(row),
        "sample_number": 1,
        "sampled_at": AS_OF,
        "measurand": "Energy.Active.Import.Register",
        "unit": "Wh",
        "value": Decimal("12.5"),
        "signed": None,
    },
    "reservations": lambda row: {
        "reservation_id": str(row),
        "station_id": f"CS-{row}",
        "connector_id": 0,
        "token_uid": "04AB000001",
        "starts_at": AS_OF - timedelta(hours=1),
        "expires_at": AS_OF,
    },
    "charging_profiles": lambda row: {
        "profile_id": str(row),
        "station_id": f"CS-{row}",
        "connector_id": 0,
        "stack_level": 0,
        "purpose": "TxDefaultProfile",
        "kind": "Absolute",
        "recurrency": "Daily",
        "valid_from": AS_OF - timedelta(days=30),
        "valid_until": AS_OF,
        "duration_seconds": 3600,
        "rate_unit": "A",
        "periods": [{"start_period": 0, "limit": "16"}],
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
    ("connectors", "connector.has_evse", "evse_uid", None),
    ("connectors", "connector.has_number", "connector_number", None),
    ("connectors", "connector.is_unique", "evse_uid", "CS-1*1"),
    ("connectors", "connector.evse_known", "evse_uid", lambda row: f"elsewhere-{row}"),
    ("connectors", "connector.counts_from_one", "connector_number", 0),
    ("connectors", "connector.standard_known", "standard", "Type 2"),
    ("connectors", "connector.format_known", "format", "socket"),
    ("connectors", "connector.power_type_known", "power_type", "AC"),
    ("connectors", "connector.max_voltage_plausible", "max_voltage", 1501),
    ("connectors", "connector.max_amperage_plausible", "max_amperage", 0),
    ("connectors", "connector.max_power_w_plausible", "max_power_w", -1),
    ("connectors", "connector.has_standard", "standard", None),
    ("connectors", "connector.has_power", "max_power_w", None),
    ("tariffs", "tariff.has_id", "tariff_id", None),
    ("tariffs", "tariff.is_unique", "tariff_id", "T1"),
    ("tariffs", "tariff.id_fits", "tariff_id", lambda row: f"T{row:036}"),
    ("tariffs", "tariff.has_currency", "currency", None),
    ("tariffs", "tariff.currency_readable", "currency", "€"),
    ("tariffs", "tariff.currency_known", "currency", "DKK"),
    ("tariffs", "tariff.has_document", "document", None),
    ("tariffs", "tariff.ends_after_start", "valid_from", AS_OF),
    ("tariffs", "tariff.has_name", "name", None),
    ("customers", "customer.has_id", "customer_id", None),
    ("customers", "customer.is_unique", "customer_id", "K1"),
    ("customers", "customer.id_printable", "customer_id", lambda row: f" K{row}"),
    ("customers", "customer.email_readable", "email", "at home"),
    ("customers", "customer.phone_readable", "phone", "ask reception"),
    ("customers", "customer.has_name", "name", None),
    ("customers", "customer.has_email", "email", None),
    ("contracts", "contract.has_id", "contract_id", None),
    ("contracts", "contract.is_unique", "contract_id", "NL-TNM-C00000001"),
    ("contracts", "contract.id_fits", "contract_id", lambda row: f"NL TNM {row}"),
    ("contracts", "contract.is_decided", "is_blocked", None),
    ("contracts", "contract.issuer_readable", "issuer", "TNM"),
    ("contracts", "contract.ends_after_start", "valid_until", AS_OF - timedelta(days=30)),
    ("contracts", "contract.customer_known", "customer_id", "elsewhere"),
    ("contracts", "contract.tariff_known", "tariff_id", "elsewhere"),
    ("contracts", "contract.has_customer", "customer_id", None),
    ("meter_values", "meter_value.has_session", "session_id", None),
    ("meter_values", "meter_value.has_number", "sample_number", None),
    ("meter_values", "meter_value.is_unique", "session_id", "1"),
    ("meter_values", "meter_value.session_known", "session_id", lambda row: f"elsewhere-{row}"),
    ("meter_values", "meter_value.counts_from_one", "sample_number", 0),
    ("meter_values", "meter_value.has_time", "sampled_at", None),
    ("meter_values", "meter_value.in_the_past", "sampled_at", LATER),
    ("meter_values", "meter_value.has_measurand", "measurand", None),
    ("meter_values", "meter_value.measurand_readable", "measurand", "energy"),
    ("meter_values", "meter_value.unit_known", "unit", "kwh"),
    ("meter_values", "meter_value.has_value", "value", None),
    ("reservations", "reservation.has_id", "reservation_id", None),
    ("reservations", "reservation.is_unique", "reservation_id", "1"),
    ("reservations", "reservation.has_station", "station_id", None),
    ("reservations", "reservation.station_known", "station_id", "CS-elsewhere"),
    ("reservations", "reservation.token_known", "token_uid", "04FF"),
    ("reservations", "reservation.connector_counts", "connector_id", -1),
    ("reservations", "reservation.has_token", "token_uid", None),
    ("reservations", "reservation.has_end", "expires_at", None),
    ("reservations", "reservation.ends_after_start", "starts_at", AS_OF),
    ("charging_profiles", "charging_profile.has_id", "profile_id", None),
    ("charging_profiles", "charging_profile.is_unique", "profile_id", "1"),
    ("charging_profiles", "charging_profile.station_known", "station_id", "CS-elsewhere"),
    ("charging_profiles", "charging_profile.purpose_known", "purpose", "Max"),
    ("charging_profiles", "charging_profile.kind_known", "kind", "absolute"),
    ("charging_profiles", "charging_profile.recurrency_known", "recurrency", "Yearly"),
    ("charging_profiles", "charging_profile.rate_unit_known", "rate_unit", "kW"),
    ("charging_profiles", "charging_profile.connector_id_counts", "connector_id", -1),
    ("charging_profiles", "charging_profile.stack_level_counts", "stack_level", -1),
    ("charging_profiles", "charging_profile.duration_seconds_counts", "duration_seconds", 0),
    ("charging_profiles", "charging_profile.ends_after_start", "valid_until", AS_OF - timedelta(days=30)),
    ("charging_profiles", "charging_profile.has_periods", "periods", None),
    ("charging_profiles", "charging_profile.has_station", "station_id", None),
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
    return pd.DataFrame(rows, dtype=object)  # as cleansing hands them in: integers with a gap stay integers


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
    columns = [key] if isinstance(key, str) else list(key)
    expected = [
        key_of([None if pd.isna(part) else part for part in parts])
        for parts in frame[columns][fails].itertuples(index=False)
    ]

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
    with pytest.raises(UnknownThing, match="parking"):
        check("parking", good("sessions", rows=3), key="session_id", given=GIVEN)


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
        result={"unexpected_count": 300},
    )

    with pytest.raises(CountsDisagree, match="300 rows went in, but 0 loaded and 200 quarantined"):
        answered("sessions", asked, capped, lambda _: [str(row) for row in range(200)])


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


def test_what_is_slow_to_import_is_there_after_what_it_was_imported_beside():
    code = """
import sys
from expectations import answers
before = "great_expectations" in sys.modules
with answers.getting_ready():
    pass
print(before, "great_expectations.core" in sys.modules)
"""

    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert printed.strip() == "False True"


def test_importing_costs_nothing_until_a_table_is_checked():
    code = (
        "import sys, expectations.check as c; print([m for m in ('great_expectations', 'pandas') if m in sys.modules])"
    )

    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert printed.strip() == "[]"
