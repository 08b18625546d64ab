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
from charging.roaming.ocpi.columns_fields import REMARK, tables
from charging.roaming.ocpi.columns_frame import plain_rows
from charging.roaming.ocpi.columns_page import HASH, CdrPage, are_there, read_answer, together
from charging.roaming.ocpi.columns_quality import Flags, settle
from charging.roaming.ocpi.columns_read import IS_FOREIGN, IS_ODD, Read
from charging.roaming.ocpi.columns_values import Longs
from charging.roaming.ocpi.parse import VERSIONS, Parsed, Rejected, parse_cdrs

_AT_ONCE = 16 * 1024 * 1024
"""Bytes of pages that are read together: enough that polars' own cost for each frame is none of ours."""
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


def parse_frame(
    pages: Iterable[bytes], *, partner: str, version: str = "2.2.1", owner: str | None = None
) -> ParsedFrame:
    """Return the CDRs of pages: answers with their envelope, or bare lists of records. `owner` as in `parse_cdrs`.

    Raises:
        UnreadablePage: if a page is neither; nothing of the others is returned then. `read_envelope` tells beforehand.
        ValueError: if we do not know the version.
    """
    if version not in VERSIONS:
        raise ValueError(f"OCPI {version} is not read: it is one of {', '.join(VERSIONS)}")
    known = context(partner=partner, version=version, owner=owner)
    return parse_within(known, (read_answer(page, version) for page in pages))


def parse_within(known: Context, pages: Iterable[CdrPage]) -> ParsedFrame:
    """Return the CDRs of pages that were read, of the context's version.

    What is made of their ids is not made again of those that come later, in the same context.
    """
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


def _chunks(pages: Iterable[CdrPage]) -> Iterator[list[CdrPage]]:
    chunk: list[CdrPage] = []
    size = 0
    for page in pages:
        chunk.append(page)
        size += len(memoryview(page.data))
        if size >= _AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _part(pages: Sequence[CdrPage], *, within: Context) -> ParsedFrame:
    known = tables(within.version)
    whole, bounds, stated = together(pages)
    is_in_wh = settle(stated)
    is_odd = (stated.marked[:, IS_ODD] == 1) | ~are_there(stated, known.required)
    is_odd |= _is_broken(stated, whole)
    plain = np.flatnonzero(~is_odd)
    hashes = np.frombuffer(b"".join([page.hashes for page in pages]), np.uint8).reshape(-1, HASH)
    frame = plain_rows(stated, whole=whole, hashes=hashes[plain], rows=plain, is_in_wh=is_in_wh, within=within)
    places, refused = _places(pages)
    odd = [(int(places[row]), whole[bounds[row, 0] : bounds[row, 1]]) for row in np.flatnonzero(is_odd).tolist()]
    special = sorted([*odd, *refused], key=lambda one: one[0])
    return _with_special(frame, places[plain], special, within=within)


def _places(pages: Sequence[CdrPage]) -> tuple[Longs, list[tuple[int, bytes]]]:
    """Return the place of each record that is in the arrays, and those of refused pages, each with its place."""
    places: list[Longs] = [np.empty(0, np.int64)]
    refused: list[tuple[int, bytes]] = []
    placed = 0
    for page in pages:
        if page.stated is None:
            refused.extend(enumerate(page.refused, start=placed))
        else:
            places.append(np.arange(placed, placed + len(page)))
        placed += len(page)
    return np.concatenate(places), refused


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
