"""A simulated station that fetches firmware: OCPP 1.6, 2.0.1 or 2.1, honest or not, with a configuration of its own.

Every message is held against the schemas of the `ocpp` library for the version that it speaks.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from rehearsal.frames import CALL, CALLRESULT, CallRefused, Link, LinkLost, NoAnswer, Payload
from rehearsal.wording import Wording


class Updating(StrEnum):
    """What becomes of an image."""

    GOOD = "good"
    CANNOT_FETCH = "cannot_fetch"
    SAYS_SO_ONLY = "says_so_only"
    """Says that it has installed the image, restarts, and boots with the version that it had."""
    FORGETS = "forgets"
    """Boots with the new version and the factory's settings."""
    IS_BROKEN_IN = "is_broken_in"
    """The image is damaged: InstallationFailed."""
    REFUSES = "refuses"
    SILENT = "silent"
    """Takes the order and never says anything of it again."""
    SAYS_NO_STATUS = "says_no_status"
    """Boots with the new version, without a word before."""
    HIDES = "hides"
    """Does not answer when it is asked for its configuration."""


@dataclass(kw_only=True)
class UpdatingStation:
    """One station. `run` goes on until it is cancelled."""

    identity: str
    vendor: str
    model: str
    firmware: str
    image: str
    """The version in the image that it is told to fetch."""
    behaviour: Updating = Updating.GOOD
    protocol: str = "ocpp1.6"
    settings: dict[str, str] = field(default_factory=dict)
    factory: dict[str, str] = field(default_factory=dict)
    restart_seconds: float = 0.05
    orders: int = 0
    """How often it was told to fetch an image."""

    def __post_init__(self) -> None:
        self._wording = Wording(self.protocol)

    @property
    def is_old(self) -> bool:
        return self.protocol == "ocpp1.6"

    async def run(self, url: str) -> None:
        """Dial `url` (without identity), talk, and dial again whenever the link is gone."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, WebSocketException):
                async with connect(
                    f"{url}/{self.identity}",
                    subprotocols=[Subprotocol(self.protocol)],
                    compression=None,
                    ping_interval=None,
                    close_timeout=1,
                    user_agent_header=None,
                    proxy=None,
                ) as socket:
                    await self._talk(socket)
            await asyncio.sleep(self.restart_seconds)

    async def _talk(self, socket: Any) -> None:
        after: asyncio.Queue[tuple[str, Payload]] = asyncio.Queue()
        link = Link(socket, lambda action, payload: self._answer(action, payload, after))
        script = asyncio.create_task(self._live(link, socket, after))
        try:
            async for text in socket:
                await link.receive(text)
        except ConnectionClosed:
            pass
        finally:
            link.lose()
            script.cancel()
            with contextlib.suppress(asyncio.CancelledError, LinkLost, ConnectionClosed, TimeoutError, CallRefused):
                await script

    async def _live(self, link: Link, socket: Any, after: "asyncio.Queue[tuple[str, Payload]]") -> None:
        await self._wording.say(link, "BootNotification", self._boot())
        while True:
            match await after.get():
                case "UpdateFirmware" | "SignedUpdateFirmware" as action, payload:
                    if await self._update(link, action, payload):
                        await socket.close()
                        return
                case "TriggerMessage", payload if payload["requestedMessage"] == "BootNotification":
                    await self._wording.say(link, "BootNotification", self._boot())
                case "GetBaseReport", payload:
                    await self._wording.say(link, "NotifyReport", self._report(payload["requestId"]))

    async def _update(self, link: Link, action: str, payload: Payload) -> bool:
        """Play what becomes of the image; return whether the station restarts."""
        if self.behaviour in {Updating.REFUSES, Updating.SILENT}:
            return False
        fate = {
            Updating.CANNOT_FETCH: ("Downloading", "DownloadFailed"),
            Updating.IS_BROKEN_IN: ("Downloading", "Downloaded", "Installing", "InstallationFailed"),
            Updating.SAYS_NO_STATUS: (),
        }
        said = fate.get(self.behaviour, ("Downloading", "Downloaded", "Installing", "Installed"))
        is_signed = action.startswith("Signed")
        for status in said:
            told: Payload = {"status": status}
            if is_signed or not self.is_old:
                told["requestId"] = payload["requestId"]
            await self._wording.say(link, f"{'Signed' if is_signed else ''}FirmwareStatusNotification", told)
        if said and said[-1].endswith("Failed"):
            return False
        if self.behaviour is not Updating.SAYS_SO_ONLY:
            self.firmware = self.image
        if self.behaviour is Updating.FORGETS:
            self.settings |= self.factory
        return True

    async def _answer(self, action: str, payload: Payload, after: "asyncio.Queue[tuple[str, Payload]]") -> Payload:
        self._wording.require_valid(CALL, action, payload)
        answer = self._obey(action, payload)
        self._wording.require_valid(CALLRESULT, action, answer)
        if answer.get("status", "Accepted") == "Accepted":
            await after.put((action, payload))
        return answer

    def _obey(self, action: str, payload: Payload) -> Payload:
        match action:
            case "UpdateFirmware" | "SignedUpdateFirmware":
                self.orders += 1
                if self.behaviour is Updating.REFUSES and action == "UpdateFirmware" and self.is_old:
                    raise CallRefused("NotSupported", action)
                refuses = self.behaviour is Updating.REFUSES
                has_status = not self.is_old or action.startswith("Signed")
                return {"status": "Rejected" if refuses else "Accepted"} if has_status else {}
            case "GetConfiguration" | "GetBaseReport" if self.behaviour is Updating.HIDES:
                raise NoAnswer
            case "GetConfiguration":
                wanted = payload.get("key") or list(self.settings)
                there = [key for key in wanted if key in self.settings]
                known = [{"key": key, "value": self.settings[key], "readonly": False} for key in there]
                return {"configurationKey": known, "unknownKey": [key for key in wanted if key not in self.settings]}
            case "TriggerMessage" | "GetBaseReport":
                return {"status": "Accepted"}
        raise CallRefused("NotImplemented", action)

    def _boot(self) -> Payload:
        if self.is_old:
            named = {"chargePointVendor": self.vendor, "chargePointModel": self.model}
            return named | {"firmwareVersion": self.firmware}
        box = {"vendorName": self.vendor, "model": self.model, "firmwareVersion": self.firmware}
        return {"reason": "FirmwareUpdate" if self.firmware == self.image else "PowerUp", "chargingStation": box}

    def _report(self, number: int) -> Payload:
        entries = []
        for key, value in sorted(self.settings.items()):
            component, _, variable = key.rpartition(".")
            named = {"component": {"name": component}, "variable": {"name": variable}}
            entries.append(named | {"variableAttribute": [{"type": "Actual", "value": value}]})
        told = {"requestId": number, "generatedAt": "2026-01-01T00:00:00Z", "seqNo": 0, "tbc": False}
        return told | {"reportData": entries}
