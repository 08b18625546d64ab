import json
from collections import Counter, defaultdict
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charging.canonical import plain
from charging.cleansing import Context, cleanse
from charging.cleansing.population import Facts, ModelFacts, Sample
from charging.cleansing.undo import broken, undo
from charging.cleansing.values import stamp
from charging.cleansing.verdict import WITHHELD

AS_OF = datetime(2026, 11, 20, 6, tzinfo=UTC)
FACTS = Facts(
    model_of={"CS-3": "Kilo"},
    by_model={"Kilo": ModelFacts(sessions=41, too_small=41)},
    decimals={"export.csv": Counter(comma=41)},
    registers_of={
        key: [
            Sample(stamp(at), Decimal(wh), at)
            for at, wh in (("2026-03-04T11:00:00", 9_000), ("2026-03-04T11:50:00", 100))
        ]
        for key in ("1", "2", "3")
    },
)
CONTEXT = Context(
    as_of=AS_OF,
    time_zone="Europe/Amsterdam",
    currency="EUR",
    century=2000,
    facts=FACTS,
    known_token_uids=frozenset({"0A1B2C3D", "04A1B2C3D4E5F6"}),
    station_ids=frozenset({"CS-1", "CS-2", "CS-3"}),
    session_ids=frozenset({"1", "2"}),
)


@dataclass(frozen=True)
class Row:
    entity: str
    file: str
    line: int
    values: dict


def one_of(*values):
    return st.sampled_from([None, *values])


NUMBERS = one_of("1", "2", " 3 ", "0")
TIMES = one_of(
    *("2026-03-04T10:00:00Z", "2026-03-04T10:00:01Z", "2026-03-04T12:00:00", "0026-03-04T12:00:00Z"),
    *("1970-01-01T00:00:00Z", "2026-10-25T02:30:00", "2026-10-25T04:00:00", "9999-12-31T00:00:00Z", "2020-01-01"),
)
WH = one_of("0", "1000", "999999990", "12,5", "7.5", "10000", "17500", " 20000", "x")
STATIONS = one_of("CS-1", "cs-1", "CS-2 ", "CS-3", "CS-4")
UIDS = one_of("04A1B2C3D4E5F6", "04:a1:b2:c3:d4:e5:f6", "a1b2c3d", "REMOTE-1", "Jan Smit", "F6E5D4C3B2A104", "04A1B2C3")
TEXTS = one_of("Kade 5", "StraÃŸe", "MÃƒÂ¼hle", "A &amp;amp; B", " x ", "K\ufffdln", "06-12345678")
COLUMNS = {
    "location": {
        "location_id": one_of("1", " 2", "3"),
        "name": TEXTS,
        "street": TEXTS,
        "city": TEXTS,
        "country": one_of("NL", "nederland", "UK", "Atlantis"),
        "latitude": one_of("52.1", "4.35712", "52.01", "0", "155000", "-52.1"),
        "longitude": one_of("4.35712", "52.1", "-4.35712", "463000"),
        "time_zone": one_of("Europe/Berlin", "CET+1"),
    },
    "station": {
        "station_id": one_of("CS-1", "cs-1", "CS-2", " CS-3"),
        "vendor": one_of("Alfen", "ALFEN", "Alfen B.V.", "ICU Charging"),
        "serial_number": one_of("S1", "S2"),
        "iccid": one_of("8931440000000001236", "8.93E+18", "8931440000000001237"),
        "last_seen_at": one_of("2026-11-19T06:00:00Z", "2026-01-01T06:00:00Z"),
    },
    "evse": {"station_id": STATIONS, "connector_id": NUMBERS, "evse_id": one_of("NL*ABC*E1*2", "NLABCE12", " ")},
    "connector": {
        "station_id": STATIONS,
        "connector_id": one_of("1", " 1"),
        "connector_number": NUMBERS,
        "standard": one_of("Type 2", "CCS", "IEC_62196_T2"),
        "format": one_of("socket", "?"),
        "max_power_w": one_of("22000", "22", "x", "0"),
    },
    "tariff": {
        "tariff_id": NUMBERS,
        "name": TEXTS,
        "currency": one_of("EUR", "EUX"),
        "price_per_kwh": one_of("0.35", "0,35", "-1"),
        "valid_from": TIMES,
    },
    "customer": {"customer_id": NUMBERS, "name": TEXTS, "email": one_of("a@b.nl", "a@"), "note": TEXTS},
    "contract": {
        "contract_id": one_of("NL-TNM-C00122045-K", "NLTNMC00122045", " 17", "NL-TNM-C00122045-A"),
        "is_blocked": one_of("0", "yes", "maybe"),
        "valid_until": TIMES,
    },
    "token": {
        "token_uid": UIDS,
        "parent_uid": UIDS,
        "contract_id": one_of("NL-TNM-C00122045-K", "NL-TNM-C00122045-A"),
        "is_blocked": one_of("0", "1", "x"),
        "expires_at": TIMES,
        "note": one_of("NL-TNM-C00122045-K bel 06-12345678", "x"),
    },
    "session": {
        "session_id": NUMBERS,
        "station_id": STATIONS,
        "connector_id": one_of("1", "0", " 2"),
        "token_uid": UIDS,
        "started_at": TIMES,
        "stopped_at": TIMES,
        "server_started_at": TIMES,
        "server_stopped_at": TIMES,
        "meter_start_wh": WH,
        "meter_stop_wh": WH,
        "energy_kwh": one_of("7.5", "7,5", "0", "16.5"),
        "stop_count": one_of("1", "3"),
        "failed_stop_reason": one_of("unknown"),
    },
    "meter_value": {
        "session_id": NUMBERS,
        "sampled_at": TIMES,
        "value": WH,
        "format": one_of("SignedData"),
        "measurand": one_of("SoC", "Power.Active.Import"),
    },
    "reservation": {"reservation_id": NUMBERS, "station_id": STATIONS, "token_uid": UIDS, "starts_at": TIMES},
    "charging_profile": {
        "profile_id": NUMBERS,
        "station_id": STATIONS,
        "stack_level": one_of("0", "x"),
        "purpose": one_of("txprofile", "TxProfile"),
        "kind": one_of("absolute"),
        "rate_unit": one_of("a", "W"),
        "periods": one_of('[{"startPeriod": 0, "limit": 16.10}]', "[]"),
    },
}
ENTITIES = [pytest.param(entity, id=entity) for entity in COLUMNS]


