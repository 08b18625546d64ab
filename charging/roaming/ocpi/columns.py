"""Pages of OCPI CDRs straight to columns: the same as `to_frame(parse_cdrs(...))`, many times faster.

A scanner reads the plain records to arrays of integers. Each record with anything special about it goes through
`parse_cdrs`, and so does each page that the scanner refuses: what is read, flagged or rejected never differs.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import polars as pl

from charging.roaming.cdr import Cdr
from charging.roaming.frame import SCHEMA, to_frame
from charging.roaming.ocpi.columns_context import Context, context
from charging.roaming.ocpi.columns_fields import REMARK, Tables, tables
from charging.roaming.ocpi.columns_frame import plain_rows
from charging.roaming.ocpi.columns_lex import Bytes, Ints
from charging.roaming.ocpi.columns_quality import Flags, settle
from charging.roaming.ocpi.columns_read import IS_FOREIGN, IS_ODD, Read, read
from charging.roaming.ocpi.columns_scan import IS_REFUSED, scan
from charging.roaming.ocpi.columns_text import is_enveloped
from charging.roaming.ocpi.columns_values import Longs
from charging.roaming.ocpi.parse import VERSIONS, Parsed, Rejected, parse_cdrs, read_envelope, records

_AT_ONCE = 16 * 1024 * 1024
"""Bytes of pages that are read together: enough that polars' own cost for each frame is none of ours."""
_MOST = 1 << 30
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFrame:
    """The records of some pages, in their order: every one is a row or rejected."""

    frame: pl.DataFrame
    """With `SCHEMA`."""
    cdrs: tuple[Cdr, ...]
    """Those of the rows that are not exact, in their order: the columns hold nothing of their long numbers."""
    rejected: tuple[Rejected, ...]

    def __len__(self) -> int:
        return len(self.frame) + len(self.rejected)


@dataclass(frozen=True, slots=True)
class _Scanned:
    """Pages as they were scanned: the records on the tape, and those of refused pages, each with its place."""

    tape: Ints
    used: int
    records: Ints
    places: Longs
    refused: list[tuple[int, bytes]]


def parse_frame(
    pages: Iterable[bytes], *, partner: str, version: str = "2.2.1", owner: str | None = None
) -> ParsedFrame:
    """Return the CDRs of pages: answers with their envelope, or bare lists of records. `owner` as in `parse_cdrs`.

    Raises:
        UnreadablePage: if a page is neither; nothing of the others is returned then. `read_envelope` tells beforehand.
        ValueError: if we do not know the version.
    """
    return parse_within(context(partner=partner, version=version, owner=owner), pages)


def parse_within(known: Context, pages: Iterable[bytes]) -> ParsedFrame:
    """Return the same; what is made of their ids is not made again of those that come later, in the same context.

    Raises:
        UnreadablePage: if a page is neither; nothing of the others is returned then. `read_envelope` tells beforehand.
        ValueError: if we do not know the version.
    """
    if known.version not in VERSIONS:
        raise ValueError(f"OCPI {known.version} is not read: it is one of {', '.join(VERSIONS)}")
    parts = [_part(chunk, within=known) for chunk in _chunks(pages)]
    return ParsedFrame(
        frame=pl.concat([part.frame for part in parts]) if parts else SCHEMA.to_frame(),
        cdrs=tuple(cdr for part in parts for cdr in part.cdrs),
        rejected=tuple(one for part in parts for one in part.rejected),
    )


def in_columns(parsed: Parsed) -> ParsedFrame:
    """Return CDRs that came as values, whatever they were read from, in columns."""
    cdrs = tuple(map(_encodable, parsed.cdrs))
    frame = to_frame(cdrs)
    long = (cdr for cdr, is_exact in zip(cdrs, frame["is_exact"], strict=True) if not is_exact)
    return ParsedFrame(frame=frame, cdrs=tuple(long), rejected=parsed.rejected)


def _encodable(cdr: Cdr) -> Cdr:
    """Return a CDR whose texts can be written as UTF-8: half a surrogate pair becomes U+FFFD, as no column holds it."""
    changed = {
        field.name: made for field in fields(cdr) if (made := _whole(stated := getattr(cdr, field.name))) != stated
    }
    return replace(cdr, **changed) if changed else cdr


def _whole(stated: Any) -> Any:
    if isinstance(stated, tuple):
        return tuple(map(_whole, stated))
    return _HALF.sub("\ufffd", stated) if isinstance(stated, str) and not stated.isascii() else stated


