"""The 42 cells of the first paper's table, observed at the wire by a listener that knows nothing of the stations."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import msgspec
import pytest
from websockets.asyncio.server import serve

from charging.clock import system_clock
from rehearsal.flash import Flash
from rehearsal.station import Station, new_memory

CELLS = ("boot on link", "after stop", "after start", "on link", "after firmware", "stays faulted")
TABLE = {
    "A": (True, True, True, True, True, True),
    "B": (True, True, True, False, True, True),
    "C": (False, True, True, False, True, False),
    "D": (True, False, False, False, False, True),
    "E": (True, False, False, False, True, True),
    "F": (True, True, True, True, False, True),
    "G": (True, True, True, True, True, True),
}


class Listener:
    """Answers every CALL, keeps what was said on the present connection, and can ask for a heartbeat as a mark."""

    def __init__(self):
        self.said, self.answers, self.connections, self.socket = [], {}, 0, None
        self.numbers = iter(range(1, 1000))

    async def attend(self, socket):
        self.socket, self.said = socket, []
        self.connections += 1
        async for text in socket:
            kind, number, *rest = msgspec.json.decode(text)
            if kind == 2:
                self.said.append(SimpleNamespace(action=rest[0], payload=rest[1]))
                answer = {"status": "Accepted", "interval": 900, "currentTime": "2026-11-20T18:00:00Z"}
                answer |= {"transactionId": 77, "idTagInfo": {"status": "Accepted"}}
                await socket.send(msgspec.json.encode([3, number, answer]).decode())
            else:
                self.answers[number] = rest[0]

    async def order(self, eventually, action, payload):
        number = f"order-{next(self.numbers)}"
        await self.socket.send(msgspec.json.encode([2, number, action, payload]).decode())
        await eventually(lambda: number in self.answers, what=f"the answer to {action}")
        return self.answers[number]

    async def mark(self, eventually):
        """Wait until the station has said everything that it had to say."""
        await eventually(lambda: self.said, what="the first word")
        # What is ordered is done in order, after what the station says by itself.
        for _ in range(2):
            before = sum(message.action == "Heartbeat" for message in self.said)
            await self.order(eventually, "TriggerMessage", {"requestedMessage": "Heartbeat"})
            await eventually(
                lambda before=before: sum(m.action == "Heartbeat" for m in self.said) > before, what="the mark"
            )

    def tells(self, status=None):
        found = [m for m in self.said if m.action == "StatusNotification" and m.payload["connectorId"] > 0]
        return any(status in {None, m.payload["status"]} for m in found)

    def says(self, action):
        return any(message.action == action for message in self.said)


@asynccontextmanager
async def observed(network, truth, flash, running):
    listener = Listener()
    async with serve(listener.attend, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        station = Station(
            truth,
            new_memory(truth, network, url=url),
            network=network,
            flash=flash,
            clock=system_clock,
            gate=asyncio.Semaphore(1),
            on_charged=lambda _: None,
        )
        async with running(station):
            yield listener, station


async def reconnected(listener, eventually, cause):
    before = listener.connections
    await cause()
    await eventually(lambda: listener.connections > before, what="a new connection")
    await listener.mark(eventually)


async def cells(network, truth, flash, running, eventually):
    async with observed(network, truth, flash, running) as (listener, station):
        await eventually(lambda: listener.connections, what="the first connection")
        await listener.mark(eventually)

        async def lose():
            station.lose_link()

        await reconnected(listener, eventually, lose)
        boots_on_link, tells_on_link = listener.says("BootNotification"), listener.tells()

        listener.said.clear()
        await listener.order(eventually, "RemoteStartTransaction", {"idTag": "ABC", "connectorId": 1})
        await eventually(lambda: listener.says("StartTransaction"), what="the start")
        await listener.mark(eventually)
        tells_after_start = listener.tells("Charging")

        listener.said.clear()
        await listener.order(eventually, "RemoteStopTransaction", {"transactionId": 77})
        await eventually(lambda: listener.says("StopTransaction"), what="the stop")
        await listener.mark(eventually)
        tells_after_stop = listener.tells("Available")

        async def flash_firmware():
            order = {"location": "http://images.example/f.bin?version=9.9", "retrieveDate": "2026-11-20T18:00:00Z"}
            await listener.order(eventually, "UpdateFirmware", order)

        await reconnected(listener, eventually, flash_firmware)
        boot = next(m.payload for m in listener.said if m.action == "BootNotification")
        assert boot["firmwareVersion"] == "9.9"
        tells_after_firmware = listener.tells()

        await station.fail_meter()
        answer = await listener.order(eventually, "RemoteStartTransaction", {"idTag": "ABC", "connectorId": 1})
        stays_faulted = answer["status"] == "Rejected"
        return (boots_on_link, tells_after_stop, tells_after_start, tells_on_link, tells_after_firmware, stays_faulted)


@pytest.mark.parametrize("letter", TABLE)
def test_shows_the_six_cells_of_its_supplier(tmp_path, network, letter, one_of, running, eventually):
    truth = one_of(network, letter)
    flash = Flash(tmp_path / "flash.sqlite")

    found = asyncio.run(cells(network, truth, flash, running, eventually))

    flash.close()
    assert dict(zip(CELLS, found, strict=True)) == dict(zip(CELLS, TABLE[letter], strict=True))
