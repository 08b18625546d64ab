"""What must be known of a record to tell that it came: which one it is, in which version, and when it was updated."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

import msgspec

from charging.roaming.ocpi.wire_values import instant

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Head(msgspec.Struct, frozen=True, gc=False):
    """One record of a list. Eight bytes of a hash stand for each identity: a list of millions must fit in memory."""

    key: int
    """The same, in this process, for all versions of a record; ids are compared without regard to case (types,
    CiString)."""
    content: int
    """The same for records that are equal to the byte."""
    last_updated: datetime | None


class _Identity(msgspec.Struct):
    id: str | None = None
    uid: str | None = None
    type: str | None = None
    country_code: str | None = None
    party_id: str | None = None
    last_updated: str | None = None


_IDENTITY = msgspec.json.Decoder(_Identity)


def heads(records: Iterable[bytes]) -> list[Head]:
    """Return the head of each record; one without an id that can be read is known by its content alone."""
    return [head(raw) for raw in records]


def head(raw: bytes) -> Head:
    """Return the head of a record."""
    content = int.from_bytes(sha256(raw).digest()[:8], "big")
    try:
        stated = _IDENTITY.decode(raw)
    except _UNREADABLE:
        return Head(content, content, None)
    name = stated.id or (stated.uid and f"{stated.type}|{stated.uid}")  # a token has no id of its own
    if not name or not name.strip():
        return Head(content, content, _instant(stated.last_updated))
    return Head(identity(stated.country_code, stated.party_id, name), content, _instant(stated.last_updated))


def identity(country_code: str | None, party_id: str | None, name: str) -> int:
    """Return the key of a record. The hash is Python's own, which nobody outside of the process can foresee."""
    return hash(f"{country_code}|{party_id}|{name}".upper())


def _instant(text: str | None) -> datetime | None:
    try:
        return instant(text or "", "last_updated").at
    except ValueError:
        return None