def landed(entity, rows):
    return [Row(entity, "export.csv", line, values) for line, values in enumerate(rows, start=1)]


def rows_of(entity):
    return st.lists(st.fixed_dictionaries(COLUMNS[entity]), min_size=1, max_size=6)


def as_row(entity, value):
    """A clean value as the row of a source that has just this to say."""
    written = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if entity in {"evse", "connector"}:
        written["station_id"], _, connector_id = written["evse_uid"].rpartition("*")
        written["connector_id"] = connector_id
    if entity == "tariff":
        written["document"] = json.dumps(written["document"])
    if entity == "charging_profile":
        written["periods"] = json.dumps(written["periods"])
    if entity == "meter_value" and (signed := written.pop("signed")) is not None:
        written |= {"value": signed, "format": "SignedData"}
    return {name: None if each is None else str(each) or None for name, each in written.items()}


@pytest.mark.parametrize("entity", ENTITIES)
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_the_log_applied_backwards_gives_the_values_before(entity, data):
    rows = data.draw(rows_of(entity))
    made = cleanse(entity, landed(entity, rows), CONTEXT)
    by_row = defaultdict(list)
    for place, fix in zip(made.fixes_at, made.fixes, strict=True):
        by_row[place].append(fix)
    for place, fixes in by_row.items():
        assert broken(fixes) == ()
        for name, value in undo(fixes, {}).items():
            assert value in {rows[place].get(name), WITHHELD}


@pytest.mark.parametrize("entity", ENTITIES)
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_the_log_ends_where_the_clean_value_stands(entity, data):
    made = cleanse(entity, landed(entity, data.draw(rows_of(entity))), CONTEXT)
    clean_at = dict(zip(made.clean_at, made.clean, strict=True))
    last = {(place, fix.field): fix.after for place, fix in zip(made.fixes_at, made.fixes, strict=True)}
    for (place, name), after in last.items():
        told = getattr(clean_at.get(place), name, None)
        if isinstance(told, str):
            assert after in {told, WITHHELD, None}  # what a rule withheld may have a default
        elif isinstance(told, datetime):
            assert stamp(after) is None or stamp(after).tzinfo is None or stamp(after) == told
        elif isinstance(told, Decimal):
            assert Decimal(after) == told


@pytest.mark.parametrize("entity", ENTITIES)
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_what_is_clean_stays_as_it_is(entity, data):
    once = cleanse(entity, landed(entity, data.draw(rows_of(entity))), CONTEXT)
    calm = Context(as_of=AS_OF, time_zone=CONTEXT.time_zone, currency="EUR", station_ids=CONTEXT.station_ids)
    twice = cleanse(entity, landed(entity, [as_row(entity, value) for value in once.clean]), calm)
    assert [fix for fix in twice.fixes if fix.field != "is_billable"] == []  # no column of a source says that
    assert twice.merged == 0
    again = dict(zip(twice.clean_at, twice.clean, strict=True))
    for place, value in again.items():
        assert strip(value) == strip(once.clean[place])


def strip(value):
    """A value without what only the first cleansing can know: its place among rows, and what was estimated."""
    return {
        field.name: getattr(value, field.name)
        for field in fields(value)
        if field.name not in {"sample_number", "is_estimated", "cost", "currency"}
    }


def test_a_vendor_whom_the_dictionary_names_votes_on_the_spelling_at_once():
    written = {"CS-1": "ALFEN", "CS-2": "ICU Charging", "CS-3": "Alfen"}
    rows = [{"station_id": name, "vendor": vendor} for name, vendor in written.items()]

    cleansed = cleanse("station", landed("station", rows), CONTEXT)

    assert [station.vendor for station in cleansed.clean] == ["Alfen"] * 3
