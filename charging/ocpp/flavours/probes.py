"""Probes: what can be done to one station so that it shows what it does unasked, and what each shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from charging.ocpp.envelope import CALL, CALL_RESULT, Envelope, look
from charging.ocpp.flavours.learning import Learnt, learn
from charging.ocpp.flavours.recording import Behaviour, Heard, Observation, StationType, What
from charging.ocpp.flavours.said import TransactionEvent
from charging.ocpp.flavours.watching import Watch
from charging.ocpp.relay.peek import Started, Stop, peek


class Probe(StrEnum):
    """What is done to the station."""

    LINK = "link"
    """Its link is cut at the gateway, without a word."""
    START = "start"
    STOP = "stop"
    REBOOT = "reboot"
    FIRMWARE = "firmware"


SHOWS: Mapping[Probe, frozenset[Behaviour]] = {
    Probe.LINK: frozenset({Behaviour.BOOTS_AFTER_LINK_LOSS, Behaviour.TELLS_AFTER_LINK_LOSS}),
    Probe.START: frozenset({Behaviour.TELLS_AFTER_START}),
    Probe.STOP: frozenset({Behaviour.TELLS_AFTER_STOP}),
    Probe.REBOOT: frozenset(),
    Probe.FIRMWARE: frozenset({Behaviour.TELLS_AFTER_FIRMWARE}),
}
"""A reboot shows no behaviour of the table, but whether the station comes back and with what."""
LASTS: Mapping[Probe, timedelta] = {
    Probe.LINK: timedelta(minutes=15),
    Probe.START: timedelta(minutes=3),
    Probe.STOP: timedelta(minutes=3),
    Probe.REBOOT: timedelta(minutes=60),
    Probe.FIRMWARE: timedelta(hours=2),
}
"""How long is waited for it at most: stations are known that need 50 minutes for a reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What some probes need to be told."""

    token: str = ""
    connector: int = 1
    image: str = ""
    transaction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A probe that could be done now."""

    station_id: str
    probe: Probe
    type: StationType
    up_since: datetime
    action: str
    """Empty where the link is cut."""
    payload: str
    """JSON."""


def missing(probe: Probe, details: Details) -> str:
    """Return what has to be said or has to happen before a probe can be done; empty if it can."""
    match probe:
        case Probe.START if not details.token:
            return "say whose charge it is to be (--token)"
        case Probe.STOP if not details.transaction:
            return "begin a charge: none is running there, as far as was recorded"
        case Probe.FIRMWARE if not details.image:
            return "say where the image is (--image)"
        case _:
            return ""


def order(probe: Probe, protocol: str, details: Details, *, at: datetime) -> tuple[str, Mapping[str, Any]]:
    """Return the action and payload that a probe is done by; none for a link, which is cut at the gateway."""
    if probe is Probe.LINK:
        return "", {}
    orders = _orders_16(details, at) if protocol == "ocpp1.6" else _orders_2x(details, at)
    return orders[probe]


def _orders_16(details: Details, at: datetime) -> Mapping[Probe, tuple[str, Mapping[str, Any]]]:
    return {
        Probe.START: ("RemoteStartTransaction", {"idTag": details.token, "connectorId": details.connector}),
        Probe.STOP: ("RemoteStopTransaction", {"transactionId": int(details.transaction or 0)}),
        Probe.REBOOT: ("Reset", {"type": "Soft"}),
        Probe.FIRMWARE: ("UpdateFirmware", {"location": details.image, "retrieveDate": _instant(at)}),
    }


def _orders_2x(details: Details, at: datetime) -> Mapping[Probe, tuple[str, Mapping[str, Any]]]:
    number = int(at.timestamp()) % 2**31
    token = {"idToken": details.token, "type": "ISO14443"}
    start = {"idToken": token, "evseId": details.connector, "remoteStartId": number}
    image = {"location": details.image, "retrieveDateTime": _instant(at)}
    return {
        Probe.START: ("RequestStartTransaction", start),
        Probe.STOP: ("RequestStopTransaction", {"transactionId": details.transaction}),
        Probe.REBOOT: ("Reset", {"type": "OnIdle"}),
        Probe.FIRMWARE: ("UpdateFirmware", {"requestId": number, "firmware": image}),
    }


def running(recording: Iterable[Heard]) -> str:
    """Return the id of the charge that began last and has not ended, as the station knows it; empty without one."""
    starts: set[str] = set()
    open_now: list[str] = []
    for heard in recording:
        frame = look(heard.raw) if heard.raw else None
        if not isinstance(frame, Envelope):
            continue
        if heard.what is What.FROM_STATION and frame.kind == CALL:
            if frame.action == "StartTransaction":
                starts.add(frame.unique_id)
            ended = _ended(frame)
            open_now = [one for one in open_now if one != ended]
            if begun := _begun(frame):
                open_now.append(begun)
        elif heard.what is What.TO_STATION and frame.kind == CALL_RESULT and frame.unique_id in starts:
            open_now.append(str(peek(frame.payload, Started).transaction_id))
    return open_now[-1] if open_now else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a station has done since a probe began."""

    seen: tuple[Observation, ...]
    """Of the behaviours that the probe shows."""
    has_booted: bool

    def is_over(self, probe: Probe) -> bool:
        """Whether there is nothing more to wait for."""
        if probe is Probe.REBOOT:
            return self.has_booted
        return {one.behaviour for one in self.seen if one.is_followed is not None} >= SHOWS[probe]


def shown(recording: Iterable[Heard], ready: Ready, *, began_at: datetime, until: datetime) -> Shown:
    """Return what a station has shown since then. The recording has to begin before, with the link's coming up."""
    watch, has_booted = Watch(ready.station_id, ready.type), False
    for heard in recording:
        watch.hear(heard)
        if heard.what is What.FROM_STATION and heard.at >= began_at and not has_booted:
            frame = look(heard.raw)
            has_booted = isinstance(frame, Envelope) and frame.action == "BootNotification"
    found = [one for one in watch.end(until) if one.at >= began_at and one.behaviour in SHOWS[ready.probe]]
    return Shown(seen=tuple(found), has_booted=has_booted)


def row(observations: Iterable[Observation], *, began_at: datetime, until: datetime) -> list[Learnt]:
    """Return what a probe adds to the table: of one firmware, and never of the whole model."""
    seen = [one for one in observations if one.is_followed is not None]
    rows = learn(seen, since=began_at, until=until)
    firmware = {(one.type.vendor, one.type.model): one.type.firmware for one in seen}
    return [
        Learnt(
            vendor=one.vendor,
            model=one.model,
            firmware=firmware[one.vendor, one.model],
            cells=one.cells,
            recorded_from=began_at,
            recorded_until=until,
        )
        for one in rows
    ]


def plain(payload: Mapping[str, Any]) -> str:
    """Return a payload as it is sent."""
    return msgspec.json.encode(payload).decode()


def _begun(frame: Envelope) -> str:
    if frame.action != "TransactionEvent":
        return ""
    event = peek(frame.payload, TransactionEvent)
    info = event.transaction_info
    return (info.transaction_id if info else None) or "" if event.event_type == "Started" else ""


def _ended(frame: Envelope) -> str:
    if frame.action == "StopTransaction":
        return str(peek(frame.payload, Stop).transaction_id)
    if frame.action != "TransactionEvent":
        return ""
    event = peek(frame.payload, TransactionEvent)
    info = event.transaction_info
    return (info.transaction_id if info else None) or "" if event.event_type == "Ended" else ""


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
