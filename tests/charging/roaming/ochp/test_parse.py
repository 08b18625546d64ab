"""OCHP CDRs, as the clearing house sends them, against the field table of OCHP 1.4."""

from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha1, sha256

import pytest

from charging.roaming.cdr import CdrState, Protocol
from charging.roaming.ochp.parse import Refused, parse_cdrs
from charging.roaming.xml_records import UnreadableXml
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

RECEIVED = datetime(2026, 11, 21, 3, tzinfo=UTC)
NOON = "2026-11-01T12:00:00+01:00"
ONE = "2026-11-01T13:00:00+01:00"


def period(item, value, price, *, start=NOON, end=ONE, cost=None, tax=21):
    more = (f"<ns:periodCost>{cost}</ns:periodCost>" if cost is not None else "") + (
        f"<ns:taxrate>{tax}</ns:taxrate>" if tax is not None else ""
    )
    return (
        f"<ns:chargingPeriods><ns:startDateTime><ns:LocalDateTime>{start}</ns:LocalDateTime></ns:startDateTime>"
        f"<ns:endDateTime><ns:LocalDateTime>{end}</ns:LocalDateTime></ns:endDateTime>"
        f"<ns:billingItem><ns:BillingItemType>{item}</ns:BillingItemType></ns:billingItem>"
        f"<ns:billingValue>{value}</ns:billingValue><ns:itemPrice>{price}</ns:itemPrice>{more}</ns:chargingPeriods>"
    )


PERIODS = period("energy", "10.5", "0.40") + period("usagetime", "1.0", "1.20") + period("serviceFee", "1.0", "0.50")
CARD = '<ns:emtId representation="plain"><ns:instance>04A1B2C3D4E5F6</ns:instance>{}</ns:emtId>'.format(
    "<ns:tokenType>rfid</ns:tokenType>"
)


def cdr_info(
    *, cdr_id="NLEVN1", emt=CARD, status="accepted", start=NOON, end=ONE, periods=PERIODS, total="5.90", more=""
):
    return (
        f"<ns:cdrInfoArray><ns:CdrId>{cdr_id}</ns:CdrId><ns:evseId>NL*EVN*E1*1</ns:evseId>{emt}"
        f"<ns:contractId>NL-ROA-C00010069-N</ns:contractId>"
        f"<ns:status><ns:CdrStatusType>{status}</ns:CdrStatusType></ns:status>"
        f"<ns:startDateTime><ns:LocalDateTime>{start}</ns:LocalDateTime></ns:startDateTime>"
        f"<ns:endDateTime><ns:LocalDateTime>{end}</ns:LocalDateTime></ns:endDateTime>"
        f"{more}{periods}"
        + (f"<ns:totalCost>{total}</ns:totalCost>" if total is not None else "")
        + "<ns:currency>EUR</ns:currency></ns:cdrInfoArray>"
    )


def message(*records, code="ok"):
    return (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns="http://ochp.eu/1.4">'
        "<soapenv:Header/><soapenv:Body><ns:GetCDRsResponse>"
        f"<ns:result><ns:resultCode><ns:resultCode>{code}</ns:resultCode></ns:resultCode>"
        "<ns:resultDescription>said</ns:resultDescription></ns:result>"
        f"{''.join(records)}</ns:GetCDRsResponse></soapenv:Body></soapenv:Envelope>"
    ).encode()


def parse(body):
    return parse_cdrs(body, partner="echs", received_at=RECEIVED)


def only(**changes):
    parsed = parse(message(cdr_info(**changes)))
    assert parsed.rejected == ()
    return parsed.cdrs[0]


