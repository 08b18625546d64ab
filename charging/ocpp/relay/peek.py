"""The few members of a payload that a rule needs, read with patience: a number in quotes is a number."""

import re
from typing import Any, TypeVar

import msgspec

from charging.ocpp.frames import parse_json

_MEMBER = rb'("%b"[ \t\r\n]*:[ \t\r\n]*)(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|"[^"\\]*")'


class Payload(msgspec.Struct, rename="camel", gc=False):
    """What is not here is not looked at; what is missing, or of a type that cannot be understood, is None."""


class Start(Payload, gc=False):
    """OCPP 1.6 StartTransaction.req."""

    connector_id: int | None = None
    id_tag: str | None = None
    meter_start: int | None = None
    timestamp: str | None = None


class Stop(Payload, gc=False):
    """OCPP 1.6 StopTransaction.req."""

    transaction_id: int | None = None
    id_tag: str | None = None
    meter_stop: int | None = None
    timestamp: str | None = None
    reason: str | None = None


class Metered(Payload, gc=False):
    """OCPP 1.6 MeterValues.req, and RemoteStopTransaction.req."""

    connector_id: int | None = None
    transaction_id: int | None = None


class Status(Payload, gc=False):
    """StatusNotification.req of 1.6 and 2.x; `evse_id` and `connector_status` are 2.x's."""

    connector_id: int | None = None
    status: str | None = None
    error_code: str | None = None
    evse_id: int | None = None
    connector_status: str | None = None


class FirmwareStatus(Payload, gc=False):
    """FirmwareStatusNotification.req of 1.6 and 2.x."""

    status: str | None = None


class ChargingStation(Payload, gc=False):
    """OCPP 2.x ChargingStationType."""

    vendor_name: str | None = None
    model: str | None = None
    firmware_version: str | None = None


class Boot(Payload, gc=False):
    """BootNotification.req of 1.6 and, all in `charging_station`, of 2.x."""

    charge_point_vendor: str | None = None
    charge_point_model: str | None = None
    firmware_version: str | None = None
    meter_type: str | None = None
    charging_station: ChargingStation | None = None


class TokenInfo(Payload, gc=False):
    """OCPP 1.6 IdTagInfo."""

    status: str | None = None


class Started(Payload, gc=False):
    """OCPP 1.6 StartTransaction.conf."""

    transaction_id: int | None = None
    id_tag_info: TokenInfo | None = None


class Evse(Payload, gc=False):
    """OCPP 2.x EVSEType."""

    id: int | None = None
    connector_id: int | None = None


class TransactionInfo(Payload, gc=False):
    """OCPP 2.x TransactionType."""

    transaction_id: str | None = None
    charging_state: str | None = None


class TransactionEvent(Payload, gc=False):
    """OCPP 2.x TransactionEventRequest."""

    event_type: str | None = None
    timestamp: str | None = None
    transaction_info: TransactionInfo | None = None
    evse: Evse | None = None


class Profiled(Payload, gc=False):
    """OCPP 1.6 SetChargingProfile.req."""

    cs_charging_profiles: Metered | None = None


Peeked = TypeVar("Peeked", bound=Payload)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODERS: dict[type[Payload], msgspec.json.Decoder[Any]] = {}


def peek(payload: msgspec.Raw | bytes, shape: type[Peeked]) -> Peeked:
    """Return the members that the shape names. Never raises: what cannot be understood is None."""
    decoder = _DECODERS.get(shape)
    if decoder is None:
        decoder = _DECODERS[shape] = msgspec.json.Decoder(shape, strict=False)
    try:
        found: Peeked = decoder.decode(payload)
    except (ValueError, RecursionError):
        return _patiently(payload, shape)
    return found


def with_number(raw: bytes, member: str, number: int) -> bytes:
    """Return the frame with this member's value replaced, and everything else byte for byte as it was.

    A key in JSON text is told from a value by its colon, and quotes within text are escaped; so the pattern finds keys
    alone. Only where the key is spelt with escapes is the whole frame written anew.
    """
    found, count = re.subn(_MEMBER % member.encode(), rb"\g<1>%d" % number, raw)
    return found if count else _ENCODER.encode(_replaced(parse_json(raw), member, number))


def _replaced(value: Any, member: str, number: int) -> Any:
    if isinstance(value, dict):
        return {name: number if name == member else _replaced(one, member, number) for name, one in value.items()}
    return [_replaced(one, member, number) for one in value] if isinstance(value, list) else value


def _patiently(payload: msgspec.Raw | bytes, shape: type[Peeked]) -> Peeked:
    """One member at a time, so that one that cannot be understood costs only itself."""
    members = parse_json(bytes(payload))
    found = shape()
    if not isinstance(members, dict):
        return found
    for field in msgspec.structs.fields(shape):
        try:
            value = msgspec.convert(members.get(field.encode_name), field.type, strict=False)
        except (ValueError, RecursionError):
            value = None
        setattr(found, field.name, value)
    return found
