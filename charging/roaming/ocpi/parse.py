"""OCPI CDRs from JSON to the canonical shape. A record that cannot be read costs itself, and says why. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from charging.roaming.cdr import Cdr, Side
from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.ocpi import quality
from charging.roaming.ocpi.parse_stated import Stated, stated_in_22, stated_in_211
from charging.roaming.ocpi.quality import Evidence
from charging.roaming.ocpi.wire import Envelope
from charging.roaming.ocpi.wire_cdr import Cdr211, Cdr221, Cdr230
from charging.roaming.ocpi.wire_values import UNKNOWN_TIME

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
_ENVELOPE = msgspec.json.Decoder(Envelope)
_RECORDS = msgspec.json.Decoder(list[msgspec.Raw])
_CDR_211 = msgspec.json.Decoder(Cdr211)
_CDR_221 = msgspec.json.Decoder(Cdr221)
_CDR_230 = msgspec.json.Decoder(Cdr230)
_ID = re.compile(rb'"id"\s*:\s*"([^"\\]{1,39})"')
_A_CENTURY_HOURS = 876_600
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class UnreadablePage(ValueError):
    """An answer is no OCPI envelope: truncated, not JSON, or without a status code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A record that could not be read. `cdr_id` is given where it could still be made out."""

    cdr_id: str | None
    reason: str
    raw: bytes
    raw_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The records of one page: every one is in one of the two."""

    cdrs: tuple[Cdr, ...]
    rejected: tuple[Rejected, ...]
    evidence: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    """What shows each code in a CDR's `quality`, by `cdr_key`; nothing for a CDR without one."""

    def __len__(self) -> int:
        return len(self.cdrs) + len(self.rejected)


def read_envelope(body: bytes) -> Envelope:
    """Return the envelope of an answer.

    Raises:
        UnreadablePage: if there is none.
    """
    try:
        return _ENVELOPE.decode(body)
    except UNREADABLE as problem:
        raise UnreadablePage(f"no OCPI answer: {problem}") from problem


def parse_cdrs(data: bytes | msgspec.Raw, *, partner: str, version: str = "2.2.1", owner: str | None = None) -> Parsed:
    """Return the CDRs of a page's `data`, and those of its records that are none.

    `owner` (`NL-EVN`) is the party whose endpoint they came from: CDRs of 2.1.1 name none, and are else given the
    operator in their EVSE id. Later versions state it themselves.

    Raises:
        UnreadablePage: if `data` is no list.
        ValueError: if we do not know the version.
    """
    if version not in VERSIONS:
        raise ValueError(f"OCPI {version} is not read: it is one of {', '.join(VERSIONS)}")
    cdrs: list[Cdr] = []
    rejected: list[Rejected] = []
    evidence: dict[str, tuple[Evidence, ...]] = {}
    for raw in records(data):
        try:
            cdr, found = _cdr(raw, partner=partner, version=version, owner=owner)
        except (*UNREADABLE, ValueError, ArithmeticError) as problem:
            rejected.append(rejected_record(raw, str(problem)))
            continue
        cdrs.append(cdr)
        if found:
            evidence[cdr.cdr_key] = found
    return Parsed(cdrs=tuple(cdrs), rejected=tuple(rejected), evidence=evidence)


def records(data: bytes | msgspec.Raw) -> Iterator[bytes]:
    """Yield the records of a page's `data`, each byte for byte as it stood on the wire.

    Raises:
        UnreadablePage: if `data` is no list.
    """
    try:
        found = _RECORDS.decode(data)
    except UNREADABLE as problem:
        raise UnreadablePage(f"the page is no list of records: {problem}") from problem
    return map(bytes, found)


class _Signed(msgspec.Struct):
    signed_data: msgspec.Raw = msgspec.Raw(b"null")


def signed_data(raw: bytes) -> bytes | None:
    """Return a record's `signed_data` as it stood on the wire: signatures cover bytes, so none may change.

    Raises:
        UnreadablePage: if the record is no JSON object.
    """
    try:
        found = bytes(msgspec.json.decode(raw, type=_Signed).signed_data)
    except UNREADABLE as problem:
        raise UnreadablePage(f"the record is no object: {problem}") from problem
    return None if found == b"null" else found


def rejected_record(raw: bytes, reason: str) -> Rejected:
    """Return a record as one that cannot be read, with its id where that can still be made out."""
    found = _ID.search(raw)
    cdr_id = found.group(1).decode("utf-8", errors="replace") if found else None
    return Rejected(cdr_id=cdr_id, reason=reason, raw=raw, raw_sha256=sha256(raw).hexdigest())


def _stated(raw: bytes, *, version: str, owner: str | None) -> Stated:
    if version == "2.1.1":
        return stated_in_211(_CDR_211.decode(raw), owner=owner)
    return stated_in_22(_CDR_230.decode(raw) if version == "2.3.0" else _CDR_221.decode(raw))


def _cdr(raw: bytes, *, partner: str, version: str, owner: str | None) -> tuple[Cdr, tuple[Evidence, ...]]:
    stated = _stated(raw, version=version, owner=owner)
    _require_sense(stated)
    units = quality.in_common_units(stated)
    evidence = (*units.evidence, *quality.odd(stated, units.lines))
    tariff_ids = (*(line.tariff_id for line in units.lines), *(tariff_id for tariff_id, _ in stated.tariffs))
    codes = tuple(sorted({one.code for one in evidence}))
    cdr = Cdr(
        side=Side.THEIRS,
        partner=partner,
        owner=stated.owner,
        cdr_id=stated.cdr_id,
        session_id=stated.session_id,
        authorization_reference=stated.authorization_reference,
        evse_raw=stated.evse,
        evse_compact=compact_evse(stated.evse),
        token_uid=None if stated.token_uid is None else compact_token(stated.token_uid),
        contract_compact=None if stated.contract is None else compact_contract(stated.contract),
        started_at=stated.start.at,
        ended_at=stated.end.at,
        energy_kwh=stated.energy_kwh,
        net=stated.net,
        gross=stated.gross,
        currency=stated.currency,
        tariff_id=next((tariff_id for tariff_id in tariff_ids if tariff_id), None),
        lines=units.lines,
        is_credit=bool(stated.credit),
        credits_cdr_id=stated.credits_cdr_id,
        last_updated=stated.last_updated.at,
        raw_sha256=sha256(raw).hexdigest(),
        quality=codes,
        evse_uid=stated.evse_uid,
        connector_id=stated.connector_id,
        total_hours=stated.total_hours,
        parking_hours=stated.parking_hours,
        start_offset_minutes=stated.start.offset_minutes,
        is_cost_significant=quality.is_cost_significant(stated),
        invoice_id=stated.invoice_id,
    )
    return cdr, evidence


def _require_sense(stated: Stated) -> None:
    if not stated.cdr_id.strip():
        raise ValueError("`id` is empty")
    if UNKNOWN_TIME in stated.end.codes:
        raise ValueError(f"the end is {stated.end.at:%Y-%m-%d}, which stands for unknown: ask when the session ended")
    if stated.end.at < stated.start.at and UNKNOWN_TIME not in stated.start.codes:
        raise ValueError("the session ends before it starts")
    if not 0 <= stated.total_hours < _A_CENTURY_HOURS:
        raise ValueError(f"`total_time` is {stated.total_hours} h: no quantity")