def _chunks(pages: Iterable[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for page in pages:
        chunk.append(page)
        size += len(page)
        if size >= _AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _part(pages: Sequence[bytes], *, within: Context) -> ParsedFrame:
    whole = b"".join(pages)
    known = tables(within.version)
    scanned = _scanned(pages, np.frombuffer(whole, np.uint8), known)
    stated = read(np.frombuffer(whole, np.uint8), scanned.tape, scanned.used, scanned.records)
    is_in_wh = settle(stated)
    is_odd = (stated.marked[:, IS_ODD] == 1) | (stated.texts[:, known.required, 0] < 0).any(axis=1)
    is_odd |= _is_broken(stated, whole)
    plain = np.flatnonzero(~is_odd)
    frame = plain_rows(
        stated,
        whole=whole,
        bounds=scanned.records[plain, :2],
        rows=plain,
        is_in_wh=is_in_wh,
        within=within,
    )
    odd = [
        (int(scanned.places[row]), whole[scanned.records[row, 0] : scanned.records[row, 1]])
        for row in np.flatnonzero(is_odd).tolist()
    ]
    special = sorted([*odd, *scanned.refused], key=lambda one: one[0])
    return _with_special(frame, scanned.places[plain], special, within=within)


def _scanned(pages: Sequence[bytes], buffer: Bytes, known: Tables) -> _Scanned:
    """Scan pages that lie one after the other in a buffer."""
    # No field takes less than three bytes, `{},`, and no record less than two.
    tape = np.empty((len(buffer) // 3 + 16, 4), np.int32)
    found = np.empty((len(buffer) // 2 + 16, 4), np.int32)
    used = count = at = placed = 0
    places: list[Longs] = []
    refused: list[tuple[int, bytes]] = []
    for page in pages:
        after, now = IS_REFUSED, count
        if len(page) <= _MOST:
            after, now = scan(
                buffer, at, at + len(page), known.first, known.element_mark, known.kind, known.target, known.mark,
                known.key_at, known.keys, tape, used, found, count,
            )  # fmt: skip
        if after >= 0 and (_is_list(page) or is_enveloped(buffer, tape, used, after)):
            places.append(np.arange(placed, placed + now - count))
            placed += now - count
            used, count = after, now
        else:
            raws = list(_records_of(page))
            refused.extend(enumerate(raws, start=placed))
            placed += len(raws)
        at += len(page)
    return _Scanned(tape, used, found[:count], np.concatenate(places or [np.empty(0, np.int64)]), refused)


def _records_of(page: bytes) -> Iterator[bytes]:
    """Yield the records of an answer, or of a bare list."""
    return records(page if _is_list(page) else read_envelope(page).data)


def _is_list(page: bytes) -> bool:
    return page[:1] == b"[" or page.lstrip()[:1] == b"["


def _is_broken(stated: Read, whole: bytes) -> Flags:
    """Whether a record's remark, the one text that need not be ASCII, is no UTF-8."""
    broken = np.zeros(len(stated.texts), np.bool_)
    for row in np.flatnonzero(stated.marked[:, IS_FOREIGN]).tolist():
        begin, end = stated.texts[row, REMARK].tolist()
        try:
            whole[begin:end].decode()
        except UnicodeDecodeError:
            broken[row] = True
    return broken


def _with_special(
    frame: pl.DataFrame, places: Longs, special: Sequence[tuple[int, bytes]], *, within: Context
) -> ParsedFrame:
    """Add what goes through the parser of objects, each where it belongs."""
    cdrs: list[Cdr] = []
    at: list[int] = []
    rejected: list[Rejected] = []
    for place, raw in special:
        parsed = parse_cdrs(b"[%b]" % raw, partner=within.partner, version=within.version, owner=within.owner)
        cdrs.extend(parsed.cdrs)
        at.extend([place] * len(parsed.cdrs))
        rejected.extend(parsed.rejected)
    if not cdrs:
        return ParsedFrame(frame=frame, cdrs=(), rejected=tuple(rejected))
    others = to_frame(cdrs)
    order = np.argsort(np.concatenate([places, np.array(at, np.int64)]), kind="stable")
    inexact = (cdr for cdr, is_exact in zip(cdrs, others["is_exact"], strict=True) if not is_exact)
    return ParsedFrame(frame=pl.concat([frame, others])[order], cdrs=tuple(inexact), rejected=tuple(rejected))
