"""OICP CDRs, as the hub gives them, against the field table of OICP 2.3."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import pytest

from charging.roaming.cdr import CdrState, Protocol
from charging.roaming.ocpi.parse import UnreadablePage
from charging.roaming.oicp.parse import parse_cdrs, signed_values
from charging.tariffs.tariff import Dimension

RECEIVED = datetime(2026, 11, 21, 3, tzinfo=UTC)
CDR = {
    "SessionID": "f98efba4-02d8-4fa0-b810-9a9d50d2c527",
    "CPOPartnerSessionID": "CPO-1",
    "EMPPartnerSessionID": "EMP-2",
    "PartnerProductID": "AC 1",
    "EvseID": "NL*EVN*E1*1",
    "Identification": {"RFIDMifareFamilyIdentification": {"UID": "04A1B2C3D4E5F6"}},
    "SessionStart": "2026-11-01T12:00:00.000+01:00",
    "ChargingStart": "2026-11-01T12:05:00.000+01:00",
    "ChargingEnd": "2026-11-01T13:35:00.000+01:00",
    "SessionEnd": "2026-11-01T14:00:00.000+01:00",
    "MeterValueStart": 100.000,
    "MeterValueEnd": 110.500,
    "ConsumedEnergy": 10.500,
    "HubOperatorID": "NL*EVN",
    "HubProviderID": "DE-DCB",
}


def raw(**changes):
    made = deepcopy(CDR) | changes
    return json.dumps({name: value for name, value in made.items() if value is not None}).encode()


def parse(*records):
    return parse_cdrs(b"[" + b",".join(records) + b"]", partner="hub", received_at=RECEIVED, currency="EUR")


def only(**changes):
    parsed = parse(raw(**changes))
    assert parsed.rejected == ()
    return parsed.cdrs[0]


def test_reads_every_field_of_a_cdr():
    cdr = only()

    assert (cdr.protocol, cdr.state, cdr.partner, cdr.owner) == (Protocol.OICP, CdrState.FINAL, "hub", "NL-EVN")
    assert (cdr.cdr_id, cdr.session_id) == (CDR["SessionID"], CDR["SessionID"])
    assert cdr.session_aliases == ("CPO-1", "EMP-2")
    assert (cdr.evse_compact, cdr.token_uid, cdr.contract_compact) == ("NLEVNE11", "04A1B2C3D4E5F6", None)
    assert (cdr.started_at, cdr.ended_at) == (
        datetime(2026, 11, 1, 11, tzinfo=UTC),
        datetime(2026, 11, 1, 13, tzinfo=UTC),
    )
    assert cdr.charging_started_at == datetime(2026, 11, 1, 11, 5, tzinfo=UTC)
    assert cdr.charging_ended_at == datetime(2026, 11, 1, 12, 35, tzinfo=UTC)
    assert cdr.start_offset_minutes == 60
    assert (cdr.energy_kwh, cdr.meter_start_kwh, cdr.meter_end_kwh) == (Decimal("10.5"), Decimal(100), Decimal("110.5"))
    assert (cdr.total_hours, cdr.parking_hours) == (Decimal(2), Decimal("0.5"))
    assert (cdr.net, cdr.gross, cdr.currency, cdr.is_cost_significant) == (None, None, "EUR", False)
    assert (cdr.tariff_id, cdr.last_updated, cdr.raw_sha256) == ("AC 1", RECEIVED, sha256(raw()).hexdigest())
    assert cdr.quality == ("parking.approximated",), "session less charging is near to parking, and no more"


def test_tells_the_flow_of_energy_from_the_session_around_it():
    assert [(line.measure, line.started_at.minute, line.volume) for line in only().lines] == [
        (Dimension.PARKING_TIME, 0, Decimal("0.083333")),
        (Dimension.ENERGY, 5, Decimal("10.5")),
        (Dimension.TIME, 5, Decimal("1.5")),
        (Dimension.PARKING_TIME, 35, Decimal("0.416667")),
    ]


EVCO = {"EvcoID": "DE-DCB-C12345678-X"}


@pytest.mark.parametrize(
    ("identification", "uid", "contract", "codes"),
    [
        pytest.param({"RFIDMifareFamilyIdentification": {"UID": "04A1B2C3"}}, "04A1B2C3", None, (), id="mifare family"),
        pytest.param(
            {"RFIDIdentification": {"UID": "04A1B2C3", **EVCO, "RFID": "mifareCls"}},
            "04A1B2C3",
            "DEDCBC12345678",
            (),
            id="RFID",
        ),
        pytest.param({"QRCodeIdentification": {**EVCO, "PIN": "1234"}}, None, "DEDCBC12345678", (), id="QR code"),
        pytest.param({"PlugAndChargeIdentification": EVCO}, None, "DEDCBC12345678", (), id="plug and charge"),
        pytest.param({"RemoteIdentification": EVCO}, None, "DEDCBC12345678", (), id="remote"),
        pytest.param(
            {"RFIDMifareFamilyIdentification": {"UID": "04A1B2C3"}, "RemoteIdentification": EVCO},
            "04A1B2C3",
            "DEDCBC12345678",
            ("id.identification_many",),
            id="two of them",
        ),
        pytest.param({}, None, None, ("id.identification_missing",), id="none of them"),
    ],
)
def test_reads_the_five_identifications(identification, uid, contract, codes):
    cdr = only(Identification=identification)

    assert (cdr.token_uid, cdr.contract_compact) == (uid, contract)
    assert tuple(code for code in cdr.quality if code.startswith("id.")) == codes


@pytest.mark.parametrize(
    ("end", "code"),
    [
        pytest.param(110.510, None, id="at the tolerance"),
        pytest.param(110.511, "energy.meter", id="beyond it"),
        pytest.param(10600.0, "unit.meter_wh", id="in Wh"),
        pytest.param(None, None, id="no reading"),
    ],
)
def test_holds_the_energy_against_the_readings(end, code):
    cdr = only(MeterValueEnd=end)

    assert {found for found in cdr.quality if found.startswith(("energy", "unit"))} == ({code} if code else set())
    assert cdr.energy_kwh == Decimal("10.5"), "what is stated is never corrected"


def test_tells_the_operator_by_the_hub_where_the_evse_id_does_not():
    assert only(EvseID="EVSE-7").owner == "NL-EVN"


def test_keeps_signed_values_byte_for_byte():
    signed = b'[ {"SignedMeteringValue": "AbC\\u00e9==",  "MeteringStatus":"Start"} ]'
    record = b'{"SignedMeteringValues": %b, "SessionID": "x", "CalibrationLawVerificationInfo": null}' % signed

    assert signed_values(record) == (signed, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"SessionID": None}, "`SessionID` is missing", id="no session"),
        pytest.param({"EvseID": " "}, "`EvseID` is missing", id="no EVSE"),
        pytest.param({"ConsumedEnergy": None}, "`ConsumedEnergy` is missing", id="no energy is not zero"),
        pytest.param({"ConsumedEnergy": "much"}, "no number", id="no number"),
        pytest.param({"SessionStart": "2026-11-01T12:00:00"}, "without an offset", id="a time of no zone"),
        pytest.param({"ChargingEnd": None}, "`ChargingEnd` is missing", id="mandatory since 2.3"),
        pytest.param({"SessionEnd": "2026-11-01T10:00:00+01:00"}, "ends before", id="an end before the start"),
        pytest.param({"EvseID": 5}, "EvseID", id="of another type"),
    ],
)
def test_a_record_that_cannot_be_read_costs_itself_and_says_why(changes, reason):
    parsed = parse(raw(**changes), raw(SessionID="GOOD"))

    assert [cdr.cdr_id for cdr in parsed.cdrs] == ["GOOD"]
    assert reason in parsed.rejected[0].reason
    assert parsed.rejected[0].cdr_id == changes.get("SessionID", CDR["SessionID"])


def test_notes_charging_beyond_the_session():
    assert "time.charging_outside" in only(ChargingEnd="2026-11-01T14:10:00+01:00").quality


def test_what_is_no_list_is_no_empty_list():
    with pytest.raises(UnreadablePage):
        parse_cdrs(b'{"content": []}', partner="hub", received_at=RECEIVED, currency="EUR")