def test_reads_every_field_of_a_cdr():
    cdr = only(more="<ns:duration>001:00:00</ns:duration>")

    assert (cdr.protocol, cdr.state, cdr.partner, cdr.owner) == (Protocol.OCHP, CdrState.ACCEPTED, "echs", "NL-EVN")
    assert (cdr.cdr_id, cdr.evse_compact, cdr.token_uid) == ("NLEVN1", "NLEVNE11", "04A1B2C3D4E5F6")
    assert cdr.contract_compact == "NLROAC00010069"
    assert (cdr.started_at, cdr.ended_at) == (
        datetime(2026, 11, 1, 11, tzinfo=UTC),
        datetime(2026, 11, 1, 12, tzinfo=UTC),
    )
    assert cdr.start_offset_minutes == 60
    assert (cdr.energy_kwh, cdr.total_hours, cdr.parking_hours) == (Decimal("10.5"), Decimal(1), None)
    assert (cdr.net, cdr.gross, cdr.currency) == (Decimal("5.90"), Decimal("7.139"), "EUR")
    assert {(line.measure, line.volume) for line in cdr.lines} == {
        (Dimension.ENERGY, Decimal("10.5")),
        (Dimension.TIME, Decimal("1.0")),
    }, "a fee measures nothing"
    assert (cdr.last_updated, cdr.session_aliases, cdr.token_hash) == (RECEIVED, (), None)


def test_keeps_the_bytes_of_a_record_as_its_version():
    record = cdr_info()

    assert parse(message(record)).cdrs[0].raw_sha256 == sha256(record.encode()).hexdigest()
    assert only(status="revised").cdr_key != only().cdr_key, "another state is another version of one id"


@pytest.mark.parametrize("state", ["new", "accepted", "approved", "declined", "revised", "rejected"])
def test_keeps_the_state(state):
    assert only(status=state).state == CdrState(state)


def test_adds_up_energy_and_never_the_durations_of_items_that_run_in_parallel():
    half_past = "2026-11-01T12:30:00+01:00"
    periods = (
        period("energy", "4.000", "0.40", end=half_past)
        + period("energy", "6.500", "0.20", start=half_past)
        + period("usagetime", "1.0", "0")
        + period("parkingtime", "0.25", "0")
        + period("power", "11", "0")
        + period("power", "22", "0")
    )

    cdr = only(periods=periods, total="2.90")

    assert (cdr.energy_kwh, cdr.total_hours, cdr.parking_hours) == (Decimal("10.500"), Decimal(1), Decimal("0.25"))
    assert [line.volume for line in cdr.lines if line.measure is Dimension.ENERGY] == [
        Decimal("4.000"),
        Decimal("6.500"),
    ]
    assert [line.volume for line in cdr.lines if line.measure is Extreme.MAX_POWER] == [Decimal(22)]


@pytest.mark.parametrize(
    ("total", "net", "code"),
    [
        pytest.param("5.90", "5.90", None, id="it is the sum"),
        pytest.param("5.92", "5.92", None, id="each item and the total may be rounded"),
        pytest.param("5.93", "5.93", "cost.subtotal_sum", id="it is not the sum"),
        pytest.param(None, "5.900", "cost.summed", id="it is not stated"),
    ],
)
def test_holds_the_total_against_what_the_items_add_up_to(total, net, code):
    cdr = only(total=total)

    assert cdr.net == Decimal(net)
    assert {found for found in cdr.quality if found.startswith("cost.")} == ({code} if code else set())
    assert (cdr.gross is None) == (code == "cost.subtotal_sum")


def test_says_no_amount_with_vat_where_a_rate_is_missing():
    assert only(periods=period("energy", "10.5", "0.40", tax=None), total="4.20").gross is None


