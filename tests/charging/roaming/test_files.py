"""Files are taken for what they hold, each once, and never half."""

import io
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from charging.errors import SourceNotFound, UnreadableSource
from charging.roaming.cdr import Protocol, Side
from charging.roaming.file_kinds import FileKind
from charging.roaming.files import QUIET, read, read_file, read_files
from charging.roaming.frame import to_frame
from charging.roaming.ocpi.parse import parse_cdrs
from charging.roaming.partner import FileFormat, Files, OurRole

WRITTEN = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
OICP = {
    "SessionID": "s1",
    "EvseID": "NL*EVN*E1*1",
    "Identification": {"RemoteIdentification": {"EvcoID": "NL-ROA-C00010069"}},
    **dict.fromkeys(("SessionStart", "ChargingStart"), "2026-11-01T12:00:00Z"),
    **dict.fromkeys(("SessionEnd", "ChargingEnd"), "2026-11-01T13:00:00Z"),
    "ConsumedEnergy": 10.5,
}
EMIP = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><e:eMIP_ToIOP_SetChargeDetailRecordRequest '
    'xmlns:e="https://api-iop.gireve.com/schemas/AuthorisationV1/"><chargeDetailRecord><CDRNature>1</CDRNature>'
    "<serviceSessionId>s1</serviceSessionId><EVSEId>NL*EVN*E1*1</EVSEId><userIdType>RFID-UID</userIdType>"
    "<userId>04A1B2C3D4E5F6</userId><startTime>2026-11-01T12:00:00Z</startTime><endTime>2026-11-01T13:00:00Z</endTime>"
    "<meterReportList><meterReport><meterTypeId>2</meterTypeId><meterValue>10500</meterValue>"
    "<meterUnit>Wh</meterUnit></meterReport></meterReportList></chargeDetailRecord>"
    "</e:eMIP_ToIOP_SetChargeDetailRecordRequest></s:Body></s:Envelope>"
)
OCHP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><w:Security xmlns:w="wss"><w:Username>u'
    '</w:Username></w:Security></s:Header><s:Body><n:GetCDRsResponse xmlns:n="http://ochp.eu/1.4"><n:result>'
    "<n:resultCode><n:resultCode>ok</n:resultCode></n:resultCode></n:result></n:GetCDRsResponse></s:Body></s:Envelope>"
)
STATEMENT = (
    "cdr_id,started_at,ended_at,energy_kwh,net,currency,evse_id\n"
    "1,2026-11-01T12:00:00Z,2026-11-01T13:00:00Z,10.5,4.20,EUR,NL*EVN*E1*1\n"
)


@pytest.fixture
def put(tmp_path):
    """Write a file that was left alone since yesterday."""
    folder = tmp_path / "inbox"
    folder.mkdir()

    def write(body, name="cdrs", *, written=WRITTEN):
        path = folder / name
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        os.utime(path, (written.timestamp(), written.timestamp()))
        return path

    return write


@pytest.fixture
def of_files(partner, tmp_path):
    def make(form=FileFormat.OCPI, pattern="*", **changes):
        files = Files(folder=tmp_path / "inbox", pattern=pattern, format=form)
        return replace(partner, files=files, **changes)

    return make


def test_tells_by_its_content_what_a_file_holds(put, partner, cdr, page):
    older = cdr(changes={"end_date_time": None, "stop_date_time": "2026-11-01T13:00:00Z", "cdr_token": None})
    older |= {
        "auth_id": "04A1B2C3D4E5F6",
        "total_cost": 4.55,
        "location": {"id": "L", "evses": [{"uid": "NL*EVN*E1*1"}]},
    }
    later = cdr(changes={"total_cost": {"before_taxes": 4.55, "taxes": [{"name": "VAT", "amount": 0.96}]}})
    listed = {"content": [OICP], "number": 0, "last": True, "StatusCode": {"Code": "000"}}
    bodies = {
        (FileKind.OCPI, "2.2.1"): json.dumps([cdr()]),
        (FileKind.OCPI, "2.1.1"): json.dumps([older]),
        (FileKind.OCPI, "2.3.0"): json.dumps([later]),
        (FileKind.OCPI, "an answer"): page(cdr()),
        (FileKind.OCPI, "one record"): json.dumps(cdr(), indent=2),
        (FileKind.OCPI_LINES, "lines"): f"{json.dumps(cdr())}\n{json.dumps(cdr('2'))}\n",
        (FileKind.OICP, "a list"): json.dumps([OICP]),
        (FileKind.OICP, "an answer"): json.dumps(listed),
        (FileKind.OICP_LINES, "lines"): f"{json.dumps(OICP)}\n{json.dumps(OICP)}",
        (FileKind.OCHP, ""): OCHP,
        (FileKind.EMIP, ""): EMIP,
        (FileKind.EMIP, "in UTF-16"): EMIP.encode("utf-16"),
        (FileKind.CSV, ""): STATEMENT,
    }

    read_as = {named: read_file(put(body, "misleading.bin"), partner=partner) for named, body in bodies.items()}

    assert [found.kind for found in read_as.values()] == [kind for kind, _ in bodies]
    assert {named for named, found in read_as.items() if found.parsed.rejected} == set()
    counts = [len(found.parsed.cdrs) for found in read_as.values()]
    assert counts == [1, 1, 1, 1, 1, 2, 1, 1, 2, 0, 1, 1, 1]
    assert read_as[FileKind.OCPI, "2.3.0"].notes[1] == "OCPI 2.3.0, by its fields (2.2.1 was agreed)"
    assert read_as[FileKind.OICP, "a list"].parsed.cdrs[0].last_updated == WRITTEN, "when the file was written"


