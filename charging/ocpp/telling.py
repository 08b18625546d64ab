"""What a call and its answer say, in a sentence: for people, in the words of the field."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from charging.ocpp.frames import parse_json
from charging.ocpp.redact import short_token
from charging.ocpp.relay.matching import instant

_FINE = frozenset({"NoError", "", None})


class Told:
    """What an earlier moment has told and a later one refers to."""

    def __init__(self) -> None:
        self.charges: dict[str, tuple[Any, Any]] = {}
        """By transaction: the meter and the time at its start, as the station said them."""
        self.faults: dict[object, datetime] = {}


def of_call(
    told: Told,
    *,
    action: str,
    at: datetime,
    sender: str,
    is_station: bool,
    call: str,
    answer: str | None,
    answered_after: timedelta | None,
) -> tuple[str, str]:
    """Return what the call is about (a topic's name) and the sentence. Frames may be of any shape; none raises."""
    payload, reply = _members(call, 3), _members(answer, 2)
    ending = _ending(answer, reply, answered_after)
    if not is_station:
        said = _asked(action, payload)
        return "asked", f"{sender} asks {shown(action)}{said}: {ending}"
    match action:
        case "BootNotification":
            topic, text = "boot", f"{_boot(payload)}: {ending}"
        case "StatusNotification":
            topic, text = _status(told, payload, at)
        case "StartTransaction" | "StopTransaction" | "TransactionEvent":
            topic, text = "charge", f"{_charge(told, action, payload, reply)}: {ending}"
        case "Authorize":
            token = payload.get("idTag") or _inner(payload, "idToken").get("idToken")
            topic, text = "said", f"token {_token(token)} is shown: {ending}"
        case "FirmwareStatusNotification" | "SignedFirmwareStatusNotification":
            topic, text = "firmware", f"firmware: {shown(payload.get('status', '?'))}"
        case _:
            topic, text = "said", f"{sender} sends {shown(action)}: {ending}"
    return topic, text


def of_rule(rule: str, received: str, sent: str | None) -> str:
    """Return what a rule did to a frame, in a few words; empty for an order, which is told already."""
    if rule == "order":
        return ""
    if not received:
        return f"made by the rule {shown(rule, 120)}"
    if sent == "":
        return f"went no further ({shown(rule, 120)})"
    if sent is None:
        return f"passed as it came ({shown(rule, 120)})"
    return f"rewritten by the rule {shown(rule, 120)}"


def shown(value: object, most: int = 60) -> str:
    """Return a value of a stranger's for people: one line, nothing that a terminal obeys, and no longer than that."""
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value)[: most + 1])
    return text if len(text) <= most else f"{text[:most]}…"


def _members(frame: str | None, place: int) -> Mapping[str, Any]:
    value = parse_json(frame) if frame else None
    found = value[place] if isinstance(value, list) and len(value) > place else None
    return found if isinstance(found, Mapping) else {}


