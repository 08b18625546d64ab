"""Statements to the canonical shape: a list of CDRs in whatever columns, units and culture a mapping file names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from charging.errors import MissingColumns, UnreadableSource
from charging.legacy.csv_total import is_total
from charging.legacy.culture import Evidence
from charging.roaming.cdr import Cdr, CdrLine, Protocol, Side
from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.ocpi.parse import Parsed, Rejected
from charging.roaming.ocpi.parse_stated import is_contract, owner_of
from charging.roaming.ocpi.quality import contract_codes, evse_codes
from charging.roaming.stated_values import duration_codes, energy_codes, hours, require_order, required
from charging.roaming.statement.cells import Culture, Reading
from charging.roaming.statement.mapping import INSTANTS, NUMBERS, StatementMapping, canonical, lacking
from charging.roaming.statement.table import Row, Sheet, as_text, read_csv, read_workbook
from charging.roaming.statement.wall_clock import in_order
from charging.tariffs.tariff import Dimension

_PARTY = re.compile(r"([A-Za-z]{2})[-*]?([A-Za-z0-9]{3})")
_YES, _NO = (
    frozenset({"true", "1", "yes", "y", "ja", "oui", "x"}),
    frozenset({"", "false", "0", "no", "n", "nein", "non"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a statement holds, and how it was read."""

    parsed: Parsed
    notes: tuple[str, ...]


def read_statement(
    path: Path,
    *,
    mapping: StatementMapping | None,
    partner: str,
    received_at: datetime,
    owner: str | None = None,
    is_workbook: bool = False,
) -> Statement:
    """Return the CDRs of a CSV or XLSX, and its rows that are none. Without a mapping, columns bear our own names.

    Raises:
        SourceError: if it is no table, lacks a column of the mapping, or leaves open in which culture it is written.
    """
    given = mapping
    sheet = (
        read_workbook(path)
        if is_workbook
        else read_csv(path, encoding=given.encoding if given else None, delimiter=given.delimiter if given else None)
    )
    used = given or canonical(sheet.header)
    if given is None and ((gap := lacking(used.columns)) or "currency" not in used.columns):
        raise MissingColumns(path.name, [gap[0] if gap else "currency"], sheet.header)
    if absent := used.missing(sheet.header):
        raise MissingColumns(path.name, absent, sheet.header)
    culture = _culture(path.name, sheet, used)
    read = Reading(sheet.header, mapping=used, culture=culture)
    cdrs: list[Cdr] = []
    rejected: list[Rejected] = []
    for row in sheet.rows:
        try:
            cdrs.append(_cdr(_whole(row, read), read, partner=partner, received_at=received_at, owner=owner))
        except (ValueError, ArithmeticError) as problem:
            reason, digest = f"line {row.line}: {problem}", sha256(row.raw).hexdigest()
            cdr_id = None if row.problem else read.shown(row, "cdr_id") or None
            rejected.append(Rejected(cdr_id=cdr_id, reason=reason, raw=row.raw, raw_sha256=digest))
    notes = (*sheet.notes, f"mapping {used.name}", *culture.notes)
    return Statement(parsed=Parsed(cdrs=tuple(cdrs), rejected=tuple(rejected)), notes=notes)


def _culture(source: str, sheet: Sheet, mapping: StatementMapping) -> Culture:
    """Return in which culture the texts of the file are written: as stated, or as its own values prove."""
    evidence = Evidence(source=source)
    reading = Reading(sheet.header, mapping=mapping, culture=None)
    for row in sheet.rows:
        if row.problem is None:
            for name in (*NUMBERS, "duration"):
                if name != "duration" or mapping.duration_unit != "hh:mm:ss":
                    evidence.see_number(reading.written(row, name), line=row.line)
            for name in INSTANTS:
                if written := reading.written(row, name):
                    evidence.see_instant(written, line=row.line, column=name)
    if mapping.date_order:
        evidence.require_order(mapping.date_order)
    zoneless = evidence.zoneless or reading.has_clock_values(sheet.rows)
    if zoneless and mapping.time_zone is None:
        mend = 'write time_zone = "Europe/Amsterdam" under [culture] in its mapping file'
        raise UnreadableSource(source, f"its times carry no zone ({evidence.zoneless or 'dates of a workbook'})", mend)
    return Culture(
        decimal=mapping.decimal or evidence.decimal(),
        date_order=mapping.date_order or evidence.date_order(),
        time_zone=mapping.time_zone or "UTC",
    )


def _whole(row: Row, read: Reading) -> Row:
    if row.problem is not None:
        raise ValueError(row.problem)
    keys = read.places("cdr_id") + read.places("session_id")
    if is_total([as_text(cell) for cell in row.cells], keys):
        raise ValueError("it sums other lines up, and is no record of its own")
    return row


