import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charging.roaming.ocpi.parse import UnreadablePage, parse_cdrs, read_envelope
from charging.tariffs.tariff import Dimension


def parse(*records):
    return parse_cdrs(json.dumps(records).encode(), partner="roa")


@pytest.fixture
def one(cdr):
    def of(**changes):
        parsed = parse(cdr(changes={path.replace("__", "."): value for path, value in changes.items()}))
        assert not parsed.rejected, parsed.rejected
        return parsed.cdrs[0]

    return of


def test_reads_a_cdr_into_the_canonical_shape(one):
    found = one()

    assert (found.owner, found.cdr_id, found.session_id) == ("NL-EVN", "1", "s1")
    assert (found.evse_compact, found.token_uid, found.contract_compact) == (
        "NLEVNE11",
        "04A1B2C3D4E5F6",
        "NLROAC00010069",
    )
    assert (found.energy_kwh, found.net, found.gross) == (Decimal("10.123"), Decimal("4.55"), Decimal("5.51"))
    assert found.started_at == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert [line.measure for line in found.lines] == [Dimension.ENERGY, Dimension.TIME]
    assert found.quality == ()


def test_keeps_every_digit(cdr):
    text = json.dumps(cdr()).replace("4.55", "4.5500000000000000001")

    (found,) = parse_cdrs(f"[{text}]".encode(), partner="roa").cdrs

    assert found.net == Decimal("4.5500000000000000001")


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        pytest.param("2026-11-01T12:00:00Z", 12, id="Z"),
        pytest.param("2026-11-01T12:00:00", 12, id="nothing"),
        pytest.param("2026-11-01T12:00:00.000Z", 12, id="fractions"),
        pytest.param("2026-11-01T12:00:00+01:00", 11, id="an offset"),
    ],
)
def test_reads_instants_as_utc(one, stated, meant):
    assert one(start_date_time=stated).started_at == datetime(2026, 11, 1, meant, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        pytest.param({"charging_periods__0__dimensions__0__volume": 10123}, "unit.energy_wh", id="Wh"),
        pytest.param({"charging_periods__0__dimensions__1__volume": 60}, "unit.time_min", id="minutes"),
        pytest.param({"charging_periods__0__dimensions__1__volume": 3600}, "unit.time_sec", id="seconds"),
        pytest.param({"total_cost__excl_vat": "4.55"}, "number.as_text", id="a price as text"),
        pytest.param(
            {"cdr_location__coordinates__latitude": "3.72994", "cdr_location__coordinates__longitude": "51.04760"},
            "coords.swapped",
            id="latitude and longitude",
        ),
        pytest.param({"charging_periods__0__dimensions__1__volume": 0.5}, "time.sum", id="time lines"),
        pytest.param({"end_date_time": "2026-11-01T14:00:00Z"}, "tz.local_as_utc", id="an hour off"),
        pytest.param({"end_date_time": "2026-11-01T13:30:00Z"}, "time.duration", id="half an hour off"),
        pytest.param({"start_date_time": "2026-11-01T13:00:00+01:00"}, "time.offset_stated", id="an offset"),
        pytest.param({"total_energy": -1}, "energy.impossible", id="negative energy"),
        pytest.param({"total_energy": 12}, "energy.sum", id="energy lines"),
        pytest.param({"total_cost__excl_vat": -4.55}, "cost.sign", id="negative without being a credit"),
        pytest.param({"credit": True}, "cost.sign", id="a positive credit"),
        pytest.param({"total_energy_cost": {"excl_vat": 1}}, "cost.subtotal_sum", id="parts and total"),
        pytest.param({"tariffs": [{"id": "T", "currency": "CHF"}]}, "cost.currency_mismatch", id="currency"),
        pytest.param({"remark": "[?] computed"}, "cost.not_significant", id="a total that is none"),
    ],
)
def test_says_what_is_odd(one, changes, flag):
    assert flag in one(**changes).quality


def test_converted_lines_are_in_kwh_and_hours(one):
    found = one(charging_periods__0__dimensions__0__volume=10123, charging_periods__0__dimensions__1__volume=60)

    assert [line.volume for line in found.lines] == [Decimal("10.123"), Decimal(1)]


def test_overlooks_what_it_does_not_know(one):
    found = one(charging_periods__0__dimensions__1__type="STATE_OF_CHARGE", novelty={"a": 1})

    assert [line.measure for line in found.lines] == [Dimension.ENERGY]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"total_energy": None}, id="a field is missing"),
        pytest.param({"total_energy": "twelve"}, id="not a number"),
        pytest.param({"total_energy": "NaN"}, id="NaN"),
        pytest.param({"total_energy": "12,5"}, id="a decimal comma"),
        pytest.param({"total_cost.excl_vat": "1E+999999"}, id="absurdly large"),
        pytest.param({"total_time": "9E+14"}, id="longer than time"),
        pytest.param({"end_date_time": "2026-11-01T11:00:00Z"}, id="ends before it starts"),
        pytest.param({"start_date_time": "2026-02-30T00:00:00Z"}, id="a date that is none"),
        pytest.param({"end_date_time": "1970-1-1T00:00:00Z"}, id="an unknown end"),
        pytest.param({"end_date_time": "9999-12-31T23:59:59Z"}, id="an end that is no date"),
        pytest.param({"charging_periods.0.dimensions.0.volume": [1]}, id="a list for a volume"),
        pytest.param({"end_date_time": "9999-12-31T23:59:59-12:00"}, id="after the end of the calendar"),
        pytest.param({"id": " "}, id="no id"),
    ],
)
def test_a_malformed_record_costs_itself_and_says_why(cdr, changes):
    parsed = parse(cdr("good"), cdr("bad", changes), cdr("fine"))

    assert [found.cdr_id for found in parsed.cdrs] == ["good", "fine"]
    (rejected,) = parsed.rejected
    assert rejected.reason
    assert rejected.cdr_id in {"bad", " "}
    assert json.loads(rejected.raw)["currency"] == "EUR"


@pytest.mark.parametrize("data", [b"{}", b"null", b"[1", b"\xff"], ids=["an object", "null", "truncated", "bytes"])
def test_a_page_that_is_no_list_is_refused(data):
    with pytest.raises(UnreadablePage):
        parse_cdrs(data, partner="roa")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_an_envelope_or_refused(body):
    try:
        read_envelope(body)
    except UnreadablePage:
        return
    assert isinstance(msgspec.json.decode(body), dict)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=5,
    )
)
def test_every_record_is_read_or_rejected(records):
    assert len(parse(*records)) == len(records)
