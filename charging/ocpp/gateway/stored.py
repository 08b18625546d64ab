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


def stored(raw: bytes) -> str:
    """Return a frame, or the payload of one, as it may be stored.

    Of bytes that are no JSON, what comes after the first suspicious word is left out, with how much that was.
    """
    found = _SUSPECT.search(raw)
    if found is None:
        return storable(raw.decode("utf-8", "replace"))
    try:
        value = json.loads(raw, parse_float=Decimal)
        return storable(_ENCODER.encode(redact(value)).decode())
    except (ValueError, RecursionError, TypeError, msgspec.MsgspecError):
        kept = raw[: found.end()].decode("utf-8", "replace")
        return storable(f"{kept}… ({len(raw) - found.end()} bytes that are not kept: it is no JSON)")
