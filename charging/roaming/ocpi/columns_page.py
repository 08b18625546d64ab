"""A page of CDRs, read once: what its records state and where they lie, the hash of each, and what tells them apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from charging.roaming.ocpi.columns_fields import CDR_ID, COUNTRY_CODE, LAST_UPDATED, PARTY_ID, START, tables
from charging.roaming.ocpi.columns_lex import Ints
from charging.roaming.ocpi.columns_quality import Flags
from charging.roaming.ocpi.columns_read import IS_ODD, Read, read
from charging.roaming.ocpi.columns_scan import IS_REFUSED, scan
from charging.roaming.ocpi.columns_text import is_enveloped, joined
from charging.roaming.ocpi.columns_values import NONE, Longs
from charging.roaming.ocpi.parse import VERSIONS, read_envelope, records
from charging.roaming.ocpi.pull_record import Head, head, heads, identity

Data: TypeAlias = bytes | msgspec.Raw
_MOST = 1 << 30
_HEAD = [CDR_ID, COUNTRY_CODE, PARTY_ID]
HASH = 32


@dataclass(frozen=True, slots=True)
class CdrPage:
    """The records of a page in their order: in arrays, or as they are where the scanner refuses the page."""

    data: Data
    """What the arrays' places are places in."""
    version: str
    bounds: Ints
    """From and to of each record."""
    hashes: bytes
    """The SHA-256 of each, one behind the other."""
    stated: Read | None
    refused: tuple[bytes, ...] = ()

    def __len__(self) -> int:
        return len(self.refused) if self.stated is None else len(self.bounds)

    def heads(self) -> tuple[Head, ...]:
        """Return the head of each record, as `heads` makes it of the record."""
        if self.stated is None or self.version == "2.1.1":  # whose owners are read from nothing that is in the arrays
            return tuple(heads(self._raws()))
        content = np.frombuffer(self.hashes, ">u8")[:: HASH // 8].tolist()
        updated = self.stated.instants[:, LAST_UPDATED - START]
        is_told: Flags = are_there(self.stated, _HEAD) & (updated != NONE) & (self.stated.marked[:, IS_ODD] == 0)
        rows = np.flatnonzero(is_told)
        texts = joined(np.frombuffer(self.data, np.uint8), self.stated.texts[:, _HEAD], rows)
        names, countries, parties = (text.split("\n")[: len(rows)] for text in texts)
        instants = updated[rows].astype("datetime64[us]").tolist()
        told = map(identity, countries, parties, names)
        found = [
            Head(key, content[row], at.replace(tzinfo=UTC))
            for row, key, at in zip(rows.tolist(), told, instants, strict=True)
        ]
        if len(found) == len(self):
            return tuple(found)
        every = dict(zip(rows.tolist(), found, strict=True))
        return tuple(every.get(row) or head(raw) for row, raw in enumerate(self._raws()))

    def _raws(self) -> Iterator[bytes]:
        """Yield each record as it stood on the wire."""
        if self.stated is None:
            yield from self.refused
            return
        data = memoryview(self.data)
        for begin, end in self.bounds.tolist():
            yield bytes(data[begin:end])


def read_cdrs(data: Data, version: str) -> CdrPage:
    """Return the CDRs of a page's `data`.

    Raises:
        UnreadablePage: if `data` is no list.
        ValueError: if we do not know the version.
    """
    page = _read(data, version)
    return _refused(data, records(data), version) if page is None else page


def read_answer(page: bytes, version: str) -> CdrPage:
    """Return the CDRs of an answer with its envelope, or of a bare list of records.

    Raises:
        UnreadablePage: if it is neither.
        ValueError: if we do not know the version.
    """
    if _is_list(page):
        return read_cdrs(page, version)
    found = _read(page, version, is_list=False)
    return _refused(page, records(read_envelope(page).data), version) if found is None else found


def are_there(stated: Read, columns: Sequence[int]) -> Flags:
    """Whether each record has all of some texts."""
    missing = (stated.texts[:, columns, 0] < 0).sum(axis=1)
    there: Flags = np.equal(missing, 0)
    return there


def together(pages: Sequence[CdrPage]) -> tuple[bytes, Ints, Read]:
    """Return the data of pages one behind the other, where in it each of their records lies, and what these state.

    Pages that the scanner refuses are left out.
    """
    read_ones = [(page, page.stated) for page in pages if page.stated is not None]
    sizes = [len(memoryview(page.data)) for page, _ in read_ones]
    counts = [len(page) for page, _ in read_ones]
    bounds = np.concatenate([np.empty((0, 2), np.int32), *(page.bounds for page, _ in read_ones)])
    bounds += np.repeat(_before(sizes), counts).astype(np.int32)[:, None]
    return b"".join([page.data for page, _ in read_ones]), bounds, _together([one for _, one in read_ones], sizes)


def _together(every: Sequence[Read], sizes: Sequence[int]) -> Read:
    """Return what the records of several pages state, their places moved to where each page begins."""
    if not every:
        return read(np.empty(0, np.uint8), np.empty((0, 4), np.int32), 0, np.empty((0, 4), np.int32))
    counts = [len(one.texts) for one in every]
    tariffs = [len(one.tariffs) for one in every]
    lines = np.concatenate([one.lines for one in every])
    _move(lines[:, 3], _before(tariffs), [len(one.lines) for one in every])
    tariff_of = np.concatenate([one.tariff_of for one in every])
    _move(tariff_of, _before(tariffs), counts)
    texts = np.concatenate([one.texts for one in every])
    _move(texts, _before(sizes), counts)
    named = np.concatenate([one.tariffs for one in every])
    _move(named, _before(sizes), tariffs)
    return Read(
        texts=texts,
        numbers=np.concatenate([one.numbers for one in every]),
        instants=np.concatenate([one.instants for one in every]),
        offsets=np.concatenate([one.offsets for one in every]),
        added=np.concatenate([one.added for one in every]),
        marked=np.concatenate([one.marked for one in every]),
        line_first=np.concatenate(
            [np.zeros(1, np.int64), np.cumsum(np.concatenate([np.diff(one.line_first) for one in every]))]
        ),
        lines=lines,
        tariffs=named,
        tariff_of=tariff_of,
    )


def _before(sizes: Sequence[int]) -> Longs:
    """Return how much comes before each."""
    return np.cumsum([0, *sizes[:-1]]) if sizes else np.empty(0, np.int64)


def _move(places: npt.NDArray[Any], by: Longs, counts: Sequence[int]) -> None:
    """Move each page's places, of which a negative one is none."""
    moved = np.repeat(by, counts).reshape(-1, *[1] * (places.ndim - 1))
    np.add(places, moved, out=places, where=places >= 0, casting="unsafe")


def _read(data: Data, version: str, *, is_list: bool = True) -> CdrPage | None:
    """Return a page as the scanner reads it, None where it refuses it."""
    if version not in VERSIONS:
        raise ValueError(f"OCPI {version} is not read: it is one of {', '.join(VERSIONS)}")
    buffer = np.frombuffer(data, np.uint8)
    if len(buffer) > _MOST or (is_list and not _is_list(data)):
        return None
    known = tables(version)
    # No field takes less than three bytes, `{},`, and no record less than two.
    tape = np.empty((len(buffer) // 3 + 16, 4), np.int32)
    found = np.empty((len(buffer) // 2 + 16, 4), np.int32)
    used, count = scan(
        buffer, 0, len(buffer), known.first, known.element_mark, known.kind, known.target, known.mark,
        known.key_at, known.keys, tape, 0, found, 0,
    )  # fmt: skip
    if used == IS_REFUSED or not (is_list or is_enveloped(buffer, tape, 0, used)):
        return None
    bounds = found[:count, :2].copy()
    return CdrPage(data, version, bounds, _hashes(data, bounds), read(buffer, tape, used, found[:count]))


def _refused(data: Data, raws: Iterator[bytes], version: str) -> CdrPage:
    return CdrPage(data, version, np.empty((0, 2), np.int32), b"", None, tuple(raws))


def _hashes(data: Data, bounds: Ints) -> bytes:
    whole = memoryview(data)
    return b"".join([sha256(whole[begin:end]).digest() for begin, end in bounds.tolist()])


def _is_list(page: Data) -> bool:
    start = bytes(memoryview(page)[:1])
    return start == b"[" or (start.isspace() and bytes(page).lstrip()[:1] == b"[")
