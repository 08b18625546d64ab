"""A SteVe-like back-office's REST operations, as an ASGI application: one order, an answer from every station."""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

import msgspec

from charging.errors import StationUnreachable
from rehearsal.back_office import BackOffice
from rehearsal.frames import CallRefused, Payload

PREFIX = "/steve/api/v1/operations/"

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_TRIGGERS = {
    name.lower(): name
    for name in ("BootNotification", "Heartbeat", "StatusNotification", "MeterValues", "FirmwareStatusNotification")
}


class Operations:
    """The application. What it is asked is HTTP basic; what it answers is SteVe's task result."""

    def __init__(self, back_office: BackOffice, *, user: str, password: str) -> None:
        self._back_office = back_office
        self._expected = b"Basic " + b64encode(f"{user}:{password}".encode())
        self._tasks = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        status, answer = await self._respond(scope, body)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/json"), (b"www-authenticate", b"Basic")][
                    : 1 + (status == 401)
                ],
            }
        )
        await send({"type": "http.response.body", "body": msgspec.json.encode(answer)})

    async def _respond(self, scope: Scope, body: bytes) -> tuple[int, Mapping[str, object]]:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if not hmac.compare_digest(given, self._expected):
            return 401, {"message": "authentication is needed"}
        path, operation = str(scope["path"]), str(scope["path"]).rpartition("/")[2]
        if not path.startswith(PREFIX) or operation not in _PAYLOADS:
            return 404, {"message": f"there is no operation at {path}"}
        if scope["method"] != "POST":
            return 405, {"message": "an operation is a POST"}
        try:
            order = msgspec.json.decode(body, type=dict[str, Any])
            stations = [str(identity) for identity in order["chargeBoxIdList"]]
            payload = _PAYLOADS[operation](order)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            return 400, {"message": f"the order cannot be understood: {error}"}
        return 200, await self._order(operation, stations, payload)

    async def _order(self, operation: str, stations: list[str], payload: Payload) -> Mapping[str, object]:
        result: dict[str, Any] = {
            "taskId": next(self._tasks),
            "taskFinished": True,
            "successResponses": [],
            "errorResponses": [],
            "exceptions": [],
        }

        async def ask(station_id: str) -> None:
            try:
                answer = await self._back_office.call(station_id, operation, payload)
            except StationUnreachable as error:
                result["exceptions"].append({"chargeBoxId": station_id, "exceptionMessage": error.problem})
            except CallRefused as error:
                refusal = {"errorCode": error.code, "errorDescription": error.description, "errorDetails": None}
                result["errorResponses"].append({"chargeBoxId": station_id} | refusal)
            else:
                response = _response(operation, answer)
                result["successResponses"].append({"chargeBoxId": station_id, "response": response})

        await asyncio.gather(*map(ask, stations))
        return result


def _configuration_keys(order: Payload) -> Payload:
    custom = str(order.get("commaSeparatedCustomConfKeys") or "")
    keys = [*(order.get("confKeyList") or ()), *(key.strip() for key in custom.split(",") if key.strip())]
    return {"key": keys} if keys else {}


def _change_configuration(order: Payload) -> Payload:
    is_custom = order.get("keyType", "PREDEFINED") == "CUSTOM"
    return {"key": order["customConfKey" if is_custom else "confKey"], "value": str(order["value"])}


def _trigger(order: Payload) -> Payload:
    message = _TRIGGERS[str(order["triggerMessage"]).lower()]
    return {"requestedMessage": message} | _only(order, "connectorId")


def _only(order: Payload, *names: str) -> Payload:
    return {name: order[name] for name in names if order.get(name) is not None}


_PAYLOADS: Mapping[str, Callable[[Payload], Payload]] = {
    "ChangeAvailability": lambda order: {
        "connectorId": int(order["connectorId"]),
        "type": str(order["availType"]).capitalize(),
    },
    "ChangeConfiguration": _change_configuration,
    "ClearCache": lambda _: {},
    "GetConfiguration": _configuration_keys,
    "GetDiagnostics": lambda order: {"location": str(order["location"])} | _only(order, "retries", "retryInterval"),
    "GetLocalListVersion": lambda _: {},
    "RemoteStartTransaction": lambda order: {"idTag": str(order["idTag"])} | _only(order, "connectorId"),
    "RemoteStopTransaction": lambda order: {"transactionId": int(order["transactionId"])},
    "Reset": lambda order: {"type": str(order["resetType"]).capitalize()},
    "TriggerMessage": _trigger,
    "UnlockConnector": lambda order: {"connectorId": int(order["connectorId"])},
    "UpdateFirmware": lambda order: (
        {"location": str(order["location"]), "retrieveDate": order["retrieveDateTime"]}
        | _only(order, "retries", "retryInterval")
    ),
}
"""From an operation's parameters to its CALL's payload."""


def _response(operation: str, answer: Payload) -> object:
    if operation == "GetConfiguration":
        known = [{"value": None} | dict(entry) for entry in answer.get("configurationKey", ())]
        return {"configurationKeys": known, "unknownKeys": ", ".join(answer.get("unknownKey", ()))}
    if operation == "GetDiagnostics":
        return answer.get("fileName")
    if operation == "GetLocalListVersion":
        return answer.get("listVersion")
    return answer.get("status", "OK")


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