def test_reads_our_own_columns(put, partner, cdr):
    cdrs = parse_cdrs(json.dumps([cdr()]).encode(), partner="other").cdrs
    buffer = io.BytesIO()
    to_frame(cdrs).write_parquet(buffer)

    found = read_file(put(buffer.getvalue()), partner=partner, side=Side.OURS)

    assert found.kind is FileKind.PARQUET
    assert found.parsed.cdrs == (replace(cdrs[0], side=Side.OURS, partner="roa"),)


def test_gives_every_cdr_to_the_side_that_states_it(put, partner, cdr):
    bad = cdr("bad", changes={"total_energy": "much"})
    parsed = read(put(json.dumps([cdr(), bad])), partner=partner, side=Side.OURS)

    assert [(found.side, found.partner, found.owner) for found in parsed.cdrs] == [(Side.OURS, "roa", "NL-EVN")]
    assert [found.cdr_id for found in parsed.rejected] == ["bad"]


@pytest.mark.parametrize(
    ("role", "hub", "owner"),
    [
        pytest.param(OurRole.CPO, None, "NL-EVN", id="our own stations"),
        pytest.param(OurRole.EMSP, None, "NL-ROA", id="the partner's"),
        pytest.param(OurRole.EMSP, "FR-007", "BE-XYZ", id="whose they are behind a hub, the EVSE id tells"),
    ],
)
def test_knows_whose_stations_a_statement_is_about(put, partner, role, hub, owner):
    body = STATEMENT.replace("NL*EVN*E1*1", "BE*XYZ*E1*1")

    cdrs = read(put(body), partner=replace(partner, our_role=role, hub=hub)).cdrs

    assert [(found.owner, found.protocol) for found in cdrs] == [(owner, Protocol.STATEMENT)]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param('{"status_code": 2001, "status_message": "no"}', "the status 2001", id="an answer that says no"),
        pytest.param('{"StatusCode": {"Code": "017"}}', "without CDRs", id="the hub's no"),
        pytest.param("<html><body>Sign in</body></html>", "<html>", id="a page for people"),
        pytest.param('[{"name": "x"}]', "neither the `id`", id="other records"),
        pytest.param("[1, 2]", "none of its records is an object", id="no records"),
        pytest.param('{"id": 1,, }', "no JSON", id="no JSON"),
        pytest.param("[" * 100_000, "it is", id="nested without end"),
        pytest.param(b"PK\x05\x06" + bytes(18), "ZIP", id="an empty ZIP"),
        pytest.param("<!DOCTYPE x><x/>", "document type", id="a document type"),
    ],
)
def test_a_file_that_nobody_can_read_is_an_error_and_never_no_cdrs(put, partner, body, problem):
    with pytest.raises(UnreadableSource, match=problem):
        read(put(body), partner=partner)


