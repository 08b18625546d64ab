"""eMIP CDRs, as Gireve passes them on, against the field list of eMIP 0.7.4."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charging.roaming.cdr import CdrState, Protocol
from charging.roaming.emip.parse import parse_cdrs
from charging.tariffs.tariff import Dimension

RECEIVED = datetime(2026, 11, 21, 3, tzinfo=UTC)
FIELDS = {
    "CDRNature": "1",
    "serviceSessionId": "FR*IOP*1",
    "requestedServiceId": "1",
    "EVSEIdType": "eMI3",
    "EVSEId": "FR*EVN*E1*1",
    "userIdType": "RFID-UID",
    "userId": "04A1B2C3D4E5F6",
    "partnerProductId": "AC-1",
    "startTime": "2026-11-01T11:00:00Z",
    "endTime": "2026-11-01T12:30:00Z",
    "execPartnerSessionId": "EXEC-7",
    "salePartnerSessionId": "SALE-8",
}
METERS = (("1", "90", "min"), ("2", "10500", "Wh"), ("3", "4.20", "EUR"))


def message(*, meters=METERS, operator="FR*EVN", direction="To", **changes):
    fields = {name: value for name, value in {**FIELDS, **changes}.items() if value is not None}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    reports = "".join(
        f"<meterReport><meterTypeId>{kind}</meterTypeId><meterValue>{value}</meterValue>"
        f"<meterUnit>{unit}</meterUnit></meterReport>"
        for kind, value, unit in meters
    )
    name = f"eMIP_{direction}IOP_SetChargeDetailRecordRequest"
    return (
        '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:eMIP="https://api-iop.gireve.com/schemas/AuthorisationV1/"><soap:Header/><soap:Body>'
        f"<eMIP:{name}><transactionId>T1</transactionId><partnerIdType>eMI3</partnerIdType><partnerId>FR*ROA</partnerId>"
        f"<operatorIdType>eMI3</operatorIdType><operatorId>{operator}</operatorId>"
        f"<chargeDetailRecord>{inner}<meterReportList>{reports}</meterReportList></chargeDetailRecord>"
        f"</eMIP:{name}></soap:Body></soap:Envelope>"
    ).encode()


def parse(*messages):
    return parse_cdrs(b"\n".join(messages), partner="gireve", received_at=RECEIVED, currency="EUR")


def only(**changes):
    parsed = parse(message(**changes))
    assert parsed.rejected == ()
    return parsed.cdrs[0]


@pytest.mark.parametrize("direction", ["To", "From"])
def test_reads_every_field_of_a_cdr(direction):
    cdr = only(direction=direction)

    assert (cdr.protocol, cdr.state, cdr.partner, cdr.owner) == (Protocol.EMIP, CdrState.FINAL, "gireve", "FR-EVN")
    assert (cdr.cdr_id, cdr.session_id, cdr.session_aliases) == ("FR*IOP*1", "FR*IOP*1", ("EXEC-7", "SALE-8"))
    assert (cdr.evse_compact, cdr.token_uid, cdr.contract_compact) == ("FREVNE11", "04A1B2C3D4E5F6", None)
    assert (cdr.energy_kwh, cdr.total_hours, cdr.parking_hours) == (Decimal("10.5"), Decimal("1.5"), None)
    assert (cdr.net, cdr.gross, cdr.currency, cdr.tariff_id) == (Decimal("4.20"), None, "EUR", "AC-1")
    assert {"converted.energy_wh", "converted.time_min"} <= set(cdr.quality), "conversions are told"
    assert [(line.measure, line.volume) for line in cdr.lines] == [
        (Dimension.ENERGY, Decimal("10.5")),
        (Dimension.TIME, Decimal("1.5")),
    ]
    assert cdr.is_cost_significant


@pytest.mark.parametrize(
    ("nature", "state", "codes"),
    [
        pytest.param("1", CdrState.FINAL, set(), id="final"),
        pytest.param("2", CdrState.INTERMEDIATE, set(), id="on the way"),
        pytest.param("0", CdrState.INTERMEDIATE, {"state.unspecified"}, id="not specified is not final"),
    ],
)
def test_only_a_final_record_is_final(nature, state, codes):
    cdr = only(CDRNature=nature)

    assert cdr.state is state
    assert {code for code in cdr.quality if code.startswith("state.")} == codes


@pytest.mark.parametrize(
    ("kind", "user", "alias", "uid", "contract"),
    [
        pytest.param("RFID-UID", "04A1B2C3D4E5F6", None, "04A1B2C3D4E5F6", None, id="a card"),
        pytest.param(
            "RFID-UID", "04A1B2C3D4E5F6", "FR-ROA-C00010069", "04A1B2C3D4E5F6", "FRROAC00010069", id="and contract"
        ),
        pytest.param("eMI3", "FR-ROA-C00010069", None, None, "FRROAC00010069", id="eMI3"),
        pytest.param("eMA", "FR-ROA-C00010069", None, None, "FRROAC00010069", id="eMA"),
        pytest.param("EVCO", "FR-ROA-123456", None, None, "FRROA123456", id="EVCO"),
        pytest.param("EMP-SPEC", "whoever", None, None, None, id="the provider's own"),
    ],
)
def test_tells_card_from_contract(kind, user, alias, uid, contract):
    cdr = only(userIdType=kind, userId=user, userContractIdAlias=alias)

    assert (cdr.token_uid, cdr.contract_compact) == (uid, contract)


def test_sets_the_copies_for_subsidies_aside():
    assert "billing.advenir" in only(userIdType="eMA", userId="Gireve2Advenir").quality


def test_says_that_there_is_no_cost_rather_than_that_it_is_zero():
    cdr = only(meters=METERS[:2])

    assert (cdr.net, cdr.is_cost_significant, cdr.currency) == (None, False, "EUR")


def test_takes_the_duration_from_the_clock_where_no_meter_says_it():
    cdr = only(meters=METERS[1:])

    assert cdr.total_hours is None
    assert "time.from_clock" in cdr.quality
    assert [line.volume for line in cdr.lines if line.measure is Dimension.TIME] == [Decimal("1.5")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"meters": METERS[:1]}, "meter 2, the total energy, is missing", id="no energy is not zero"),
        pytest.param({"meters": (("2", "10.5", "MWh"),)}, "is in 'MWh'", id="an unknown unit"),
        pytest.param({"meters": (*METERS, ("2", "1", "Wh"))}, "there twice", id="two totals"),
        pytest.param({"meters": (("2", "1,5", "Wh"),)}, "no number", id="a decimal comma"),
        pytest.param({"meters": (METERS[1], ("3", "4.20", ""))}, "code of a currency", id="a cost of no currency"),
        pytest.param({"CDRNature": "9"}, "`CDRNature` is '9'", id="an unknown nature"),
        pytest.param({"startTime": "2026-11-01T11:00:00"}, "without an offset", id="a time of no zone"),
        pytest.param({"serviceSessionId": None}, "`serviceSessionId` is missing", id="no id"),
        pytest.param({"EVSEId": None}, "`EVSEId` is missing", id="no EVSE"),
    ],
)
def test_a_record_that_cannot_be_read_costs_itself_and_says_why(changes, reason):
    parsed = parse(message(**changes), message(serviceSessionId="GOOD"))

    assert [cdr.cdr_id for cdr in parsed.cdrs] == ["GOOD"]
    assert reason in parsed.rejected[0].reason


def test_reads_energy_in_the_unit_that_is_stated():
    cdr = only(meters=(("2", "10.5", "kWh"),))

    assert cdr.energy_kwh == Decimal("10.5")
    assert "unit.energy_kwh" in cdr.quality, "eMIP has Wh"
