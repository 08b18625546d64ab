"""Frames as they are stored: without secrets, and otherwise byte for byte."""

import json
import re
from decimal import Decimal

import msgspec

from charging.database.columns import storable
from charging.ocpp.redact import redact

_SUSPECT = re.compile(
    rb"passw|pass|psk|authori|secret|private|api.?key|pin\b|vpn|id_?tag|id_?token|grouptoken|://[^/\s\"]*@|\\u00",
    re.IGNORECASE,
)
"""Frames without any of this go in as they are: nearly all. An escaped letter may hide any word."""
_ENCODER = msgspec.json.Encoder(decimal_format="number")
READ_BYTES = 65_536
"""The longest suspicious frame that is read while its station waits: longer ones would be felt by all others."""


def stored(raw: bytes) -> str:
    """Return a frame, or the payload of one, as it may be stored.

    Of bytes that are no JSON, what comes after the first suspicious word is left out, with how much that was.
    """
    return as_text(_without_secrets(raw, most=None))


def clean(raw: bytes) -> bytes:
    """Return a frame as it may lie on a disk: the same bytes where none of them had to go, and that quickly.

    Of one that is longer than `READ_BYTES`, what comes after the first suspicious word is left out, as above.
    """
    return _without_secrets(raw, most=READ_BYTES)


def as_text(raw: bytes) -> str:
    """Return what has no secrets any more as PostgreSQL takes it."""
    return storable(raw.decode("utf-8", "replace"))


def _without_secrets(raw: bytes, *, most: int | None) -> bytes:
    found = _SUSPECT.search(raw) if _may_be_suspect(raw.lower()) else None
    if found is None:
        return raw
    if most is not None and len(raw) > most:
        return _cut(raw, found.end(), "it is too long to be read here")
    try:
        value = json.loads(raw, parse_float=Decimal)
        return _ENCODER.encode(redact(value))
    except (ValueError, RecursionError, TypeError, msgspec.MsgspecError):
        return _cut(raw, found.end(), "it is no JSON")


def _cut(raw: bytes, end: int, why: str) -> bytes:
    return raw[:end] + f"… ({len(raw) - end} bytes that are not kept: {why})".encode()


def _may_be_suspect(low: bytes) -> bool:
    """Whether `_SUSPECT` may be found in a text in small letters: many times quicker than to search for it."""
    return (
        b"pass" in low or b"psk" in low or b"authori" in low or b"secret" in low or b"private" in low or b"api" in low
        or b"pin" in low or b"vpn" in low or b"idtag" in low or b"id_tag" in low or b"token" in low or b"://" in low
        or b"\\u00" in low
    )  # fmt: skip
