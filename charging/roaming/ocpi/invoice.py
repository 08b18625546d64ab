"""Which CDRs an invoice covers: the records of the module Invoice Reconciliation (OCPI 2.3.0 ed2). Pure.

A record names the invoice and lists its CDRs; it carries no amount. Membership is by this list, never by date.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from charging.roaming.ocpi.parse import Rejected, records
from charging.roaming.ocpi.wire_values import instant

MODULE = "invoicereconciliation"
LISTED_ID = 36
"""Characters of a CDR's id in the list, though a CDR itself may bear one of 39: those of credits often do."""
_RECORD_ID, _INVOICE_ID = 36, 255
_PARTY = re.compile(r"[A-Z]{2}-[A-Z0-9]{3}")
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRecord:
    """One invoice, and the CDRs that it covers."""

    party: str
    """Country and party of whoever keeps the record: the CPO, or the eMSP where it bills itself."""
    record_id: str
    invoice_id: str
    cdr_ids: tuple[str, ...]
    """As listed, in their order; one that stands twice stands here twice."""
    last_updated: datetime
    raw_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRecords:
    """The records of some pages: every one is in one of the two."""

    records: tuple[InvoiceRecord, ...]
    rejected: tuple[Rejected, ...]


class _Wire(msgspec.Struct):
    country_code: str
    party_id: str
    id: str
    invoice_id: str
    cdrs: list[str]
    last_updated: str


_DECODER = msgspec.json.Decoder(_Wire)


def parse_invoice_records(pages: Iterable[bytes | msgspec.Raw]) -> InvoiceRecords:
    """Return the records in the `data` of some pages; of one that came in several versions, the latest.

    Raises:
        UnreadablePage: if `data` is no list.
    """
    latest: dict[tuple[str, str], InvoiceRecord] = {}
    rejected: dict[str, Rejected] = {}
    for raw in (raw for page in pages for raw in records(page)):
        digest = sha256(raw).hexdigest()
        try:
            record = _record(raw, digest)
        except _UNREADABLE as problem:
            rejected[digest] = Rejected(cdr_id=None, reason=str(problem), raw=raw, raw_sha256=digest)
            continue
        key = record.party, record.record_id.upper()
        if key not in latest or latest[key].last_updated <= record.last_updated:
            latest[key] = record
    return InvoiceRecords(records=tuple(latest.values()), rejected=tuple(rejected.values()))


def render(record: InvoiceRecord) -> bytes:
    """Return a record as JSON for the wire. Ids of CDRs go whole: cut off, one could name another CDR."""
    country_code, party_id = record.party.split("-", 1)
    stamp = record.last_updated.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()
    return msgspec.json.encode(
        {
            "country_code": country_code,
            "party_id": party_id,
            "id": record.record_id,
            "invoice_id": record.invoice_id,
            "cdrs": list(record.cdr_ids),
            "last_updated": f"{stamp}Z",
        }
    )


def faults(record: InvoiceRecord) -> tuple[str, ...]:
    """Return why a receiver could refuse a record of ours, each with the mend."""
    return tuple(_faults(record))


def _faults(record: InvoiceRecord) -> Iterator[str]:
    if not _PARTY.fullmatch(record.party):
        yield f"the party is {record.party!r}: write it as in NL-EVN"
    if not 0 < len(record.record_id) <= _RECORD_ID:
        yield f"the record's id has {len(record.record_id)} characters: give it one of 1 to {_RECORD_ID}"
    if not 0 < len(record.invoice_id) <= _INVOICE_ID:
        yield f"the invoice's id has {len(record.invoice_id)} characters: give it one of 1 to {_INVOICE_ID}"
    if not record.cdr_ids:
        yield "it lists no CDR: an invoice without any has no record"
    if twice := sorted({one for one in record.cdr_ids if record.cdr_ids.count(one) > 1}):
        yield f"it lists {', '.join(twice)} more than once: list each CDR once"
    if long := [one for one in record.cdr_ids if len(one) > LISTED_ID]:
        yield (
            f"{', '.join(long)} is longer than the {LISTED_ID} characters of a listed id: agree with the partner that "
            "it takes 39, as CDRs themselves may have them"
        )


def _record(raw: bytes, digest: str) -> InvoiceRecord:
    stated = _DECODER.decode(raw)
    if not stated.id.strip() or not stated.invoice_id.strip():
        raise ValueError("`id` or `invoice_id` is empty")
    if not stated.cdrs or not all(one.strip() for one in stated.cdrs):
        raise ValueError("`cdrs` lists nothing, or an empty id")
    return InvoiceRecord(
        party=f"{stated.country_code}-{stated.party_id}".upper(),
        record_id=stated.id,
        invoice_id=stated.invoice_id,
        cdr_ids=tuple(stated.cdrs),
        last_updated=instant(stated.last_updated, "last_updated").at,
        raw_sha256=digest,
    )
