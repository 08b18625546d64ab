"""How a simulated station charges: what it meters, and how it delivers transaction messages through lost links."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from charging.clock import Clock
from rehearsal.flash import Charge, Memory, Outgoing
from rehearsal.frames import CallRefused, Link, Payload, instant
from rehearsal.network import Network, TrueSession, TrueStation, live_session
from rehearsal.station_lies import SECRETLY

LIVE, OPEN = "live", "open"
"""The charge after the move, and the one that was running before it."""
DRAINS_WITHIN_SECONDS = 0.7
"""How soon a driver leaves once the station takes no new charges: the rest of his hour, compressed."""


class Charging:
    """One station's charges. `store` puts its memory into the flash; `on_charged` hears of the one after the move."""

    def __init__(
        self,
        truth: TrueStation,
        memory: Memory,
        *,
        network: Network,
        clock: Clock,
        store: Callable[[], Awaitable[None]],
        on_charged: Callable[[TrueSession], None],
    ) -> None:
        self._truth, self._memory, self._network = truth, memory, network
        self._clock, self._store, self._on_charged = clock, store, on_charged

    async def settle(self, link: Link) -> None:
        """Do what is due: end a charge that is waited for, deliver what is queued, charge once after the move."""
        if self._is_drained_for(OPEN):
            await asyncio.sleep(DRAINS_WITHIN_SECONDS)
            await self.end(OPEN, reason="Local")
        await self.deliver(link)
        if self._is_due_live() and await self._is_authorised(link):
            await self._tell_live()
            await self.deliver(link)

    async def begin(self, name: str, *, connector_id: int, id_tag: str) -> None:
        """Begin a charge now and queue its StartTransaction."""
        register = self._register(connector_id)
        started_at = self._clock()
        self._memory.charges[name] = Charge(
            connector_id=connector_id, id_tag=id_tag, started_at=started_at, meter_start_wh=register
        )
        self._queue_start(name, self._memory.charges[name])
        await self._store()

    async def end(self, name: str, *, reason: str) -> None:
        """End a charge and queue its StopTransaction."""
        charge = self._memory.charges[name]
        if name == OPEN:
            session = self._network.session_by_id[str(self._truth.open_session_id)]
            stopped_at, register = session.stopped_at, session.meter_stop_wh
        else:
            stopped_at = self._clock()
            hours = (stopped_at - charge.started_at).total_seconds() / 3600
            register = charge.meter_start_wh + (
                0 if self._memory.is_meter_failed else round(self._truth.power_w * hours)
            )
        self._queue_stop(name, charge, stopped_at=stopped_at, register=register, reason=reason)
        await self._store()

    async def meter_in_secret(self, link: Link) -> None:
        """Go on charging and say so in MeterValues alone; a station that says that it is free lets nobody see it."""
        if SECRETLY not in self._memory.charges:
            return await self.begin(SECRETLY, connector_id=1, id_tag=self._truth.live_token_uid)
        charge = self._memory.charges[SECRETLY]
        now = self._clock()
        register = charge.meter_start_wh + round(self._truth.power_w * (now - charge.started_at).total_seconds() / 3600)
        sample = {"value": str(register), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
        payload: Payload = {
            "connectorId": charge.connector_id,
            "transactionId": charge.transaction_id,
            "meterValue": [{"timestamp": instant(now), "sampledValue": [sample]}],
        }
        await link.call("MeterValues", payload)
        return None

    async def end_all(self, *, reason: str) -> None:
        """End every charge that is running, as a soft reset does."""
        ending = {message.charge for message in self._memory.outbox if message.action == "StopTransaction"}
        for name in [name for name in self._memory.charges if name not in ending]:
            await self.end(name, reason=reason)

    async def deliver(self, link: Link) -> None:
        """Send what is queued, in order; what a back-office refuses is sent again a few times and then given up."""
        while self._memory.outbox:
            message = self._memory.outbox[0]
            try:
                answer = await link.call(message.action, self._payload(message))
            except CallRefused:
                message.attempts += 1
                if message.attempts < int(self._memory.configuration["TransactionMessageAttempts"]):
                    await self._store()
                    await asyncio.sleep(int(self._memory.configuration["TransactionMessageRetryInterval"]))
                    continue
                answer = {}
            connector_id = self._memory.charges[message.charge].connector_id
            await self._conclude(message, answer)
            await self._tell_after(link, message.action, connector_id)

    def status(self, connector_id: int) -> tuple[str, str]:
        """Return a connector's OCPP status and error code."""
        if self._memory.is_meter_failed and self._truth.flavour.stays_faulted:
            return "Faulted", "PowerMeterFailure"
        running = [charge for name, charge in self._memory.charges.items() if name != SECRETLY]
        if connector_id and any(charge.connector_id == connector_id for charge in running):
            return "Charging", "NoError"
        is_out = 0 in self._memory.inoperative or connector_id in self._memory.inoperative
        return "Unavailable" if is_out else "Available", "NoError"

    def can_begin(self, connector_id: int) -> bool:
        """Whether a driver could begin a charge here."""
        return self.status(connector_id)[0] == "Available" and self.status(0)[0] == "Available"

    def charge_with(self, transaction_id: int) -> str | None:
        """Return the name of the charge that carries a back-office's transaction id."""
        running = self._memory.charges.items()
        return next((name for name, charge in running if charge.transaction_id == transaction_id), None)

    def _is_drained_for(self, name: str) -> bool:
        charge = self._memory.charges.get(name)
        is_out = charge is not None and bool(self._memory.inoperative & {0, charge.connector_id})
        return is_out and not any(message.charge == name for message in self._memory.outbox)

    def _is_due_live(self) -> bool:
        has_moved = self._memory.arrived != self._memory.home
        return has_moved and self._memory.live_ended_at is None and self.can_begin(self._truth.connectors)

    async def _is_authorised(self, link: Link) -> bool:
        answer = await link.call("Authorize", {"idTag": self._truth.live_token_uid})
        return bool(answer["idTagInfo"]["status"] == "Accepted")

    async def _tell_live(self) -> None:
        """Queue the one charge after the move: once it is in the flash it will be told, and never a second time."""
        self._memory.live_ended_at = self._clock().replace(microsecond=0)
        session = live_session(self._network, self._truth.station_id, self._memory.live_ended_at)
        charge = Charge(
            connector_id=session.connector_id,
            id_tag=session.token_uid,
            started_at=session.started_at,
            meter_start_wh=session.meter_start_wh,
        )
        self._memory.charges[LIVE] = charge
        self._queue_start(LIVE, charge)
        middle = session.started_at + (session.stopped_at - session.started_at) / 2
        self._queue_meter_values(
            LIVE, charge, at=middle, register=(session.meter_start_wh + session.meter_stop_wh) // 2
        )
        self._queue_stop(LIVE, charge, stopped_at=session.stopped_at, register=session.meter_stop_wh, reason="Local")
        await self._store()

    def _queue_start(self, name: str, charge: Charge) -> None:
        payload: Payload = {
            "connectorId": charge.connector_id,
            "idTag": charge.id_tag,
            "meterStart": charge.meter_start_wh,
            "timestamp": instant(charge.started_at),
        }
        self._memory.outbox.append(Outgoing(action="StartTransaction", payload=payload, charge=name))

    def _queue_meter_values(self, name: str, charge: Charge, *, at: datetime, register: int) -> None:
        sample = {"value": str(register), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
        payload: Payload = {
            "connectorId": charge.connector_id,
            "meterValue": [{"timestamp": instant(at), "sampledValue": [sample]}],
        }
        self._memory.outbox.append(Outgoing(action="MeterValues", payload=payload, charge=name))

    def _queue_stop(self, name: str, charge: Charge, *, stopped_at: datetime, register: int, reason: str) -> None:
        payload: Payload = {
            "idTag": charge.id_tag,
            "meterStop": register,
            "timestamp": instant(stopped_at),
            "reason": reason,
        }
        self._memory.outbox.append(Outgoing(action="StopTransaction", payload=payload, charge=name))
        if not self._memory.is_meter_failed:
            self._memory.registers_wh[charge.connector_id - 1] = register

    def _payload(self, message: Outgoing) -> Payload:
        if message.action == "StartTransaction":
            return message.payload
        transaction_id = self._memory.charges[message.charge].transaction_id
        # A station whose start was never answered says -1 (errata 3.18).
        return message.payload | {"transactionId": -1 if transaction_id is None else transaction_id}

    async def _conclude(self, message: Outgoing, answer: Payload) -> None:
        self._memory.outbox.pop(0)
        if message.action == "StartTransaction":
            self._memory.charges[message.charge].transaction_id = answer.get("transactionId")
        if message.action == "StopTransaction":
            del self._memory.charges[message.charge]
            self._memory.is_live_told = self._memory.is_live_told or message.charge == LIVE
        await self._store()
        if message.action == "StopTransaction" and message.charge == LIVE and self._memory.live_ended_at is not None:
            self._on_charged(live_session(self._network, self._truth.station_id, self._memory.live_ended_at))

    async def _tell_after(self, link: Link, action: str, connector_id: int) -> None:
        flavour = self._truth.flavour
        tells = {"StartTransaction": flavour.tells_after_start, "StopTransaction": flavour.tells_after_stop}
        if tells.get(action):
            await tell_status(link, connector_id, *self.status(connector_id), at=self._clock())

    def _register(self, connector_id: int) -> int:
        # A pulse meter that has failed counts nothing, and nobody can ask it.
        return 0 if self._memory.is_meter_failed else self._memory.registers_wh[connector_id - 1]


async def tell_status(link: Link, connector_id: int, status: str, error: str, *, at: datetime) -> None:
    """Send a StatusNotification."""
    payload = {"connectorId": connector_id, "errorCode": error, "status": status, "timestamp": instant(at)}
    await link.call("StatusNotification", payload)
