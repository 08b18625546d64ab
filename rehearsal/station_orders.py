"""How a simulated station takes a back-office's CALLs: what an answer promises is in the flash before it is given."""

from collections.abc import Awaitable, Callable

from rehearsal import log_upload, station_answers
from rehearsal.flash import Memory
from rehearsal.frames import Link, NoAnswer, Payload
from rehearsal.network import Behaviour, TrueStation
from rehearsal.station_charging import Charging
from rehearsal.station_lies import Lies
from rehearsal.station_voice import FollowUp, Voice


class Orders:
    """One station's obedience. `then` puts off what cannot be done before the answer is out; `leave` hangs up."""

    def __init__(
        self,
        truth: TrueStation,
        memory: Memory,
        *,
        charging: Charging,
        voice: Voice,
        lies: Lies,
        store: Callable[[], Awaitable[None]],
        then: Callable[[FollowUp], None],
        leave: Callable[[], Awaitable[None]],
    ) -> None:
        self._truth, self._memory, self._charging, self._voice = truth, memory, charging, voice
        self._lies = lies
        self._store, self._then, self._leave = store, then, leave
        self._answers: dict[str, Callable[[Payload], Awaitable[Payload]]] = {
            "ChangeAvailability": self._change_availability,
            "ChangeConfiguration": self._change_configuration,
            "GetConfiguration": self._get_configuration,
            "GetDiagnostics": self._get_diagnostics,
            "RemoteStartTransaction": self._remote_start,
            "RemoteStopTransaction": self._remote_stop,
            "Reset": self._reset,
            "TriggerMessage": self._trigger,
            "UpdateFirmware": self._update_firmware,
        }

    async def answer(self, action: str, payload: Payload) -> Payload:
        """Return the answer's payload.

        Raises:
            CallRefused: NotImplemented.
            NoAnswer: if it keeps silent.
        """
        if self._lies.keeps_silent:
            raise NoAnswer
        if action in self._answers:
            return await self._answers[action](payload)
        return dict(station_answers.constant_answer(action))

    async def _get_configuration(self, payload: Payload) -> Payload:
        return station_answers.get_configuration(self._lies.shown(), payload)

    async def _change_configuration(self, payload: Payload) -> Payload:
        status = station_answers.change_configuration(self._truth, self._memory, payload, lies=self._lies)
        await self._store()
        if self._lies.never_resets:
            return {"status": status}
        if status == "Accepted" and station_answers.leaves_at_once(self._truth, payload):
            self._then(self._hang_up)
        return {"status": status}

    async def _change_availability(self, payload: Payload) -> Payload:
        status = station_answers.change_availability(self._memory, payload)
        await self._store()
        self._then(self._voice.tell_all)
        return {"status": status}

    async def _reset(self, payload: Payload) -> Payload:
        if self._truth.behaviour is Behaviour.LOSES_RESET and not self._memory.has_lost_reset:
            self._memory.has_lost_reset = True
            await self._store()
            return {"status": "Accepted"}
        if self._lies.never_resets:
            return {"status": "Accepted"}
        self._memory.restart = str(payload["type"])
        self._memory.resets += 1
        await self._store()
        self._then(self._go_down)
        return {"status": "Accepted"}

    async def _go_down(self, link: Link) -> None:
        if self._memory.restart == "Soft":
            await self._charging.end_all(reason="SoftReset")
            await self._charging.deliver(link)
        await self._leave()

    async def _hang_up(self, _: Link) -> None:
        await self._leave()

    async def _trigger(self, payload: Payload) -> Payload:
        said: dict[str, FollowUp] = {
            "BootNotification": self._voice.boot,
            "Heartbeat": self._voice.beat,
            "StatusNotification": self._voice.tell_all,
        }
        message, connector_id = str(payload["requestedMessage"]), payload.get("connectorId")
        if message not in said:
            return {"status": "NotImplemented"}
        if message == "StatusNotification" and connector_id is not None:
            self._then(lambda link: self._voice.tell(link, int(connector_id)))
        else:
            self._then(said[message])
        return {"status": "Accepted"}

    async def _remote_start(self, payload: Payload) -> Payload:
        connector_id = int(payload.get("connectorId", 1))
        if not self._charging.can_begin(connector_id):
            return {"status": "Rejected"}
        name, id_tag = f"remote-{connector_id}", str(payload["idTag"])
        self._then(lambda _: self._charging.begin(name, connector_id=connector_id, id_tag=id_tag))
        return {"status": "Accepted"}

    async def _remote_stop(self, payload: Payload) -> Payload:
        name = self._charging.charge_with(int(payload["transactionId"]))
        if name is None:
            return {"status": "Rejected"}
        self._then(lambda _: self._charging.end(name, reason="Remote"))
        return {"status": "Accepted"}

    async def _get_diagnostics(self, payload: Payload) -> Payload:
        station_id, memory = self._truth.station_id, self._memory
        log = f"firmware {memory.firmware}\nresets {memory.resets}\n"

        async def send(link: Link) -> None:
            async def tell(status: str) -> None:
                await link.call("DiagnosticsStatusNotification", {"status": status})

            await log_upload.upload(station_id, str(payload["location"]), log, tell=tell, failure="UploadFailed")

        self._then(send)
        return {"fileName": log_upload.file_name(station_id)}

    async def _update_firmware(self, payload: Payload) -> Payload:
        async def flash(link: Link) -> None:
            for status in ("Downloading", "Downloaded", "Installing"):
                await link.call("FirmwareStatusNotification", {"status": status})
            station_answers.flash_image(self._truth, self._memory, str(payload["location"]))
            self._memory.restart = "Hard"
            await self._store()
            await self._leave()

        self._then(flash)
        return {}
