"""OCPI 2.2.1 CDRs from JSON to the canonical shape. A record that cannot be read costs itself, and says why."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

import msgspec

from charging.roaming.cdr import Cdr, CdrLine, Side
from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.ocpi import quality
from charging.roaming.ocpi.wire import ChargingPeriod, Envelope, OcpiCdr, as_utc
from charging.tariffs.parse import is_plain
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

_ENVELOPE = msgspec.json.Decoder(Envelope)
_RECORDS = msgspec.json.Decoder(list[msgspec.Raw])
_CDR = msgspec.json.Decoder(OcpiCdr)
_MEASURES: dict[str, Dimension | Extreme] = {
    **{measure.value: measure for measure in Dimension if measure is not Dimension.FLAT},
    **{measure.value: measure for measure in Extreme},
}
# Prices have been sent as "2.00" since OCPI 2.1.1's own sample did; they are read, and it is said.
_NUMBER_AS_TEXT = re.compile(rb'"(?:excl_vat|incl_vat|volume|total_energy|total_time|price)"\s*:\s*"')
_ID = re.compile(rb'"id"\s*:\s*"([^"\\]{1,39})"')
_A_CENTURY_HOURS = 876_600
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


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

    def __len__(self) -> int:
        return len(self.cdrs) + len(self.rejected)


def read_envelope(body: bytes) -> Envelope:
    """Return the envelope of an answer.

    Raises:
        UnreadablePage: if there is none.
    """
    try:
        return _ENVELOPE.decode(body)
    except _UNREADABLE as problem:
        raise UnreadablePage(f"no OCPI answer: {problem}") from problem


def parse_cdrs(data: bytes | msgspec.Raw, *, partner: str) -> Parsed:
    """Return the CDRs of a page's `data`, and those of its records that are none.

    Raises:
        UnreadablePage: if `data` is no list.
    """
    try:
        records = _RECORDS.decode(data)
    except _UNREADABLE as problem:
        raise UnreadablePage(f"the page is no list of records: {problem}") from problem
    cdrs: list[Cdr] = []
    rejected: list[Rejected] = []
    for raw in map(bytes, records):
        try:
            cdrs.append(_cdr(raw, partner=partner))
        except (*_UNREADABLE, ValueError, OverflowError) as problem:
            rejected.append(_rejected(raw, str(problem)))
    return Parsed(cdrs=tuple(cdrs), rejected=tuple(rejected))


def _rejected(raw: bytes, reason: str) -> Rejected:
    found = _ID.search(raw)
    cdr_id = found.group(1).decode("utf-8", errors="replace") if found else None
    return Rejected(cdr_id=cdr_id, reason=reason, raw=raw, raw_sha256=sha256(raw).hexdigest())


def _cdr(raw: bytes, *, partner: str) -> Cdr:
    record = _CDR.decode(raw)
    _require_sense(record)
    units = quality.in_common_units(record, tuple(_lines(record.charging_periods)))
    as_text = ("number.as_text",) if _NUMBER_AS_TEXT.search(raw) else ()
    tariffs = dict.fromkeys(
        [*(period.tariff_id for period in record.charging_periods), *(tariff.id for tariff in record.tariffs)]
    )
    return Cdr(
        side=Side.THEIRS,
        partner=partner,
        owner=f"{record.country_code.upper()}-{record.party_id.upper()}",
        cdr_id=record.id,
        session_id=record.session_id or None,
        authorization_reference=record.authorization_reference or None,
        evse_raw=record.cdr_location.evse_id,
        evse_compact=compact_evse(record.cdr_location.evse_id),
        token_uid=compact_token(record.cdr_token.uid),
        contract_compact=compact_contract(record.cdr_token.contract_id),
        started_at=as_utc(record.start_date_time),
        ended_at=as_utc(record.end_date_time),
        energy_kwh=record.total_energy,
        net=record.total_cost.excl_vat,
        gross=record.total_cost.incl_vat,
        currency=record.currency.upper(),
        tariff_id=next((tariff_id for tariff_id in tariffs if tariff_id), None),
        lines=units.lines,
        is_credit=bool(record.credit),
        credits_cdr_id=record.credit_reference_id or None,
        last_updated=as_utc(record.last_updated),
        raw_sha256=sha256(raw).hexdigest(),
        quality=(*units.flags, *as_text, *dict.fromkeys(quality.flags(record, units.lines))),
    )


def _lines(periods: list[ChargingPeriod]) -> Iterator[CdrLine]:
    for period in periods:
        for dimension in period.dimensions:
            if measure := _MEASURES.get(dimension.type):  # what only sessions carry (POWER, STATE_OF_CHARGE) is no line
                yield CdrLine(
                    measure=measure,
                    started_at=as_utc(period.start_date_time),
                    volume=dimension.volume,
                    tariff_id=period.tariff_id,
                )


def _require_sense(record: OcpiCdr) -> None:
    if not record.id.strip():
        raise ValueError("`id` is empty")
    if as_utc(record.end_date_time) < as_utc(record.start_date_time):
        raise ValueError("`end_date_time` is before `start_date_time`")
    numbers: list[Decimal | None] = [
        record.total_energy,
        record.total_time,
        record.total_cost.excl_vat,
        record.total_cost.incl_vat,
        *(dimension.volume for period in record.charging_periods for dimension in period.dimensions),
    ]
    absurd = [number for number in numbers if number is not None and not is_plain(number)]
    if absurd or record.total_time >= _A_CENTURY_HOURS:
        raise ValueError(f"{[*absurd, record.total_time][0]} is no quantity")
