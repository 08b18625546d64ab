"""A simulated station of a few kilobytes: 1.6 or 2.0.1, in its supplier's flavour, charging again and again.

Thousands fit into one process, which the full `rehearsal.station` with its flash and its recipes does not.
"""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from picows import WSMsgType, WSTransport

from charging.clock import system_clock
from rehearsal.suppliers import Flavour

_TOLD_TWICE = frozenset({"StartTransaction", "StopTransaction", "TransactionEvent"})
"""What a station keeps until it is answered, and says again on its next link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a station is."""

    protocol: str
    """ocpp1.6 or ocpp2.0.1"""
    flavour: Flavour
    vendor: str
    model: str
    firmware: str


class LightStation:
    """One station. Whoever holds it dials for it and lets its time pass; `on_lost` is called when its link is gone."""

    __slots__ = (
        "acknowledged",
        "counted",
        "has_booted",
        "identity",
        "kind",
        "link",
        "numbers",
        "on_lost",
        "on_order",
        "open",
        "outbox",
        "phase",
        "transaction",
    )

    def __init__(
        self,
        identity: str,
        kind: Kind,
        *,
        on_lost: Callable[["LightStation"], None],
        on_order: Callable[["LightStation", str], str],
    ) -> None:
        self.identity, self.kind = identity, kind
        self.on_lost, self.on_order = on_lost, on_order
        self.link: WSTransport | None = None
        self.open: tuple[str, str, dict[str, Any]] | None = None
        """The one call that is not answered: its id, action and payload."""
        self.outbox: deque[tuple[str, dict[str, Any]]] = deque()
        self.numbers = 0
        self.counted = 0
        """How many charges it has begun: the number is in its meter, so that each message can be told from all."""
        self.acknowledged: list[tuple[str, int]] = []
        """Which starts and stops somebody has taken from it."""
        self.has_booted = False
        self.phase = 0
        self.transaction: Any = None

    @property
    def is_old(self) -> bool:
        return self.kind.protocol == "ocpp1.6"

    def connected(self, link: WSTransport) -> None:
        """A link is up: say what stations of this kind say then."""
        self.link = link
        if self.open is not None:
            _, action, payload = self.open
            if action in _TOLD_TWICE:
                self.outbox.appendleft((action, payload))
            self.open = None
        tells = self.kind.flavour.tells_after_link_loss or not self.has_booted
        first: list[tuple[str, dict[str, Any]]] = []
        if self.kind.flavour.boots_after_link_loss or not self.has_booted:
            first.append(("BootNotification", self._boot()))
        if tells:
            first.append(("StatusNotification", self._status("Charging" if self.phase else "Available")))
        self.outbox.extendleft(reversed(first))
        self._say()

    def lost(self) -> None:
        """The link is gone."""
        self.link = None
        self.on_lost(self)

    def drop(self) -> None:
        """Cut the link without a word."""
        if self.link is not None:
            self.link.disconnect(graceful=False)

    def live(self) -> None:
        """Let it do the next thing of a charge, unless it has something to say already."""
        if self.outbox or self.open is not None or not self.has_booted:
            self._say()
            return
        if self.phase == 0:
            self.counted += 1
            self._tell_charge("Started")
            if self.kind.flavour.tells_after_start:
                self._queue("StatusNotification", self._status("Charging"))
            self.phase = 1
        elif self.phase == 1:
            self._queue("MeterValues", self._meter()) if self.is_old else self._queue("Heartbeat", {})
            self.phase = 2
        else:
            self._tell_charge("Ended")
            if self.kind.flavour.tells_after_stop:
                self._queue("StatusNotification", self._status("Available"))
            self.phase = 0
        self._say()

    def rest(self) -> None:
        """End what it charges, and say no more than that it is there."""
        if self.phase:
            self.phase = 2
            self.live()
        elif not self.outbox and self.open is None:
            self._queue("Heartbeat", {})
        self._say()

    @property
    def is_at_rest(self) -> bool:
        return self.phase == 0 and not any(action in _TOLD_TWICE for action, _ in self.outbox)

    def hear(self, raw: bytes) -> None:
        """Take a frame in."""
        frame = json.loads(raw)
        if frame[0] == 2:
            self._obey(frame[1], frame[2], frame[3])
        elif self.open is not None and frame[1] == self.open[0]:
            _, action, payload = self.open
            self.open = None
            if frame[0] == 3:
                self._answered(action, payload, frame[2])
            elif action in _TOLD_TWICE:
                self.outbox.appendleft((action, payload))
            self._say()

    def _answered(self, action: str, payload: dict[str, Any], answer: dict[str, Any]) -> None:
        if action == "BootNotification":
            self.has_booted = answer.get("status") == "Accepted"
        elif action == "StartTransaction":
            self.transaction = answer.get("transactionId")
            self.acknowledged.append(("start", payload["meterStart"]))
        elif action == "StopTransaction":
            self.acknowledged.append(("stop", payload["meterStop"]))
        elif action == "TransactionEvent":
            word = "start" if payload["eventType"] == "Started" else "stop"
            self.acknowledged.append((word, payload["meterValue"][0]["sampledValue"][0]["value"]))

    def _obey(self, number: str, action: str, payload: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"status": self.on_order(self, action)}
        if action == "TriggerMessage" and answer["status"] == "Accepted":
            message = payload["requestedMessage"]
            told = self._boot() if message == "BootNotification" else {}
            if message == "StatusNotification":
                told = self._status("Charging" if self.phase else "Available")
            self.outbox.append((message, told))
        elif action == "GetConfiguration":
            answer = {"configurationKey": [], "unknownKey": payload.get("key", [])}
        self._send([3, number, answer])
        self._say()

    def _tell_charge(self, event: str) -> None:
        number = self.counted * 10 + (event == "Ended")
        if not self.is_old:
            info = {"transactionId": f"{self.identity}-{self.counted}"}
            reading = {"timestamp": _now(), "sampledValue": [{"value": number}]}
            told = {"eventType": event, "timestamp": _now(), "triggerReason": "Authorized", "seqNo": self.phase}
            self._queue(
                "TransactionEvent", told | {"transactionInfo": info, "evse": {"id": 1}, "meterValue": [reading]}
            )
        elif event == "Started":
            self._queue(
                "StartTransaction", {"connectorId": 1, "idTag": "T1", "meterStart": number, "timestamp": _now()}
            )
        else:
            self._queue("StopTransaction", {"transactionId": None, "meterStop": number, "timestamp": _now()})

    def _queue(self, action: str, payload: dict[str, Any]) -> None:
        self.outbox.append((action, payload))

    def _say(self) -> None:
        if self.open is not None or self.link is None or not self.outbox:
            return
        action, payload = self.outbox.popleft()
        if "transactionId" in payload and payload["transactionId"] is None:
            payload = payload | {"transactionId": -1 if self.transaction is None else self.transaction}
        self.numbers += 1
        number = f"{self.identity}-{self.numbers}"
        self.open = number, action, payload
        self._send([2, number, action, payload])

    def _send(self, frame: list[Any]) -> None:
        if self.link is not None:
            self.link.send(WSMsgType.TEXT, json.dumps(frame, separators=(",", ":")).encode())

    def _boot(self) -> dict[str, Any]:
        kind = self.kind
        if self.is_old:
            return {
                "chargePointVendor": kind.vendor,
                "chargePointModel": kind.model,
                "firmwareVersion": kind.firmware,
            }
        station = {"vendorName": kind.vendor, "model": kind.model, "firmwareVersion": kind.firmware}
        return {"reason": "PowerUp", "chargingStation": station}

    def _status(self, word: str) -> dict[str, Any]:
        if self.is_old:
            return {"connectorId": 1, "errorCode": "NoError", "status": word, "timestamp": _now()}
        word = "Occupied" if word == "Charging" else word
        return {"timestamp": _now(), "connectorStatus": word, "evseId": 1, "connectorId": 1}

    def _meter(self) -> dict[str, Any]:
        sample = {"timestamp": _now(), "sampledValue": [{"value": str(self.counted * 10)}]}
        return {"connectorId": 1, "transactionId": None, "meterValue": [sample]}


def _now() -> str:
    return system_clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
