"""Texts that many records repeat: found again where they lie in the page, so that what follows is made of each once."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.loops.compiled import compiled
from charging.roaming.made import MOST
from charging.roaming.ocpi.columns_lex import Bytes, Ints
from charging.roaming.ocpi.columns_values import Longs

Array = TypeVar("Array", bound=npt.NDArray[Any])
Words = npt.NDArray[np.uint64]
_SEED = np.uint64(hash(__name__) & (1 << 64) - 1)
"""Python's own, of each process another: no partner can choose texts that all fall into one place."""
_FEWEST = 1 << 12


class Interned:
    """Texts, or a few of a record's that belong together, by their number, and columns of what is made of each.

    A text that is not there is the same as an empty one. `make` is asked once for each as long as it is remembered.
    """

    def __init__(self, make: Callable[..., tuple[Any, ...]], schema: Mapping[str, Any]) -> None:
        self._make, self._schema = make, pl.Schema(schema)
        self._forget()

    def _forget(self) -> None:
        self._slots: Ints = np.empty(0, np.int32)
        self._hashes: Words = np.empty(0, np.uint64)
        self._ends: Longs = np.zeros(1, np.int64)
        self._store: Bytes = np.empty(0, np.uint8)
        self._count = 0
        self._made = self._schema.to_frame()

    def rows(self, buffer: Bytes, texts: Ints, rows: Longs) -> pl.DataFrame:
        """Return what was made of each row's texts (row, text, from and to in the buffer)."""
        if self._count >= MOST:
            self._forget()
        self._make_room(len(rows), int((texts[rows, :, 1] - texts[rows, :, 0] + 1).sum()))
        numbers = np.empty(len(rows), np.uint32)
        before = self._count
        self._count = _intern(
            buffer, texts, rows, _SEED, self._slots, self._hashes, self._ends, self._store, before, numbers
        )
        if self._count > before:
            self._make_columns(before, texts.shape[1])
        return self._made[numbers]

    def _make_room(self, more: int, more_bytes: int) -> None:
        most = self._count + more
        if most > len(self._hashes):
            most = max(_FEWEST, 1 << (most - 1).bit_length())
            self._hashes = _grown(self._hashes, most)
            self._ends = _grown(self._ends, most + 1)
            self._slots = np.full(2 * most, -1, np.int32)
            _place(self._hashes, self._count, self._slots)
        most_bytes = int(self._ends[self._count]) + more_bytes
        if most_bytes > len(self._store):
            self._store = _grown(self._store, 1 << (most_bytes - 1).bit_length())

    def _make_columns(self, before: int, parts: int) -> None:
        fresh = self._store[self._ends[before] : self._ends[self._count]].tobytes().decode("ascii").split("\n")
        groups = zip(*(fresh[part:-1:parts] for part in range(parts)), strict=True)
        made = pl.DataFrame([self._make(*group) for group in groups], schema=self._schema, orient="row")
        self._made = self._made.extend(made)


def _grown(array: Array, size: int) -> Array:
    grown = np.empty(size, array.dtype)
    grown[: len(array)] = array
    return grown  # type: ignore[return-value]


@compiled
def _intern(  # noqa: C901, PLR0917 - numba: by position, and one loop
    buffer: Bytes,
    texts: Ints,
    rows: Longs,
    seed: np.uint64,
    slots: Ints,
    hashes: Words,
    ends: Longs,
    store: Bytes,
    count: int,
    numbers: npt.NDArray[np.uint32],
) -> int:
    """Write each row's number; texts that are new come behind the `count` that are there, whose new count is returned.

    What is stored of number n, each text with a line's end behind it, ends at `ends[n + 1]`.
    """
    mask = np.uint64(len(slots) - 1)
    for place in range(len(rows)):
        row = rows[place]
        code = seed
        length = 0
        for part in range(texts.shape[1]):
            for at in range(texts[row, part, 0], texts[row, part, 1]):
                code = (code ^ np.uint64(buffer[at])) * np.uint64(0x9E3779B97F4A7C15)
                code ^= code >> np.uint64(29)
            code = (code ^ np.uint64(10)) * np.uint64(0x9E3779B97F4A7C15)
            length += texts[row, part, 1] - texts[row, part, 0] + 1
        code ^= code >> np.uint64(32)
        slot = code & mask
        while True:
            known = slots[slot]
            if known < 0:
                at = ends[count]
                for part in range(texts.shape[1]):
                    for byte in range(texts[row, part, 0], texts[row, part, 1]):
                        store[at] = buffer[byte]
                        at += 1
                    store[at] = 10
                    at += 1
                ends[count + 1], hashes[count], slots[slot] = at, code, count
                numbers[place] = count
                count += 1
                break
            if hashes[known] == code and ends[known + 1] - ends[known] == length:
                at, is_same = ends[known], True
                for part in range(texts.shape[1]):
                    for byte in range(texts[row, part, 0], texts[row, part, 1]):
                        is_same = is_same and store[at] == buffer[byte]
                        at += 1
                    is_same = is_same and store[at] == 10
                    at += 1
                if is_same:
                    numbers[place] = known
                    break
            slot = (slot + np.uint64(1)) & mask
    return count


@compiled
def _place(hashes: Words, count: int, slots: Ints) -> None:
    """Find a slot for each that is known."""
    mask = np.uint64(len(slots) - 1)
    for known in range(count):
        slot = hashes[known] & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = known
