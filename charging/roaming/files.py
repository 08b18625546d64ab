"""CDRs by file: what a partner exported, what another tool wrote, or what we wrote ourselves.

OCPI records as JSON (a list, an answer with `data`, or one record) or JSON lines; canonical columns as Parquet (the
schema of `frame`) or CSV. A record that cannot be read costs itself.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path

import msgspec
import polars as pl

from charging.errors import SourceNotFound, UnreadableSource
from charging.roaming.cdr import Cdr, Protocol, Side
from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.frame import SCHEMA, to_cdrs
from charging.roaming.ocpi.parse import Parsed, Rejected, UnreadablePage, parse_cdrs
from charging.roaming.partner import Partner

JSON = frozenset({".json"})
JSON_LINES = frozenset({".jsonl", ".ndjson"})
PARQUET = frozenset({".parquet"})
CSV = frozenset({".csv"})
KNOWN = "write it as .json, .jsonl, .parquet or .csv"
NEEDED = ("cdr_id", "started_at", "ended_at", "energy_kwh", "net", "currency", "evse_id")
"""Columns that a CSV of CDRs must have; `gross`, `token_uid`, `contract_id`, `session_id` and others may be there."""
_TEXTS = ("session_id", "authorization_reference", "tariff_id", "credits_cdr_id", "invoice_id")
_Envelope = dict[str, msgspec.Raw]


def read(path: Path, *, partner: Partner, side: Side = Side.THEIRS) -> Parsed:
    """Return the CDRs of a file, as `side` states them, and its records that are none.

    Raises:
        SourceNotFound: if it is not there.
        UnreadableSource: if it is not what its name says.
    """
    try:
        body = path.read_bytes()
    except OSError as problem:
        raise SourceNotFound(str(path)) from problem
    kind = path.suffix.lower()
    try:
        if kind in JSON:
            parsed = _of_records(_records(body), partner)
        elif kind in JSON_LINES:
            parsed = _of_json_lines(body, partner)
        elif kind in PARQUET:
            parsed = Parsed(cdrs=tuple(_of_columns(body, partner)), rejected=())
        elif kind in CSV:
            parsed = _of_csv(body, partner)
        else:
            raise UnreadableSource(str(path), f"nobody here reads {kind or 'a file without a suffix'}", KNOWN)
    except (UnreadablePage, msgspec.MsgspecError, pl.exceptions.PolarsError, UnicodeDecodeError, ValueError) as problem:
        raise UnreadableSource(str(path), str(problem), KNOWN) from problem
    return replace(parsed, cdrs=tuple(replace(cdr, side=side, partner=partner.name) for cdr in parsed.cdrs))


def _records(body: bytes) -> bytes:
    """Return the list of records of a JSON document: itself, its `data`, or the one record that it is."""
    if body.lstrip()[:1] == b"[":
        return body
    stated = msgspec.json.decode(body, type=_Envelope)
    if "data" in stated:
        data = bytes(stated["data"])
        return data if data.lstrip()[:1] == b"[" else b"[" + data + b"]"
    return b"[" + body + b"]"


def _of_records(data: bytes, partner: Partner) -> Parsed:
    return parse_cdrs(data, partner=partner.name, version=partner.version, owner=partner.owner)


def _of_json_lines(body: bytes, partner: Partner) -> Parsed:
    good: list[bytes] = []
    bad: list[Rejected] = []
    for number, line in enumerate(body.splitlines(), start=1):
        try:
            msgspec.json.decode(line or b"null", type=msgspec.Raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
            said = f"line {number} is no JSON: {problem}"
            bad.append(Rejected(cdr_id=None, reason=said, raw=line, raw_sha256=sha256(line).hexdigest()))
        else:
            good.extend([line] if line.strip() else [])
    parsed = _of_records(b"[" + b",".join(good) + b"]", partner)
    return replace(parsed, rejected=(*parsed.rejected, *bad))


def _of_columns(body: bytes, partner: Partner) -> list[Cdr]:
    frame = pl.read_parquet(io.BytesIO(body))
    missing = [name for name in SCHEMA if name not in frame.columns and name != "cdr_key"]
    if missing:
        raise ValueError(f"it has no column {', '.join(missing)}")
    keyed = frame if "cdr_key" in frame.columns else frame.with_columns(cdr_key=pl.lit(partner.name))
    return to_cdrs(keyed.select(list(SCHEMA)).cast(dict(SCHEMA)))  # type: ignore[arg-type]


def _of_csv(body: bytes, partner: Partner) -> Parsed:
    rows = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise ValueError(f"it has no column {', '.join(missing)}")
    cdrs: list[Cdr] = []
    rejected: list[Rejected] = []
    for raw, row in _lines(rows):
        try:
            cdrs.append(_cdr(row, raw, partner))
        except (ValueError, InvalidOperation, KeyError) as problem:
            said = str(problem) if isinstance(problem, ValueError) else "a number in it is none"
            digest = sha256(raw).hexdigest()
            rejected.append(Rejected(cdr_id=row.get("cdr_id") or None, reason=said, raw=raw, raw_sha256=digest))
    return Parsed(cdrs=tuple(cdrs), rejected=tuple(rejected))


def _lines(rows: "csv.DictReader[str]") -> Iterator[tuple[bytes, Mapping[str, str]]]:
    for row in rows:
        stated = {str(name): (value or "").strip() for name, value in row.items() if isinstance(value, str | None)}
        yield msgspec.json.encode(stated), stated


def _cdr(row: Mapping[str, str], raw: bytes, partner: Partner) -> Cdr:
    if not row["cdr_id"]:
        raise ValueError("cdr_id is empty")
    started_at, ended_at = (_instant(row[name], name) for name in ("started_at", "ended_at"))
    if ended_at < started_at:
        raise ValueError("ended_at is before started_at")
    token, contract = row.get("token_uid"), row.get("contract_id")
    values: dict[str, object] = {name: row.get(name) or None for name in _TEXTS}
    made = Cdr(
        side=Side.THEIRS,
        partner=partner.name,
        owner=row.get("owner") or partner.owner,
        cdr_id=row["cdr_id"],
        session_id=None,
        authorization_reference=None,
        evse_raw=row["evse_id"],
        evse_compact=compact_evse(row["evse_id"]),
        token_uid=compact_token(token) if token else None,
        contract_compact=compact_contract(contract) if contract else None,
        started_at=started_at,
        ended_at=ended_at,
        energy_kwh=_number(row["energy_kwh"], "energy_kwh"),
        net=_number(row["net"], "net") if row["net"] else None,
        gross=_number(row["gross"], "gross") if row.get("gross") else None,
        currency=row["currency"].upper(),
        tariff_id=None,
        lines=(),
        is_credit=row.get("is_credit", "").lower() in {"true", "1", "yes"},
        credits_cdr_id=None,
        last_updated=_instant(row.get("last_updated") or row["ended_at"], "last_updated"),
        raw_sha256=sha256(raw).hexdigest(),
        protocol=Protocol.STATEMENT,
    )
    known = {field.name for field in fields(Cdr)}
    return replace(made, **{name: value for name, value in values.items() if name in known})  # type: ignore[arg-type]


def _number(text: str, name: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(f"{name} is {text!r}, which is no quantity")
    return number


def _instant(text: str, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}, which is no instant such as 2026-03-01T10:00:00Z") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
