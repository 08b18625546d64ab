"""Frames and configuration without what must not be stored or shown: keys, passwords, drivers' tokens."""

import re
from collections.abc import Mapping
from typing import Any

_SECRET = re.compile(r"password|passwd|authori[sz]ation.?key|secret|private.?key|api.?key|pin$", re.IGNORECASE)
_TOKEN = frozenset({"idtag", "parentidtag", "idtoken", "groupidtoken"})
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+:[^/@\s]*(?=@)")


def redact(value: Any) -> Any:
    """Return the JSON value with secrets as `****`, and tokens shortened so that one can still be told from another.

    Some stations tell their password when asked for their whole configuration; a `{key, value}` pair is judged by its
    key.
    """
    if isinstance(value, Mapping):
        is_secret_pair = isinstance(value.get("key"), str) and bool(_SECRET.search(value["key"]))
        return {
            name: "****" if is_secret_pair and name == "value" else _member(str(name), member)
            for name, member in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(member) for member in value]
    return _USER_INFO.sub("****", value) if isinstance(value, str) else value


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
    return redact(value)
