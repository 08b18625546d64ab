"""Sessions, locations, tariffs and tokens that are pushed to us: PUT whole, PATCHed in part, read back, deleted.

What comes late does not undo what is newer: `last_updated` decides, and what is older is kept aside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from charging.database.operations import receiving as write
from charging.database.operations.receiving import Pushed
from charging.database.queries import receiving as read
from charging.database.queries.receiving import SUPERSEDED, Current
from charging.roaming.ocpi.receiver_answer import (
    CLIENT_ERROR,
    INVALID,
    UNKNOWN_LOCATION,
    UNKNOWN_TOKEN,
    Declined,
    Reply,
    decode,
    encode,
    refusal,
)
from charging.roaming.ocpi.receiver_merge import merged, with_part
from charging.roaming.partner import Partner

METHODS: Mapping[str, tuple[str, ...]] = {
    "sessions": ("GET", "PUT", "PATCH"),
    "locations": ("GET", "PUT", "PATCH"),
    "tariffs": ("GET", "PUT", "DELETE"),
    "tokens": ("GET", "PUT", "PATCH"),
}
_UNKNOWN = {"locations": UNKNOWN_LOCATION, "tokens": UNKNOWN_TOKEN}
_PARTS = ("evses", "connectors")
"""What may be addressed below a location: an EVSE by `uid`, and a connector of it by `id`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """Which object a request is about."""

    module: str
    country_code: str
    party_id: str
    key: str
    parts: tuple[str, ...] = ()
    """EVSE and connector of a location."""

    @property
    def record_key(self) -> str:
        return f"{self.country_code}-{self.party_id}|{self.key}".upper()


def answer(
    connection: sa.Connection,
    method: str,
    body: bytes,
    *,
    of: Addressed,
    partner: Partner,
    version: str,
    at: datetime,
) -> Reply:
    """Answer a request about one object.

    Raises:
        Declined: if it cannot be done.
        NoJson: if a body is wanted and is no JSON.
    """
    if method == "GET":
        return _get(read.current(connection, partner.name, of.module, of.record_key), of)
    if partner.hub is None and f"{of.country_code}-{of.party_id}".upper() not in {partner.party, partner.owner}:
        raise Declined(refusal(INVALID, f"{of.country_code}-{of.party_id} is neither yours nor ours"))
    write.alone(connection, partner.name, f"{of.module} {of.record_key}")
    there = read.current(connection, partner.name, of.module, of.record_key)
    if method == "DELETE":
        if there is None:
            raise _unknown(of)
        write.delete(connection, partner.name, of.module, of.record_key)
        return Reply()
    given, stamp = _given(body, method=method, of=of, version=version)
    made = _made(there, given, method=method, of=of, version=version)
    record = Pushed(
        partner=partner.name,
        module=of.module,
        record_key=of.record_key,
        version=version,
        raw=body if method == "PUT" and not of.parts else encode(made),
        received_at=at,
        last_updated=stamp,
    )
    return _kept(connection, record, there)


def _given(body: bytes, *, method: str, of: Addressed, version: str) -> tuple[dict[str, Any], datetime]:
    given = decode(body)
    if not isinstance(given, dict):
        raise Declined(refusal(INVALID, "an object is wanted"))
    stamp = _instant(given.get("last_updated"))
    if stamp is None:
        raise Declined(refusal(INVALID, "last_updated is missing, or no instant"))
    if problem := _problem(given, of=of, version=version, is_patch=method == "PATCH"):
        raise Declined(refusal(INVALID, problem))
    return given, stamp


def _kept(connection: sa.Connection, record: Pushed, there: Current | None) -> Reply:
    if there is None:
        write.keep_current(connection, record)
        return Reply(status=201)
    if there.raw_sha256 == record.raw_sha256:
        return Reply(message="it is here already")
    if there.last_updated and record.last_updated and record.last_updated < there.last_updated:
        reason = f"it is older than what is here, which is of {there.last_updated:%Y-%m-%dT%H:%M:%SZ}"
        write.keep_aside(connection, record, state=SUPERSEDED, reason=reason)
        return Reply(message=reason)
    write.keep_current(connection, record)
    return Reply()


def _get(there: Current | None, of: Addressed) -> Reply:
    if there is None:
        raise _unknown(of)
    if not of.parts:
        return Reply(data=there.raw)
    found = decode(there.raw)
    for table, part in zip(_PARTS, of.parts, strict=False):
        found = _part(found, table, part)
    if found is None:
        raise _unknown(of)
    return Reply(data=encode(found))


def _part(found: object, table: str, key: str) -> object:
    if not isinstance(found, dict) or not isinstance(found.get(table), list):
        return None
    name = "uid" if table == "evses" else "id"
    return next((one for one in found[table] if isinstance(one, dict) and _same(one.get(name), key)), None)


def _made(there: Current | None, given: dict[str, Any], *, method: str, of: Addressed, version: str) -> dict[str, Any]:
    """Return the object as it will be."""
    if there is None:
        if method == "PATCH" or of.parts:
            raise _unknown(of)
        return given
    before = decode(there.raw)
    if not isinstance(before, dict):
        raise TypeError("what was taken is an object")
    if of.parts:
        made = with_part(before, given, tables=_PARTS, parts=of.parts, is_patch=method == "PATCH")
        if made is None:
            raise _unknown(of)
        return made
    return merged(before, given, module=of.module, version=version) if method == "PATCH" else given


def _problem(given: Mapping[str, Any], *, of: Addressed, version: str, is_patch: bool) -> str | None:
    """Return what of the object's own ids is not that of its address (OCPI: status 2001)."""
    names = ["uid" if of.module == "tokens" else "id"]
    wanted = [of.key]
    if of.parts:
        names, wanted = ["uid" if len(of.parts) == 1 else "id"], [of.parts[-1]]
    elif version != "2.1.1":
        names += ["country_code", "party_id"]
        wanted += [of.country_code, of.party_id]
    asked = [pair for pair in zip(names, wanted, strict=True) if pair[0] in given or not is_patch]
    wrong = [name for name, value in asked if not _same(given.get(name), value)]
    return f"{', '.join(wrong)} is not that of the address" if wrong else None


def _same(stated: object, addressed: str) -> bool:
    return isinstance(stated, str) and stated.upper() == addressed.upper()  # CiString


def _unknown(of: Addressed) -> Declined:
    code = _UNKNOWN.get(of.module, CLIENT_ERROR)
    return Declined(refusal(code, f"no such object among the {of.module}", status=404))


def _instant(stated: object) -> datetime | None:
    if not isinstance(stated, str):
        return None
    try:
        instant = datetime.fromisoformat(stated)
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def addressed(module: str, rest: Sequence[str]) -> Addressed | None:
    """Return which object the rest of a path names: country, party, id, and for locations EVSE and connector."""
    most = 5 if module == "locations" else 3
    if not 3 <= len(rest) <= most or any(not one or len(one) > 200 for one in rest):
        return None
    return Addressed(module=module, country_code=rest[0], party_id=rest[1], key=rest[2], parts=tuple(rest[3:]))
