"""Ids in the shapes that back-offices give them: most are UUIDs, some are counters, with or without the party.

The same kind and number make the same id, and two numbers never make one.
"""

from collections.abc import Callable
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import polars as pl

Words = npt.NDArray[np.uint64]

_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint8).reshape(256, 2)
_DASHES = (8, 13, 18, 23)
_FIRST = 100_000_000
"""A back-office that has run for years counts its transactions in nine digits."""
_SHAPES = 10


class Kind(IntEnum):
    """Of what an id is."""

    CDR = 1
    SESSION = 2
    AUTHORIZATION = 3
    EVSE = 4
    HUB = 5
    """An id that was put in the place of another one on the way."""


IdsOf = Callable[[Kind, pl.Series, pl.Series], pl.Series]
"""Makes the ids of a kind from numbers, one each, and the number of the EVSE of each."""
_PREFIXES = {Kind.CDR: "CDR", Kind.SESSION: "S", Kind.AUTHORIZATION: "A"}


def stated_ids(kind: Kind, numbers: pl.Series, evses: pl.Series) -> pl.Series:
    """Return the ids that the back-office of each EVSE gives: eight in ten write UUIDs, two count.

    Within the limits of OCPI 2.2.1 (mod_cdrs: CiString(39), usually 36), a credit's suffix included.
    """
    if kind is Kind.AUTHORIZATION:
        return uuids(kind, numbers)
    shape, counted = evses % _SHAPES, (numbers + _FIRST).cast(pl.String)
    return pl.select(
        pl.when(shape == 0)
        .then(counted)
        .when(shape == 1)
        .then(pl.format("NL*EVN*{}", counted.str.zfill(14)))
        .otherwise(uuids(kind, numbers))
    ).to_series()


def derived_ids(kind: Kind, numbers: pl.Series, _: pl.Series) -> pl.Series:
    """Return the ids that follow from a session's own number where a back-office keeps no others: `CDR-7`, `S-7`."""
    return pl.select(pl.format(f"{_PREFIXES[kind]}-{{}}", numbers)).to_series()


def uuids(kind: Kind, numbers: pl.Series) -> pl.Series:
    """Return UUIDs of version 4 (RFC 9562) in lower case."""
    of_kind = numbers.to_numpy().astype(np.uint64) ^ np.uint64(kind << 56)
    first, second = _mixed(of_kind), _mixed(~of_kind)
    first = first & ~np.uint64(0xF000) | np.uint64(0x4000)
    second = second & ~np.uint64(0xC0 << 56) | np.uint64(0x80 << 56)
    digits = _digits(first, second)
    return _texts(np.insert(digits, [at - gap for gap, at in enumerate(_DASHES)], ord("-"), axis=1))


def sha256s(content: pl.Series) -> pl.Series:
    """Return texts that look like a SHA-256, one for each hash of 64 bits."""
    words = content.to_numpy()
    return _texts(_digits(*(_mixed(words + np.uint64(number)) for number in range(4))))


def _mixed(words: Words) -> Words:
    """Return numbers that look random, one for each (the finalizer of SplitMix64)."""
    words = words + _ODD[0]
    words = (words ^ (words >> np.uint64(30))) * _ODD[1]
    words = (words ^ (words >> np.uint64(27))) * _ODD[2]
    return words ^ (words >> np.uint64(31))


def _digits(*words: Words) -> npt.NDArray[np.uint8]:
    octets = np.column_stack(words).astype(">u8").view(np.uint8)
    return _HEX[octets].reshape(len(octets), -1)


def _texts(letters: npt.NDArray[np.uint8]) -> pl.Series:
    height, width = letters.shape
    return pl.Series(np.ascontiguousarray(letters).view(f"S{width}").reshape(height), dtype=pl.Binary).cast(pl.String)
