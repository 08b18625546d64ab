"""CDRs of every OCPI version come to one shape; the traps of the official samples are seen."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charging.roaming.ocpi.parse import UnreadablePage, parse_cdrs, records, signed_data
from charging.roaming.ocpi.quality import SUBSIDY_ONLY, Evidence

EACH = pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])


def read(record, version="2.2.1", **how):
    parsed = parse_cdrs(json.dumps([record]).encode(), partner="roa", version=version, **how)
    assert not parsed.rejected, parsed.rejected
    return parsed.cdrs[0]


def refused(record, version="2.2.1"):
    parsed = parse_cdrs(json.dumps([record]).encode(), partner="roa", version=version)
    assert not parsed.cdrs
    return parsed.rejected[0].reason


@EACH
def test_every_version_says_the_same_of_a_session(record, version):
    cdr = read(record(version), version, owner="NL-EVN")

    assert (cdr.owner, cdr.cdr_id, cdr.authorization_reference) == ("NL-EVN", "C-1", "AUTH-1")
    assert (cdr.evse_raw, cdr.evse_compact, cdr.evse_uid, cdr.connector_id) == ("NL*EVN*E1*1", "NLEVNE11", "3256", "1")
    assert cdr.token_uid == "04A1B2C3D4E5F6"
    assert (cdr.started_at, cdr.ended_at) == (
        datetime(2026, 11, 1, 12, tzinfo=UTC),
        datetime(2026, 11, 1, 13, tzinfo=UTC),
    )
    assert (cdr.energy_kwh, cdr.total_hours, cdr.parking_hours) == (Decimal("10.123"), Decimal("1.0"), Decimal("0.5"))
    assert (cdr.net, cdr.currency, cdr.tariff_id, len(cdr.lines)) == (Decimal("4.55"), "EUR", "T1", 5)
    assert cdr.start_offset_minutes == 0


@pytest.mark.parametrize(
    ("version", "gross"),
    [
        pytest.param("2.1.1", None, id="2.1.1 knows no VAT"),
        pytest.param("2.2.1", Decimal("5.51"), id="2.2.1 states it"),
        pytest.param("2.3.0", Decimal("5.51"), id="2.3.0 states each tax"),
    ],
)
def test_what_is_paid_with_taxes(record, version, gross):
    assert read(record(version), version).gross == gross


def test_no_taxes_say_nothing_of_what_is_due(record):
    assert read(record("2.3.0", total_cost__taxes=[]), "2.3.0").gross is None


@EACH
def test_codes_of_a_plain_record_are_none_but_those_of_2_1_1(record, version):
    told = ("auth_id.is_uid", "owner.from_evse") if version == "2.1.1" else ()

    assert read(record(version), version).quality == told


@pytest.mark.parametrize(
    ("auth_id", "token", "contract"),
    [
        pytest.param("04A1B2C3D4E5F6", "04A1B2C3D4E5F6", None, id="a card"),
        pytest.param("DE83D012345678", "DE83D012345678", None, id="a card that might be a contract"),
        pytest.param("NL-ROA-C00010069-K", None, "NLROAC00010069", id="a contract"),
        pytest.param("NLROAC00010069", None, "NLROAC00010069", id="a contract without hyphens"),
        pytest.param("XX-ROA-C00010069", "XX-ROA-C00010069", None, id="no country: a name of the partner's own"),
        pytest.param("Gireve2Advenir", None, "GIREVE2ADVENIR", id="a subsidy"),
    ],
)
def test_an_auth_id_is_told_by_its_form(record, auth_id, token, contract):
    cdr = read(record("2.1.1", auth_id=auth_id), "2.1.1")

    assert (cdr.token_uid, cdr.contract_compact) == (token, contract)
    assert ("auth_id.is_uid" in cdr.quality) is (contract is None)
    assert ("auth_id.is_contract" in cdr.quality) is (contract is not None)


def test_the_owner_in_2_1_1_is_whose_endpoint_it_was_or_stands_in_the_evse_id(record):
    assert read(record("2.1.1"), "2.1.1").owner == "NL-EVN"
    assert read(record("2.1.1"), "2.1.1", owner="NL-HUB").owner == "NL-HUB"
    assert read(record("2.1.1", location__evses__0__evse_id=None), "2.1.1").owner == "??-???"


def test_an_evse_without_an_id_is_known_by_its_uid(record):
    assert read(record("2.1.1", location__evses__0__evse_id=None), "2.1.1").evse_raw == "3256"


def test_of_several_evses_the_first_is_taken_and_it_is_said(record):
    several = record("2.1.1", location__evses=[{"uid": "1", "evse_id": "NL*EVN*E1"}, {"uid": "2"}])

    cdr = read(several, "2.1.1")

    assert (cdr.evse_uid, "location.many_evses" in cdr.quality) == ("1", True)


@pytest.mark.parametrize(
    ("version", "changes", "code"),
    [
        pytest.param("2.1.1", {"location__country": "BE"}, "location.country_alpha2", id="BE for BEL"),
        pytest.param(
            "2.1.1",
            {"location__country": "BEL", "location__coordinates": {"latitude": "3.729944", "longitude": "51.047599"}},
            "coords.swapped",
            id="Gent in the sea",
        ),
        pytest.param("2.2.1", {"cdr_location__coordinates__latitude": "x"}, "coords.unreadable", id="no coordinates"),
        pytest.param("2.2.1", {"total_cost__incl_vat": 4.54}, "cost.vat_confusion", id="less with VAT than without"),
        pytest.param("2.2.1", {"remark": "[*] by the hub"}, "cost.computed_by_hub", id="a total of the hub's"),
        pytest.param("2.2.1", {"cdr_token__contract_id": "Gireve2Advenir"}, SUBSIDY_ONLY, id="a subsidy"),
        pytest.param("2.2.1", {"cdr_location__evse_id": "#NA"}, "id.not_available", id="no EVSE yet"),
        pytest.param("2.2.1", {"credit": True}, "credit.no_reference", id="a credit of nothing"),
        pytest.param("2.2.1", {"credit": True, "total_energy": -10.123}, "credit.energy_negated", id="negative energy"),
        pytest.param("2.2.1", {"end_date_time": "2026-11-01T12:59:60Z"}, "time.leap_second", id="a second too many"),
        pytest.param("2.3.0", {"total_cost__before_taxes": "4.55"}, "number.as_text", id="an amount as text"),
        pytest.param(
            "2.2.1",
            {"charging_periods__0__dimensions__2__volume": 2, "total_energy": 10.123},
            "energy.impossible",
            id="more than the power allows",
        ),
    ],
)
def test_says_what_is_odd(record, version, changes, code):
    assert code in read(record(version, **changes), version).quality


def test_a_code_comes_with_the_numbers_that_show_it(record):
    parsed = parse_cdrs(json.dumps([record(total_energy=12)]).encode(), partner="roa")

    (evidence,) = parsed.evidence[parsed.cdrs[0].cdr_key]

    assert evidence == Evidence("energy.sum", "ENERGY adds up to 10.123 kWh, total_energy is 12 kWh")


def test_a_plain_record_has_no_evidence(record):
    assert not parse_cdrs(json.dumps([record()]).encode(), partner="roa").evidence


@pytest.mark.parametrize(
    ("remark", "is_significant"),
    [("[?] computed", False), ("[*] computed", True), ("see [?]", True), ("", True)],
)
def test_a_total_that_means_nothing_is_told_by_the_remark(record, remark, is_significant):
    assert read(record(remark=remark)).is_cost_significant is is_significant


def test_a_credit_names_what_it_takes_back(record):
    credit = record(credit=True, credit_reference_id="C-0", total_cost__excl_vat=-4.55, total_cost__incl_vat=-5.51)

    cdr = read(credit)

    assert (cdr.is_credit, cdr.credits_cdr_id, cdr.net) == (True, "C-0", Decimal("-4.55"))
    assert cdr.quality == ()


@pytest.mark.parametrize(
    ("stated", "at", "offset"),
    [
        pytest.param("2026-11-01T13:00:00+01:00", datetime(2026, 11, 1, 12, tzinfo=UTC), 60, id="an offset"),
        pytest.param("2026-11-01T12:00:00", datetime(2026, 11, 1, 12, tzinfo=UTC), None, id="nothing"),
        pytest.param("2026-11-01T12:00:00.25Z", datetime(2026, 11, 1, 12, 0, 0, 250000, UTC), 0, id="fractions"),
        pytest.param("2026-10-31T23:59:60Z", datetime(2026, 11, 1, tzinfo=UTC), 0, id="a leap second"),
        pytest.param("1970-1-1T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC), 0, id="unknown"),
    ],
)
def test_an_instant_keeps_the_offset_it_was_written_in(record, stated, at, offset):
    cdr = read(record(start_date_time=stated))

    assert (cdr.started_at, cdr.start_offset_minutes) == (at, offset)


def test_an_unknown_start_is_said_and_no_duration_is_made_of_it(record):
    assert read(record(start_date_time="1970-1-1T00:00:00Z")).quality == ("time.unknown",)


def test_an_end_that_nobody_knows_is_quarantined_with_the_mend(record):
    assert "ask when the session ended" in refused(record(end_date_time="9999-12-31T00:00:00Z"))


@pytest.mark.parametrize(
    ("token", "value"),
    [
        pytest.param("4.55000000000000000001", "4.55000000000000000001", id="long"),
        pytest.param("455e-2", "4.55", id="with an exponent"),
        pytest.param('"4.55"', "4.55", id="as text"),
    ],
)
def test_no_digit_of_a_number_is_lost(record, token, value):
    page = json.dumps([record(total_cost__excl_vat="@")]).replace('"@"', token)

    (cdr,) = parse_cdrs(page.encode(), partner="roa").cdrs

    assert cdr.net == Decimal(value)


@pytest.mark.parametrize("token", ["1e400", "1e999999999999999999999", '"1,5"', "[]", "true", "1" * 5000])
def test_what_is_no_amount_costs_the_record(record, token):
    page = json.dumps([record(), record(id="C-2", total_cost__excl_vat="@")]).replace('"@"', token)

    parsed = parse_cdrs(page.encode(), partner="roa")

    assert [one.cdr_id for one in parsed.rejected] == ["C-2"]
    assert "total_cost.excl_vat" in parsed.rejected[0].reason
    assert len(parsed.rejected[0].reason) < 120


def test_lower_case_ids_compare_equal(record):
    lower = record(
        cdr_location__evse_id="nl*evn*e1*1",
        cdr_token__uid="04a1b2c3d4e5f6",
        cdr_token__contract_id="nl-roa-c00010069",
        party_id="evn",
    )

    def compared(cdr):
        return cdr.owner, cdr.evse_compact, cdr.token_uid, cdr.contract_compact

    assert compared(read(lower)) == compared(read(record()))


def test_signed_data_keeps_its_bytes(record):
    blob = b'{ "encoding_method":"OCMF" ,"signed_values": [{"signed_data":"A\\/B\\u00fc=="}] ,"x": 1.500}'
    page = json.dumps([record(signed_data="@")]).encode().replace(b'"@"', blob)

    (raw,) = records(page)

    assert raw == page[1:-1]
    assert signed_data(raw) == blob


def test_a_record_without_signed_data_has_none(record):
    assert signed_data(json.dumps(record(signed_data=...)).encode()) is None
    with pytest.raises(UnreadablePage):
        signed_data(b"[")


def test_a_version_that_we_do_not_know_is_refused():
    with pytest.raises(ValueError, match=r"2\.0"):
        parse_cdrs(b"[]", partner="roa", version="2.0")
