"""How a row is written down once: its fields as they came, and the hash by which it is known again."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import msgspec

_as_it_came: Final = msgspec.json.Encoder().encode
_sorted: Final = msgspec.json.Encoder(order="sorted").encode
_read: Final = msgspec.json.Decoder(dict[str, str | None]).decode


def written(values: Mapping[str, str | None]) -> tuple[bytes, str]:
    """Return a row's JSON and the SHA-256 of its canonical JSON (keys sorted, nothing between them)."""
    fields = values if type(values) is dict else dict(values)
    try:
        return _as_it_came(fields), sha256(_sorted(fields)).hexdigest()
    except UnicodeEncodeError:  # half a surrogate pair: JSON can say it, UTF-8 cannot
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest = sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()
        return json.dumps(fields, separators=(",", ":")).encode("ascii"), digest


def read(text: str) -> dict[str, str | None]:
    """Return the fields of a row that has been written so."""
    try:
        return _read(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        found: dict[str, str | None] = json.loads(text)
        return found
