"""What a file of CDRs holds, told by its content and never by its name; and whether it is all there. Pure."""

import codecs
import io
import zipfile
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from charging.roaming import xml_records
from charging.roaming.emip import parse as emip
from charging.roaming.ochp import parse as ochp
from charging.roaming.ocpi.parse import UNREADABLE
from charging.roaming.ocpi.wire_values import ABSENT
from charging.roaming.partner import FileFormat

_PARQUET, _ZIP = b"PAR1", b"PK\x03\x04"
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CUT_OFF = "truncated"
"""What msgspec says of a JSON text that ends in the middle."""


class FileKind(StrEnum):
    """What a file holds."""

    OCPI = "OCPI records as JSON"
    OCPI_LINES = "OCPI records as JSON lines"
    OICP = "OICP records as JSON"
    OICP_LINES = "OICP records as JSON lines"
    OCHP = "OCHP messages"
    EMIP = "eMIP messages"
    PARQUET = "our columns as Parquet"
    CSV = "a statement as CSV"
    WORKBOOK = "a statement as XLSX"


FORMATS: dict[FileKind, FileFormat] = {
    FileKind.OCPI: FileFormat.OCPI,
    FileKind.OCPI_LINES: FileFormat.OCPI,
    FileKind.OICP: FileFormat.OICP,
    FileKind.OICP_LINES: FileFormat.OICP,
    FileKind.OCHP: FileFormat.OCHP,
    FileKind.EMIP: FileFormat.EMIP,
    FileKind.CSV: FileFormat.STATEMENT,
    FileKind.WORKBOOK: FileFormat.STATEMENT,
}
"""What a partner file calls each; Parquet is ours, and no partner's."""


class CutOff(ValueError):
    """The file ends in the middle: it may still be growing."""


class Unknown(ValueError):
    """The file holds nothing that is read here."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds, and in which version where that is told by its content."""

    kind: FileKind
    version: str | None = None


class _Head(msgspec.Struct):
    """The keys by which documents and records are told apart; their values are looked at by whoever reads them."""

    data: msgspec.Raw = ABSENT
    content: msgspec.Raw = ABSENT
    status_code: int | None = None
    session: msgspec.Raw = msgspec.field(default=ABSENT, name="SessionID")
    status: msgspec.Raw = msgspec.field(default=ABSENT, name="StatusCode")
    id: msgspec.Raw = ABSENT
    auth_id: msgspec.Raw = ABSENT
    stop_date_time: msgspec.Raw = ABSENT
    total_cost: msgspec.Raw = ABSENT

    def has(self, key: str) -> bool:
        """Whether something stands there."""
        return bytes(getattr(self, key)) != b"null"


def detect(body: bytes) -> Found:
    """Return what a file holds.

    Raises:
        CutOff: if it ends in the middle.
        Unknown: if it holds nothing that is read here.
    """
    if body.startswith(_PARQUET):
        if not body.endswith(_PARQUET) or len(body) < 12:
            raise CutOff("it is a Parquet file without its end")
        return Found(FileKind.PARQUET)
    if body.startswith(_ZIP):
        return _zipped(body)
    text = body.removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith(b"<") or (body.startswith(_BOMS) and body.decode("utf-16", errors="replace").startswith("<")):
        return _xml(body)
    if text.startswith((b"{", b"[")):
        return _json(text)
    return Found(FileKind.CSV)


def records(document: bytes) -> bytes:
    """Return the list of records of a JSON document: itself, its `data` or `content`, or the one record that it is.

    Raises:
        Unknown: if it is an answer that says no, or its list is none.
    """
    if document.startswith(b"["):
        return document
    head = msgspec.json.decode(document, type=_Head)
    if head.status_code is not None and not 1000 <= head.status_code < 2000:
        raise Unknown(f"it is an answer with the status {head.status_code}, and no list: ask for the CDRs again")
    is_answer = head.has("data") or head.has("content")
    if head.has("status") and not is_answer:
        raise Unknown("it is an answer of the hub without CDRs: ask for them again")
    found = bytes(head.data if head.has("data") else head.content) if is_answer else document
    return found if found.startswith(b"[") else b"[" + found + b"]"


def _zipped(body: bytes) -> Found:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            names = set(packed.namelist())
    except (zipfile.BadZipFile, EOFError, ValueError) as problem:
        raise CutOff("it is a workbook, or another ZIP, without its end") from problem
    if "xl/workbook.xml" not in names:
        raise Unknown("it is a ZIP and no workbook: unpack it")
    return Found(FileKind.WORKBOOK)


def _xml(body: bytes) -> Found:
    name = xml_records.message(body)
    if name in ochp.MESSAGES:
        return Found(FileKind.OCHP)
    if name in emip.MESSAGES:
        return Found(FileKind.EMIP)
    if not name:
        raise CutOff("it is XML that ends before its first element")
    raise Unknown(f"it is XML of a kind that nobody here reads: <{name[:60]}>")


def _json(text: bytes) -> Found:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except UNREADABLE as problem:
        if (first := _first_line(text)) is not None:
            return _lines(text, first)
        if _CUT_OFF in str(problem):
            raise CutOff("it is JSON that ends in the middle") from problem
        raise Unknown(f"it is no JSON: {problem}") from problem
    record = _first(records(text))
    if record is None:
        # Nothing in it tells whose it is, and nothing in it needs to: an empty list is empty in every protocol.
        return Found(FileKind.OICP if b"StatusCode" in text or b"numberOfElements" in text else FileKind.OCPI)
    return _of_record(record, FileKind.OCPI, FileKind.OICP)


def _first_line(text: bytes) -> _Head | None:
    """Return the first whole record of JSON lines, None where they are none. A line of a document is indented."""
    if not text.startswith(b"{"):
        return None
    for line in text.split(b"\n", 20)[:20]:
        if line.startswith(b"{"):
            try:
                return msgspec.json.decode(line, type=_Head)
            except UNREADABLE:
                continue
    return None


def _lines(text: bytes, first: _Head) -> Found:
    last = text.rpartition(b"\n")[2].strip()
    try:
        msgspec.json.decode(last or b"null", type=msgspec.Raw)
    except UNREADABLE as problem:
        if _CUT_OFF in str(problem):
            raise CutOff("its last line ends in the middle") from problem
    return _of_record(first, FileKind.OCPI_LINES, FileKind.OICP_LINES)


def _first(listed: bytes) -> _Head | None:
    """Return the first record of a list by which it can be told what they are."""
    try:
        found = msgspec.json.decode(listed, type=list[msgspec.Raw])
    except UNREADABLE as problem:
        raise Unknown(f"it is no list of records: {problem}") from problem
    for raw in found:
        try:
            return msgspec.json.decode(raw, type=_Head)
        except UNREADABLE:
            continue
    if found:
        raise Unknown("none of its records is an object")
    return None


def _of_record(record: _Head, ocpi: FileKind, oicp: FileKind) -> Found:
    if record.has("session"):
        return Found(oicp)
    if not record.has("id"):
        raise Unknown("its records have neither the `id` of OCPI nor the `SessionID` of OICP")
    if record.has("auth_id") or record.has("stop_date_time"):
        return Found(ocpi, "2.1.1")
    return Found(ocpi, "2.3.0" if b"before_taxes" in bytes(record.total_cost) else "2.2.1")
