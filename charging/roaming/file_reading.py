"""One file of CDRs, read by what its content shows that it holds."""

import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec
import polars as pl

from charging.errors import SourceNotFound, UnreadableSource
from charging.roaming import file_kinds
from charging.roaming.cdr import Cdr, Side
from charging.roaming.emip import parse as emip
from charging.roaming.file_kinds import FORMATS, CutOff, FileKind, Found
from charging.roaming.frame import SCHEMA, to_cdrs
from charging.roaming.ochp import parse as ochp
from charging.roaming.ocpi.parse import Parsed, Rejected, UnreadablePage, parse_cdrs
from charging.roaming.oicp import parse as oicp
from charging.roaming.partner import FileFormat, OurRole, Partner
from charging.roaming.statement import mapping as mappings
from charging.roaming.statement.parse import read_statement
from charging.roaming.xml_records import UnreadableXml

MAX_BYTES = 200_000_000
MEND = "ask the partner for it again"
_MAY_LACK = ("cdr_key", "time_zone")
"""Columns of ours that a file may have without: the key is made, the zone may be unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """A file that was read: every record of it is in `parsed`."""

    path: Path
    sha256: str
    body: bytes
    """As it came, to be kept."""
    received_at: datetime
    """When it was last written."""
    kind: FileKind
    parsed: Parsed
    notes: tuple[str, ...]
    """How it was read."""


def read_whole(
    path: Path, *, partner: Partner, side: Side, mapping: Path | None, expected: FileFormat | None = None
) -> FileRead:
    """Return a file, read. With `expected`, one that holds something else is refused.

    Raises:
        CutOff: if it ends in the middle, or changes meanwhile.
        SourceError: if it is not there, or nothing that is read here.
    """
    body, received_at = _body(path)
    try:
        found = file_kinds.detect(body)
        if expected is not None and FORMATS.get(found.kind) is not expected:
            mend = "put it elsewhere, or change files.format in the partner file"
            raise UnreadableSource(path.name, f"it holds {found.kind}, and {expected} was agreed", mend)
        theirs = partner.files.mapping if partner.files and side is Side.THEIRS else None
        by = mapping or theirs
        parsed, notes = _parsed(path, body, found, partner=partner, received_at=received_at, mapping=by)
    except UnreadableXml as problem:
        if problem.is_cut_off:
            raise CutOff(str(problem)) from problem
        raise UnreadableSource(path.name, str(problem), MEND) from problem
    except CutOff:
        raise
    except (UnreadablePage, msgspec.MsgspecError, pl.exceptions.PolarsError, UnicodeDecodeError, ValueError) as problem:
        raise UnreadableSource(path.name, str(problem), MEND) from problem
    return FileRead(
        path=path,
        sha256=sha256(body).hexdigest(),
        body=body,
        received_at=received_at,
        kind=found.kind,
        parsed=_as_stated_by(side, parsed, partner),
        notes=(f"{path.name} holds {found.kind}", *notes),
    )


def _body(path: Path) -> tuple[bytes, datetime]:
    try:
        before = path.stat()
        if before.st_size > MAX_BYTES:
            raise UnreadableSource(path.name, f"it is larger than {MAX_BYTES // 1_000_000} MB", "ask for it in parts")
        body = path.read_bytes()
        after = path.stat()
    except OSError as problem:
        raise SourceNotFound(str(path)) from problem
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise CutOff("it changed while it was read")
    return body, datetime.fromtimestamp(after.st_mtime, UTC)


def _parsed(
    path: Path, body: bytes, found: Found, *, partner: Partner, received_at: datetime, mapping: Path | None
) -> tuple[Parsed, tuple[str, ...]]:
    """Return the records of a file, and how they were read."""
    name, owner, currency = partner.name, _owner(partner, found.kind), partner.terms.currency
    match found.kind:
        case FileKind.PARQUET:
            return Parsed(cdrs=tuple(_of_columns(body, partner)), rejected=()), ()
        case FileKind.OCPI | FileKind.OCPI_LINES:
            version = found.version or partner.version
            data, bad = _listed(body, found.kind)
            parsed = parse_cdrs(data, partner=name, version=version, owner=owner)
            told = f"OCPI {version}, by its fields" + (
                f" ({partner.version} was agreed)" * (version != partner.version)
            )
            return replace(parsed, rejected=(*parsed.rejected, *bad)), (told,)
        case FileKind.OICP | FileKind.OICP_LINES:
            data, bad = _listed(body, found.kind)
            parsed = oicp.parse_cdrs(data, partner=name, received_at=received_at, currency=currency, owner=owner)
            return replace(parsed, rejected=(*parsed.rejected, *bad)), ()
        case FileKind.OCHP:
            return ochp.parse_cdrs(body, partner=name, received_at=received_at, owner=owner), ()
        case FileKind.EMIP:
            return emip.parse_cdrs(body, partner=name, received_at=received_at, currency=currency, owner=owner), ()
        case FileKind.CSV | FileKind.WORKBOOK:
            statement = read_statement(
                path,
                mapping=None if mapping is None else mappings.load(mapping),
                partner=name,
                received_at=received_at,
                owner=owner,
                is_workbook=found.kind is FileKind.WORKBOOK,
            )
            _require_end(body, statement.parsed)
            return statement.parsed, statement.notes


def _require_end(body: bytes, parsed: Parsed) -> None:
    """Go on only with a statement whose last row is whole."""
    if any("the file ends in the middle of it" in each.reason for each in parsed.rejected) and not body.endswith(b"\n"):
        raise CutOff("its last row ends in the middle")


def _listed(body: bytes, kind: FileKind) -> tuple[bytes, list[Rejected]]:
    """Return the records as one JSON list, and the lines that are no JSON."""
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if kind in {FileKind.OCPI, FileKind.OICP}:
        return file_kinds.records(text), []
    good: list[bytes] = []
    bad: list[Rejected] = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            msgspec.json.decode(line or b"null", type=msgspec.Raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            said = f"line {number} is no JSON: {problem}"
            bad.append(Rejected(cdr_id=None, reason=said, raw=line, raw_sha256=sha256(line).hexdigest()))
        else:
            good.extend([line] if line.strip() else [])
    return b"[" + b",".join(good) + b"]", bad


def _of_columns(body: bytes, partner: Partner) -> list[Cdr]:
    frame = pl.read_parquet(io.BytesIO(body))
    missing = [name for name in SCHEMA if name not in frame.columns and name not in _MAY_LACK]
    if missing:
        raise ValueError(f"it has no column {', '.join(missing)}")
    keyed = frame.with_columns(pl.lit(None).alias(name) for name in _MAY_LACK if name not in frame.columns)
    if "cdr_key" not in frame.columns:
        keyed = keyed.with_columns(cdr_key=pl.lit(partner.name))
    return to_cdrs(keyed.select(list(SCHEMA)).cast(dict(SCHEMA)))  # type: ignore[arg-type]


def _owner(partner: Partner, kind: FileKind) -> str | None:
    """Return whose stations the CDRs are from, where that is known: behind a hub, the record itself must tell."""
    if partner.our_role is OurRole.CPO:
        return partner.owner
    is_direct = partner.hub is None and FORMATS.get(kind) in {FileFormat.OCPI, FileFormat.STATEMENT}
    return partner.party if is_direct else None


def _as_stated_by(side: Side, parsed: Parsed, partner: Partner) -> Parsed:
    named = [(cdr.cdr_key, replace(cdr, side=side, partner=partner.name)) for cdr in parsed.cdrs]
    return Parsed(
        cdrs=tuple(cdr for _, cdr in named),
        rejected=parsed.rejected,
        evidence={cdr.cdr_key: parsed.evidence[key] for key, cdr in named if key in parsed.evidence},
    )
