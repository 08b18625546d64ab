"""What an OCPI object needs at a receiver that may have it already. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from charging import canonical
from charging.targets.change import Action, Change, Plain
from charging.targets.ocpi_objects import EVSE_DEFAULTS, Document
from charging.targets.ocpi_paths import STAMP, paths

LOCATION, EVSE, CONNECTOR = "location", "evse", "connector"
_INNER = frozenset({"evses", "connectors"})
_JSON = msgspec.json.Encoder(decimal_format="number")

Held = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An EVSE or a connector inside a location."""

    key: str
    document: Document
    is_assumed: bool = False
    """A connector of which the source does not know: it is no row of its own, but part of its EVSE."""
    no_place: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A location with what travels inside it."""

    key: str
    document: Document
    evses: Sequence[tuple[Part, Sequence[Part]]]
    no_place: tuple[str, ...] = ()


def change_of(
    entity: str, key: str, fields: Mapping[str, Plain], held: Mapping[str, Plain] | None, *, reason: str = ""
) -> Change:
    """Return what a row needs: nothing, if the receiver says all of it."""
    if held is None:
        why = reason or "the target does not have it"
        return Change(entity=entity, key=key, action=Action.CREATE, reason=why, after=fields, fields=fields)
    after = {path: value for path, value in fields.items() if held.get(path) != value}
    if not after:
        return Change(entity=entity, key=key, action=Action.SAME, reason="the target has it", fields=fields)
    before = {path: held.get(path) for path in after}
    why = reason or "the target says otherwise"
    return Change(entity=entity, key=key, action=Action.UPDATE, reason=why, before=before, after=after, fields=fields)


def plan_object(
    entity: str, key: str, document: Document, held: Held, *, defaults: Mapping[str, Any], stamp: datetime
) -> Change:
    """Plan an object that travels alone. What the receiver says beside our fields goes back to it unchanged."""
    change = change_of(entity, key, paths(document), None if held is None else paths(held))
    body = dict(defaults) | dict(held or {}) | document | {STAMP: stamped(stamp)}
    return replace(change, body=_JSON.encode(body).decode(), stamped_at=stamp)


def plan_place(place: Place, held: Held, *, defaults: Mapping[str, Any], stamp: datetime) -> list[Change]:
    """Plan a location and all that travels inside it: one document, but a verdict for each row."""
    there = parts_of(held) if held is not None else {}
    own = change_of(LOCATION, place.key, paths(place.document), None if held is None else paths(held, without=_INNER))
    inner: list[Change] = []
    for evse, connectors in place.evses:
        within = {"connectors": [one.document for one in connectors if one.is_assumed]}
        change = change_of(EVSE, evse.key, paths(evse.document | within), _found(there, EVSE, evse.key))
        if within["connectors"]:
            change = replace(change, reason=f"{change.reason}; its connector is what the settings say")
        inner.append(replace(change, no_place=evse.no_place))
        inner += [
            replace(change_of(CONNECTOR, one.key, paths(one.document), _found(there, CONNECTOR, one.key)), no_place=())
            for one in connectors
            if not one.is_assumed
        ]
    if own.action is Action.SAME and any(change.action.is_sent for change in inner):
        own = replace(own, action=Action.UPDATE, reason="what travels inside it changes")
    own = replace(own, body=_JSON.encode(_body(place, held, defaults, stamp)).decode(), stamped_at=stamp)
    own = replace(own, no_place=place.no_place, content=content_of(place))
    return [own, *(replace(change, carrier=(LOCATION, place.key)) for change in inner)]


def content_of(place: Place) -> str:
    """Return the hash of all that a location and its parts say."""
    return canonical.digest(
        [paths(place.document)]
        + [
            [paths(evse.document), *(paths(connector.document) for connector in connectors)]
            for evse, connectors in place.evses
        ]
    )


def parts_of(document: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Plain]]:
    """Return what a location document says of itself, of each EVSE and of each connector."""
    found = {(LOCATION, str(document.get("id"))): paths(document, without=_INNER)}
    for evse in _listed(document, "evses"):
        uid = str(evse.get("uid"))
        found[EVSE, uid] = paths(evse)
        for connector in _listed(evse, "connectors"):
            found[CONNECTOR, f"{uid}#{connector.get('id')}"] = paths(connector)
    return found


def _found(there: Mapping[tuple[str, str], dict[str, Plain]], entity: str, key: str) -> Mapping[str, Plain] | None:
    exact = there.get((entity, key))
    if exact is not None:
        return exact
    folded = ((name, found) for (kind, name), found in there.items() if kind == entity)
    return next((found for name, found in folded if name.casefold() == key.casefold()), None)


def found_in(document: Mapping[str, Any], change: Change) -> Mapping[str, Plain] | None:
    """Return what a location document says of one row, though its id may be written in another case."""
    if change.entity == LOCATION:
        return paths(document, without=_INNER)
    return _found(parts_of(document), change.entity, change.key)


def _body(place: Place, held: Held, defaults: Mapping[str, Any], stamp: datetime) -> Document:
    """Return the whole document: ours over theirs; EVSEs and connectors that are not ours stay as they are."""
    known = {str(evse.get("uid")): evse for evse in _listed(held or {}, "evses")}
    evses = []
    for evse, connectors in place.evses:
        theirs = known.pop(evse.key, {})
        plugs = {str(one.get("id")): one for one in _listed(theirs, "connectors")}
        ours = [
            dict(plugs.pop(str(one.document["id"]), {})) | one.document | {STAMP: stamped(stamp)} for one in connectors
        ]
        evses.append(
            dict(EVSE_DEFAULTS)
            | dict(theirs)
            | evse.document
            | {"connectors": [*ours, *plugs.values()], STAMP: stamped(stamp)}
        )
    every = {"evses": [*evses, *known.values()]} if evses or known else {}
    return dict(defaults) | dict(held or {}) | place.document | every | {STAMP: stamped(stamp)}


def stamped(at: datetime) -> str:
    """Return an instant as OCPI writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _listed(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = document.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
