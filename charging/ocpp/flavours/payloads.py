"""Payloads that are made here, in the words of each version (OCPP 1.6 §4.9, §5.17; 2.0.1 part 2, G01 and F06)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from charging.ocpp.frames import parse_json

Place: TypeAlias = tuple[int, int]
"""OCPP 1.6: the connector and 0. 2.x: the EVSE and its connector."""

_OCCUPIED = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE", "Preparing", "Finishing"})
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def status_payload(protocol: str, place: Place, status: str, at: datetime) -> bytes:
    """Return a StatusNotification's payload. `status` is 1.6's word; 2.x has no more than Occupied for five of them."""
    instant = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if protocol == "ocpp1.6":
        return _ENCODER.encode(
            {"connectorId": place[0], "errorCode": "NoError", "status": status, "timestamp": instant}
        )
    word = "Occupied" if status in _OCCUPIED else status
    return _ENCODER.encode(
        {"timestamp": instant, "connectorStatus": word, "evseId": place[0], "connectorId": place[1] or 1}
    )


def trigger_payload(protocol: str, message: str, place: Place | None) -> bytes:
    """Return a TriggerMessage's payload; without a place it asks for all of them."""
    asked: dict[str, Any] = {"requestedMessage": message}
    if place is not None and protocol == "ocpp1.6":
        asked["connectorId"] = place[0]
    elif place is not None:
        asked["evse"] = {"id": place[0], "connectorId": place[1] or 1}
    return _ENCODER.encode(asked)


def holds(payload: Any, where: Mapping[str, Any]) -> bool:
    """Whether each named member of the payload is what it must be."""
    return all(_member(payload, path.split(".")) == wanted for path, wanted in where.items())


def with_members(raw: bytes, members: Mapping[str, Any]) -> bytes:
    """Return a CALL with these members of its payload set; numbers keep every digit, only the spacing changes."""
    frame = parse_json(raw)
    for path, value in members.items():
        *parents, last = path.split(".")
        place = frame[3]
        for name in parents:
            if not isinstance(place.get(name), dict):
                place[name] = {}
            place = place[name]
        place[last] = value
    return _ENCODER.encode(frame)


def _member(payload: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(payload, dict):
            return None
        payload = payload.get(name)
    return payload