@pytest.mark.parametrize(
    ("emt", "uid", "hashed", "aliases"),
    [
        pytest.param(CARD, "04A1B2C3D4E5F6", None, (), id="a card"),
        pytest.param(
            f'<ns:emtId representation="sha-160"><ns:instance>{sha1(b"04A1").hexdigest().upper()}</ns:instance>'
            "<ns:tokenType>rfid</ns:tokenType></ns:emtId>",
            None,
            f"sha-1:{sha1(b'04A1').hexdigest()}",
            (),
            id="a card's hash of 160 bits",
        ),
        pytest.param(
            f'<ns:emtId representation="sha-256"><ns:instance>{sha256(b"04A1").hexdigest()}</ns:instance>'
            "<ns:tokenType>rfid</ns:tokenType></ns:emtId>",
            None,
            f"sha-256:{sha256(b'04A1').hexdigest()}",
            (),
            id="of 256 bits",
        ),
        pytest.param(
            "<ns:emtId><ns:instance>SESSION-7</ns:instance><ns:tokenType>remote</ns:tokenType></ns:emtId>",
            None,
            None,
            ("SESSION-7",),
            id="a remote start names its session",
        ),
        pytest.param(
            "<ns:emtId><ns:instance>NLROAC00010069</ns:instance><ns:tokenType>15118</ns:tokenType></ns:emtId>",
            None,
            None,
            (),
            id="a car has a contract and no card",
        ),
    ],
)
def test_tells_what_identifies_the_driver(emt, uid, hashed, aliases):
    cdr = only(emt=emt)

    assert (cdr.token_uid, cdr.token_hash, cdr.session_aliases) == (uid, hashed, aliases)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"start": "2026-11-01T12:00:00"}, "without an offset", id="a time of no zone"),
        pytest.param({"start": ONE, "end": NOON}, "ends before", id="an end before the start"),
        pytest.param({"status": "lost"}, "`status` is 'lost'", id="an unknown state"),
        pytest.param({"periods": ""}, "`chargingPeriods` is missing", id="nothing billed"),
        pytest.param({"periods": period("usagetime", "1", "1")}, "no item is energy", id="no energy is not zero"),
        pytest.param({"periods": period("energy", "NaN", "1")}, "`chargingPeriods.billingValue`", id="no number"),
        pytest.param({"periods": period("energy", "", "1")}, "billingValue` is missing", id="no quantity"),
        pytest.param({"cdr_id": ""}, "`cdrId` is missing", id="no id"),
        pytest.param({"more": "<ns:duration>1h</ns:duration>"}, "`duration` is '1h'", id="no duration"),
        pytest.param(
            {"emt": '<ns:emtId representation="sha-256"><ns:instance>04A1</ns:instance></ns:emtId>'},
            "no hash of the kind sha-256",
            id="no hash",
        ),
    ],
)
def test_a_record_that_cannot_be_read_costs_itself_and_says_why(changes, reason):
    good, bad = cdr_info(cdr_id="GOOD"), cdr_info(**changes)

    parsed = parse(message(bad, good))

    assert [cdr.cdr_id for cdr in parsed.cdrs] == ["GOOD"]
    assert reason in parsed.rejected[0].reason
    assert parsed.rejected[0].raw == bad.encode()
    assert parsed.rejected[0].cdr_id == (changes.get("cdr_id", "NLEVN1") or None)


def test_finds_a_lost_clock_change_in_the_duration():
    assert "tz.local_as_utc" in only(more="<ns:duration>002:00:00</ns:duration>").quality


@pytest.mark.parametrize("code", ["not-authorized", "server", "format"])
def test_an_answer_that_says_no_is_never_no_cdrs(code):
    with pytest.raises(Refused, match=code):
        parse(message(code=code))


def test_reads_what_came_though_the_answer_says_partly():
    assert len(parse(message(cdr_info(), code="partly"))) == 1


def test_reads_several_messages_of_one_capture():
    capture = message(cdr_info(cdr_id="A")) + b"\n\n" + message(cdr_info(cdr_id="B"), cdr_info(cdr_id="C"))

    assert [cdr.cdr_id for cdr in parse(capture).cdrs] == ["A", "B", "C"]


BOMB = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><l>&b;</l>'


@pytest.mark.parametrize(
    ("body", "problem", "is_cut_off"),
    [
        pytest.param(BOMB, "document type", False, id="a billion laughs"),
        pytest.param(b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "document type", False, id="a foreign entity"),
        pytest.param(b"<a>" * 100, "nest deeper", False, id="too deep"),
        pytest.param(message(cdr_info())[:-30], "no well-formed XML", True, id="truncated"),
        pytest.param(message(cdr_info())[:200], "no well-formed XML", True, id="truncated in a tag"),
        pytest.param(message(cdr_info()).replace(b"</ns:status>", b""), "mismatched tag", False, id="broken"),
        pytest.param(b"no XML at all", "no well-formed XML", False, id="no XML"),
    ],
)
def test_a_document_that_is_none_is_refused_whole(body, problem, is_cut_off):
    with pytest.raises(UnreadableXml, match=problem) as refused:
        parse(body)

    assert refused.value.is_cut_off == is_cut_off
