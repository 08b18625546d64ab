"""Frames and configuration without what must not be stored or shown: keys, passwords, drivers' tokens."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

_SECRET = re.compile(
    r"password|passwd|pass(?:phrase|code|key)|pass\b|psk|authori[sz]ation.?key|secret|private.?key|api.?key|pin\b",
    re.IGNORECASE,
)
_VALUES = frozenset({"attributeValue", "value", "actualValue"})
"""Where a message tells a variable's value (OCPP 2.0.1, SetVariables, NotifyReport, NotifyEvent)."""
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_TOKEN = frozenset({"idtag", "parentidtag", "idtoken", "groupidtoken"})
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+:[^/@\s]*(?=@)")


def redact(value: Any) -> Any:
    """Return the JSON value with secrets as `****`, and tokens shortened so that one can still be told from another.

    Some stations tell their password when asked for their whole configuration; a `{key, value}` pair is judged by its
    key, a variable's value by the variable's name, and JSON within a string as what it says.
    """
    if isinstance(value, Mapping):
        key, variable = value.get("key"), value.get("variable")
        names = (key, variable.get("name") if isinstance(variable, Mapping) else None)
        found = {str(name): _member(str(name), member) for name, member in value.items()}
        return _without_values(found) if any(isinstance(name, str) and is_secret(name) for name in names) else found
    if isinstance(value, list | tuple):
        return [redact(member) for member in value]
    return _text(value) if isinstance(value, str) else value


def is_secret(key: str) -> bool:
    """Whether the value under a key of this name must not be stored or shown."""
    return bool(_SECRET.search(key))


def short_token(token: str) -> str:
    """Return a token's ends, as `04A1…F2`; of a short one nothing."""
    return f"{token[:4]}…{token[-2:]}" if len(token) >= 8 else "****"


def _member(name: str, value: Any) -> Any:
    if _SECRET.search(name) and not isinstance(value, Mapping | list | tuple):
        return "****"
    if name.casefold() in _TOKEN and isinstance(value, str):
        return short_token(value)
    found = redact(value)
    if name.casefold() == "vpn" and isinstance(found, dict) and "key" in found:
        found["key"] = "****"  # the secret that both ends share (OCPP 2.0.1, VPNType)
    return found


def _without_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "****" if name in _VALUES else _without_values(member) for name, member in value.items()}
    return [_without_values(member) for member in value] if isinstance(value, list) else value


def _text(text: str) -> str:
    plain = _USER_INFO.sub("****", text)
    if not plain.lstrip().startswith(("{", "[")):
        return plain
    try:
        said = json.loads(plain, parse_float=Decimal)
    except ValueError:
        return plain
    except RecursionError:
        return "****"
    found = redact(said)
    if found == said and not _SECRET.search(plain):
        return plain
    try:
        return _ENCODER.encode(found).decode()
    except (ValueError, TypeError, OverflowError, RecursionError, msgspec.MsgspecError):
        return "****"