def _inner(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = payload.get(name)
    return found if isinstance(found, Mapping) else {}


def _ending(answer: str | None, reply: Mapping[str, Any], after: timedelta | None) -> str:
    if answer is None or after is None:
        return "no answer"
    value: Any = parse_json(answer)
    took = f" after {after.total_seconds():.1f} s" if after >= timedelta(seconds=1) else ""
    if isinstance(value, list) and value[:1] == [4]:
        words = " ".join(shown(part) for part in value[2:4] if part)
        return f"refused with {words}{took}"
    info = _inner(reply, "idTagInfo") or _inner(reply, "idTokenInfo")
    status = reply.get("status") or info.get("status")
    return f"{shown(status)}{took}" if status else f"answered{took}"


def _boot(payload: Mapping[str, Any]) -> str:
    station = _inner(payload, "chargingStation")
    words = [
        payload.get("chargePointVendor") or station.get("vendorName"),
        payload.get("chargePointModel") or station.get("model"),
    ]
    text = f"boots as {' '.join(shown(word) for word in words if word) or 'nobody'}"
    firmware = payload.get("firmwareVersion") or station.get("firmwareVersion")
    return f"{text}, firmware {shown(firmware)}" if firmware else text


def _status(told: Told, payload: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    evse, connector = payload.get("evseId"), payload.get("connectorId", "?")
    place = f"connector {shown(connector)}" if evse is None else f"EVSE {shown(evse)}, connector {shown(connector)}"
    word, error = payload.get("status") or payload.get("connectorStatus", "?"), payload.get("errorCode")
    if word == "Faulted" or not isinstance(error, str | None) or error not in _FINE:
        told.faults.setdefault(place, at)
        details = [error, payload.get("vendorErrorCode"), payload.get("info")]
        why = ", ".join(shown(detail) for detail in details if detail and detail != "NoError")
        return "fault", f"{place} is {shown(word)}" + (f": {why}" if why else "")
    since = told.faults.pop(place, None)
    if since is not None:
        minutes = (at - since).total_seconds() / 60
        return "fault", f"{place} is {shown(word)} again, after {minutes:.0f} min of a fault"
    return "status", f"{place} is {shown(word)}"


def _charge(told: Told, action: str, payload: Mapping[str, Any], reply: Mapping[str, Any]) -> str:
    if action == "TransactionEvent":
        return _event(told, payload)
    if action == "StopTransaction":
        number = shown(payload.get("transactionId", "?"))
        return f"charge {number} ends{_energy(told, number, payload)}"
    number = shown(reply.get("transactionId", "?"))
    told.charges[number] = payload.get("meterStart"), payload.get("timestamp")
    token, meter = _token(payload.get("idTag")), _kwh(payload.get("meterStart"))
    return (
        f"charge {number} begins on connector {shown(payload.get('connectorId', '?'))}, token {token}, meter at {meter}"
    )


def _event(told: Told, payload: Mapping[str, Any]) -> str:
    kind = payload.get("eventType")
    number = shown(_inner(payload, "transactionInfo").get("transactionId", "?"))
    if kind == "Started":
        token = _token(_inner(payload, "idToken").get("idToken"))
        told.charges[number] = None, payload.get("timestamp")
        return f"charge {number} begins on EVSE {shown(_inner(payload, 'evse').get('id', '?'))}, token {token}"
    if kind == "Ended":
        return f"charge {number} ends{_energy(told, number, payload)}"
    return f"charge {number} goes on: {shown(payload.get('triggerReason', '?'))}"


def _energy(told: Told, number: str, payload: Mapping[str, Any]) -> str:
    meter, began = told.charges.pop(number, (None, None))
    parts = []
    if isinstance(meter, int) and isinstance(payload.get("meterStop"), int):
        parts.append(_kwh(payload["meterStop"] - meter))
    first, last = instant(began), instant(payload.get("timestamp"))
    if first is not None and last is not None:
        parts.append(f"{(last - first).total_seconds() / 60:.0f} min")
    if reason := payload.get("reason") or _inner(payload, "transactionInfo").get("stoppedReason"):
        parts.append(shown(reason))
    return f" ({', '.join(parts)})" if parts else ""


def _asked(action: str, payload: Mapping[str, Any]) -> str:
    names = ("type", "requestedMessage", "connectorId", "key", "transactionId", "status", "vendorId", "messageId")
    words = [shown(payload[name]) for name in names if payload.get(name) is not None]
    return f" ({', '.join(words)})" if words and action else ""


def _token(token: object) -> str:
    text = shown(token) if token is not None else "unknown"
    return text if "…" in text or "*" in text or token is None else short_token(text)


def _kwh(value: object) -> str:
    """Return Wh as kWh, exactly: three decimals, no float."""
    if not isinstance(value, int):
        return "?"
    sign, rest = "-" * (value < 0), abs(value)
    return f"{sign}{rest // 1000}.{rest % 1000:03d} kWh"