def test_reads_each_file_once_by_its_content(put, of_files, cdr):
    partner = of_files()
    put(json.dumps([cdr("1")]), "a.json")
    first = read_files(partner, known=(), now=NOW)
    known = {found.sha256 for found in first.fresh}
    put(json.dumps([cdr("1")]), "a-again.json")
    put(json.dumps([cdr("2")]), "b.json")

    second = read_files(partner, known=known, now=NOW)

    assert [found.path.name for found in first.fresh] == ["a.json"]
    assert [found.path.name for found in second.fresh] == ["b.json"]
    assert [path.name for path in second.known] == ["a-again.json", "a.json"]
    assert (second.left, second.incomplete_because) == ((), None)
    assert read_files(partner, known=known | {second.fresh[0].sha256}, now=NOW).fresh == ()


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        pytest.param("a.json", b'[{"id": "1"}, {"id": ', "JSON that ends in the middle", id="JSON"),
        pytest.param("a.jsonl", b'{"id": "1"}\n{"id": ', "last line ends in the middle", id="JSON lines"),
        pytest.param("a.xml", EMIP.encode()[:-20], "unclosed token|no element|unclosed", id="XML"),
        pytest.param("a.xml", b"<?xml version='1.0'?>", "ends before its first element", id="XML that has just begun"),
        pytest.param("a.parquet", b"PAR1" + bytes(40), "Parquet file without its end", id="Parquet"),
        pytest.param("a.xlsx", b"PK\x03\x04" + bytes(40), "without its end", id="a workbook"),
        pytest.param("a.csv", STATEMENT.encode()[:-15], "last row ends in the middle", id="a statement"),
        pytest.param("a.csv", b"", "it is empty", id="nothing yet"),
        pytest.param("a.json.part", b"[]", "not finished", id="by its name"),
    ],
)
def test_leaves_what_is_half_written_for_the_next_night(put, of_files, name, body, reason):
    put(body, name)
    form = {".csv": FileFormat.STATEMENT, ".xml": FileFormat.EMIP}.get(name[1:], FileFormat.OCPI)

    found = read_files(of_files(form), known=(), now=NOW)

    assert found.fresh == ()
    assert not found.left[0].is_refused
    assert found.incomplete_because is not None
    assert re.search(reason, found.incomplete_because)


@pytest.mark.parametrize(
    ("age", "is_read"),
    [(QUIET - timedelta(seconds=1), False), (QUIET, True), (timedelta(hours=-1), True)],
    ids=["just now", "a minute ago", "by a clock ahead of ours"],
)
def test_waits_until_a_file_was_left_alone(put, of_files, cdr, age, is_read):
    put(json.dumps([cdr()]), written=NOW - age)

    found = read_files(of_files(), known=(), now=NOW)

    assert (len(found.fresh), len(found.left)) == ((1, 0) if is_read else (0, 1))


def test_one_file_that_nobody_can_read_costs_itself(put, of_files, cdr):
    put("<html/>", "a.html")
    put(json.dumps([OICP]), "b.json")
    put(json.dumps([cdr()]), "c.json")

    found = read_files(of_files(), known=(), now=NOW)

    assert [each.path.name for each in found.fresh] == ["c.json"]
    assert [(each.path.name, each.is_refused) for each in found.left] == [("a.html", True), ("b.json", True)]
    assert "it holds OICP records as JSON, and ocpi was agreed" in found.left[1].reason


def test_reads_only_what_the_pattern_names(put, of_files, cdr):
    put(json.dumps([cdr()]), "roa-1.json")
    put(json.dumps([cdr()]), "other.json")

    found = read_files(of_files(pattern="roa-*.json"), known=(), now=NOW)

    assert [each.path.name for each in found.fresh] == ["roa-1.json"]


def test_a_folder_that_is_not_there_is_no_empty_one(of_files):
    with pytest.raises(SourceNotFound, match="mounted"):
        read_files(of_files(), known=(), now=NOW)


def test_reads_a_statement_by_the_partners_mapping_and_ours_by_our_own_names(put, of_files, tmp_path):
    mapping = tmp_path / "roa.toml"
    mapping.write_text(
        '[columns]\ncdr_id = "Nr"\nstarted_at = "Von"\nended_at = "Bis"\nenergy_kwh = "Wh"\nevse_id = "EVSE"\n'
        '[culture]\ncurrency = "EUR"\n[units]\nenergy = "Wh"\n'
    )
    made = of_files(FileFormat.STATEMENT)
    partner = replace(made, files=replace(made.files, mapping=mapping))
    theirs = put("Nr,Von,Bis,Wh,EVSE\n7,2026-11-01T12:00:00Z,2026-11-01T13:00:00Z,10500,NL*EVN*E1*1\n", "theirs.csv")

    assert [found.energy_kwh for found in read(theirs, partner=partner).cdrs] == [Decimal("10.5")]
    assert [found.cdr_id for found in read(put(STATEMENT, "ours.csv"), partner=partner, side=Side.OURS).cdrs] == ["1"]