def _cdr(row: Row, read: Reading, *, partner: str, received_at: datetime, owner: str | None) -> Cdr:
    session_id = read.text(row, "session_id") or None
    cdr_id = required(read.text(row, "cdr_id") or session_id, "cdr_id")
    start = read.moment_of(row, "started_at")
    duration, stated_end = read.duration(row), read.moment_of(row, "ended_at")
    if start is None or (stated_end is None and duration is None):
        raise ValueError(f"`{'started_at' if start is None else 'ended_at'}` is missing")
    end = stated_end or replace(start, at=start.at + (duration or timedelta(0)), other=None)
    started_at, ended_at, clock_codes = in_order(start, end)
    require_order(started_at, ended_at)
    energy, energy_notes = read.energy(row)
    net, gross = read.number(row, "net"), read.number(row, "gross")
    evse = required(read.text(row, "evse_id") or read.text(row, "evse_uid"), "evse_id")
    uid, contract = _driver(row, read)
    spent = ended_at - started_at
    codes = {
        *evse_codes(evse),
        *(contract_codes(contract) if contract else ()),
        *(duration_codes(duration, started_at=started_at, ended_at=ended_at) if duration is not None else ()),
        *clock_codes,
        *energy_notes,
        *energy_codes(energy),
        *(("cost.vat_confusion",) if net is not None and gross is not None and abs(gross) < abs(net) else ()),
    }
    updated = read.moment_of(row, "last_updated")
    return Cdr(
        side=Side.THEIRS,
        partner=partner,
        owner=_owner(read.text(row, "owner")) or owner or owner_of(evse),
        cdr_id=cdr_id,
        session_id=session_id,
        authorization_reference=read.text(row, "authorization_reference") or None,
        evse_raw=evse,
        evse_compact=compact_evse(evse),
        token_uid=compact_token(uid) if uid else None,
        contract_compact=compact_contract(contract) if contract else None,
        started_at=started_at,
        ended_at=ended_at,
        energy_kwh=energy,
        net=net,
        gross=gross,
        currency=required(read.text(row, "currency") or read.mapping.currency, "currency").upper(),
        tariff_id=read.text(row, "tariff_id") or None,
        lines=tuple(_lines(started_at, energy, spent, read.number(row, "parking_hours"))),
        is_credit=_is_credit(read.text(row, "is_credit")),
        credits_cdr_id=read.text(row, "credits_cdr_id") or None,
        last_updated=updated.at if updated else received_at,
        raw_sha256=sha256(row.raw).hexdigest(),
        quality=tuple(sorted(codes)),
        protocol=Protocol.STATEMENT,
        evse_uid=read.text(row, "evse_uid") or None,
        connector_id=read.text(row, "connector_id") or None,
        total_hours=hours(spent),
        parking_hours=read.number(row, "parking_hours"),
        meter_start_kwh=read.number(row, "meter_start_kwh"),
        meter_end_kwh=read.number(row, "meter_end_kwh"),
        start_offset_minutes=start.offset_minutes,
        is_cost_significant=net is not None or gross is not None,
        invoice_id=read.text(row, "invoice_id") or None,
    )


def _lines(started_at: datetime, energy: Decimal, spent: timedelta, parking: Decimal | None) -> Iterator[CdrLine]:
    """Yield one period: a statement says no more of when the energy flowed."""
    yield CdrLine(measure=Dimension.ENERGY, started_at=started_at, volume=energy)
    yield CdrLine(measure=Dimension.TIME, started_at=started_at, volume=max(hours(spent) - (parking or 0), Decimal(0)))
    if parking:
        yield CdrLine(measure=Dimension.PARKING_TIME, started_at=started_at, volume=parking)


def _driver(row: Row, read: Reading) -> tuple[str | None, str | None]:
    uid, contract = read.text(row, "token_uid") or None, read.text(row, "contract_id") or None
    stated = read.text(row, "driver")
    if stated:
        kind = read.mapping.driver
        has_contract = kind == "contract" or (kind == "either" and is_contract(stated))
        uid, contract = (uid, contract or stated) if has_contract else (uid or stated, contract)
    return uid, contract


def _owner(stated: str) -> str | None:
    if not stated:
        return None
    found = _PARTY.fullmatch(stated)
    if not found:
        raise ValueError(f"`owner` is {stated!r}: it is written as in NL-EVN")
    return f"{found[1]}-{found[2]}".upper()


def _is_credit(stated: str) -> bool:
    word = stated.strip().casefold()
    if word not in _YES | _NO:
        raise ValueError(f"`is_credit` is {stated!r}: it is true or false")
    return word in _YES
