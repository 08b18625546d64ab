"""The clean network as rows of an importer: what one row is, under which key, and with which fields. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from charging.network import Connector, Evse
from charging.targets.ocpi_objects import unheard_of
from charging.targets.wanted import Wanted, connector_key, plain_fields

Fields = dict[str, object]


def rows_of(what: str, wanted: Wanted, *, now: datetime) -> Iterator[tuple[str, Fields]]:
    """Yield (key, fields) for each row of a file of `location`, `station`, `evse`, `socket` or `token`."""
    places = {one.location_id: plain_fields(one) for one in wanted.locations}
    stations = {
        one.station_id: places.get(one.location_id or "", {}) | plain_fields(one) | {"lane": str(one.lane)}
        for one in wanted.stations
    }
    match what:
        case "location":
            yield from ((key, fields) for key, fields in places.items())
        case "station":
            yield from stations.items()
        case "evse":
            yield from ((one.evse_uid, stations.get(one.station_id, {}) | plain_fields(one)) for one in _evses(wanted))
        case "socket":
            yield from _sockets(wanted, stations)
        case "token":
            for one in wanted.tokens:
                is_active = not one.is_blocked and (one.expires_at is None or one.expires_at > now)
                yield one.token_uid, plain_fields(one) | {"is_active": is_active}


def _sockets(wanted: Wanted, stations: dict[str, Fields]) -> Iterator[tuple[str, Fields]]:
    """Yield a row for each connector, and one for each EVSE of whose connectors nobody has told."""
    plugs: dict[str, list[Connector]] = defaultdict(list)
    for one in wanted.connectors:
        plugs[one.evse_uid].append(one)
    for evse in _evses(wanted):
        for plug in plugs[evse.evse_uid] or [unheard_of(evse.evse_uid)]:
            power = None if plug.max_power_w is None else Decimal(plug.max_power_w) / 1000
            key = connector_key(plug)
            fields = stations.get(evse.station_id, {}) | plain_fields(evse) | plain_fields(plug)
            yield key, fields | {"socket": key, "max_power_kw": power}


def _evses(wanted: Wanted) -> list[Evse]:
    return [one for one in wanted.evses if one.connector_id]
