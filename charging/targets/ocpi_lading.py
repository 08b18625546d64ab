"""Putting EVSEs and connectors into their locations, and saying of each row that cannot travel why. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from charging.network import Connector, Evse
from charging.targets import ocpi_objects as objects
from charging.targets.change import Action, Change
from charging.targets.ocpi_objects import Document, Manner
from charging.targets.ocpi_plan import CONNECTOR, EVSE, LOCATION, Part, Place
from charging.targets.target import Check
from charging.targets.wanted import Wanted, connector_key

_NEEDS: Mapping[str, tuple[str, ...]] = {
    LOCATION: ("id", "name", "address", "city", "postal_code", "country", "latitude", "longitude", "time_zone"),
    EVSE: ("uid", "evse_id", "status", "connectors", "connector_id"),
    "token": ("uid", "type", "auth_id", "contract_id", "issuer", "group_id", "valid", "whitelist"),
    "tariff": ("id", "currency", "elements"),
}
_MUST: Mapping[str, tuple[str, ...]] = {
    LOCATION: ("address", "city", "country", "coordinates"),
    CONNECTOR: ("standard", "format", "power_type"),
}


@dataclass(slots=True, kw_only=True)
class Lading:
    """What travels, and why the rest does not."""

    places: list[Place] = field(default_factory=list)
    refused: list[Change] = field(default_factory=list)

    def refuse(self, entity: str, key: str, reason: str) -> None:
        """Leave a row behind."""
        self.refused.append(refusal(entity, key, reason))


def refusal(entity: str, key: str, reason: str) -> Change:
    """Return the plan of a row that is not sent."""
    return Change(entity=entity, key=key, action=Action.REFUSE, reason=reason)


def asked(entity: str, document: Document) -> Document:
    """Return a document with every field that may be asked about, and coordinates flat."""
    flat = {name: value for name, value in document.items() if name != "coordinates"}
    return dict.fromkeys(_NEEDS.get(entity, ())) | flat | dict(document.get("coordinates") or {})


def lade(wanted: Wanted, manner: Manner, check: Check) -> Lading:
    """Build every location with what travels inside it."""
    lading = Lading()
    plugs = _connectors(wanted, manner, check, lading)
    sockets = _evses(wanted, plugs, check, lading)
    at = {station.station_id: station.location_id for station in wanted.stations}
    written = {one.location_id: objects.location(one, manner) for one in wanted.locations}
    reasons = check(LOCATION, {key: asked(LOCATION, document) for key, document in written.items()})
    inside: dict[str, list[tuple[Part, Sequence[Part]]]] = defaultdict(list)
    left = {key: reason for key, document in written.items() for reason in [_why(key, LOCATION, document, reasons)]}
    for one, (part, connectors) in sockets:
        place = at.get(one.station_id)
        if place is not None and place in written and not left[place]:
            inside[place].append((part, connectors))
            continue
        why = f"its location {place} is not loaded" if place else f"its station {one.station_id} has no location"
        lading.refuse(EVSE, part.key, why)
        for connector in connectors:
            if not connector.is_assumed:
                lading.refuse(CONNECTOR, connector.key, f"its EVSE {part.key} is not loaded")
    for key, document in written.items():
        if left[key]:
            lading.refuse(LOCATION, key, left[key])
        else:
            lading.places.append(Place(key=key, document=document, evses=inside[key]))
    return lading


def _connectors(wanted: Wanted, manner: Manner, check: Check, lading: Lading) -> Mapping[str, list[Part]]:
    """Return the connectors of each EVSE; one of which the source says nothing is what the settings say, if they do."""
    known = {connector_key(one): one for one in wanted.connectors}
    written = {key: objects.connector(one, manner) for key, one in known.items()}
    names = [f.removeprefix("max_") if manner.is_flat else f for f in ("max_voltage", "max_amperage")]
    frame = {
        key: dict.fromkeys(("id", *_MUST[CONNECTOR], *names)) | dict(document) for key, document in written.items()
    }
    reasons = check(CONNECTOR, frame) if frame else {}
    found: dict[str, list[Part]] = defaultdict(list)
    for key, document in written.items():
        if reason := _why(key, CONNECTOR, document, reasons):
            lading.refuse(CONNECTOR, key, reason)
        else:
            found[known[key].evse_uid].append(Part(key=key, document=document))
    if manner.connector is not None:
        told = {one.evse_uid for one in wanted.connectors}
        for evse in wanted.evses:
            if evse.connector_id and evse.evse_uid not in told:
                assumed: Connector = objects.unheard_of(evse.evse_uid)
                document = objects.connector(assumed, manner)
                found[evse.evse_uid].append(Part(key=connector_key(assumed), document=document, is_assumed=True))
    return found


def _evses(
    wanted: Wanted, plugs: Mapping[str, list[Part]], check: Check, lading: Lading
) -> list[tuple[Evse, tuple[Part, Sequence[Part]]]]:
    every = {one.evse_uid: one for one in wanted.evses if one.connector_id}
    written = {uid: objects.evse(one) for uid, one in every.items()}
    counts = {
        uid: {"connectors": len(plugs.get(uid, ())), "connector_id": one.connector_id} for uid, one in every.items()
    }
    frame = {
        uid: asked(EVSE, document) | dict(objects.EVSE_DEFAULTS) | counts[uid] for uid, document in written.items()
    }
    reasons = check(EVSE, frame) if frame else {}
    found: list[tuple[Evse, tuple[Part, Sequence[Part]]]] = []
    for uid in plugs.keys() - every.keys():
        for part in plugs[uid]:
            lading.refuse(CONNECTOR, part.key, f"its EVSE {uid} is not there")
    for uid, document in written.items():
        why = reasons.get(uid) or ("" if plugs.get(uid) else "OCPI knows no EVSE without a connector")
        if why:
            lading.refuse(EVSE, uid, why)
            for part in plugs.get(uid, ()):
                if not part.is_assumed:
                    lading.refuse(CONNECTOR, part.key, f"its EVSE {uid} is not loaded")
        else:
            found.append((every[uid], (Part(key=uid, document=document), plugs[uid])))
    return found


def _why(key: str, entity: str, document: Document, reasons: Mapping[str, str]) -> str:
    lacking = [name for name in _MUST[entity] if document.get(name) is None]
    return reasons.get(key) or (f"OCPI needs its {', '.join(lacking)}" if lacking else "")
