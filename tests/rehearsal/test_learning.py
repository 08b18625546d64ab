"""The 42 cells of the first paper's table, learnt from recorded frames alone: nobody says whose frames they are."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from charging.ocpp.flavours.learning import EVERY, Verdict, learn
from charging.ocpp.flavours.recording import Behaviour, Heard, What
from charging.ocpp.flavours.watching import Watch
from rehearsal.flash import Flash
from rehearsal.station import Station, new_memory

BEGIN = datetime(2026, 10, 1, 6, tzinfo=UTC)
ROUNDS = 6
"""Every three days one."""
TABLE = {
    "A": "✓✓✓✓✓✓",
    "B": "✓✓✓✗✓✓",
    "C": "✗✓✓✗✓✗",
    "D": "✓✗✗✗✗✓",
    "E": "✓✗✗✗✓✓",
    "F": "✓✓✓✓✗✓",
    "G": "✓✓✓✓✓✓",
}
"""As it is printed; its columns are in the order of `Behaviour`."""


class Recorder:
    """A back office that takes what it is told, and writes down every frame. Its clock is the station's, too."""

    def __init__(self):
        self.now, self.heard, self.answers, self.socket = BEGIN, [], {}, None
        self.connections = self.orders = self.transactions = 0

    def clock(self):
        return self.now

    def wait(self, **lasting):
        self.now += timedelta(**lasting)

    async def attend(self, socket):
        self.socket = socket
        self.write(What.LINK_UP)
        self.connections += 1
        try:
            async for text in socket:
                self.write(What.FROM_STATION, text)
                kind, number, *rest = msgspec.json.decode(text)
                if kind == 2:
                    await self.send([3, number, self.answer(rest[0])])
                else:
                    self.answers[number] = rest[0]
        except ConnectionClosed:
            pass
        finally:
            self.write(What.LINK_DOWN)

    def answer(self, action):
        self.transactions += action == "StartTransaction"
        answer = {"status": "Accepted", "interval": 900, "currentTime": self.now.isoformat()}
        return answer | {"transactionId": self.transactions, "idTagInfo": {"status": "Accepted"}}

    async def send(self, frame):
        text = msgspec.json.encode(frame).decode()
        self.write(What.TO_STATION, text)
        await self.socket.send(text)

    def write(self, what, text=""):
        self.wait(milliseconds=10)
        self.heard.append(Heard(proof=str(len(self.heard)), at=self.now, what=what, raw=text.encode()))

    def says(self, action, since=0):
        frames = [heard.raw for heard in self.heard[since:] if heard.what is What.FROM_STATION]
        return any(msgspec.json.decode(raw)[2] == action for raw in frames if raw.startswith(b"[2"))

    async def order(self, eventually, action, payload):
        self.orders += 1
        number = f"order-{self.orders}"
        await self.send([2, number, action, payload])
        await eventually(lambda: number in self.answers, what=f"the answer to {action}")
        return self.answers[number]

    async def mark(self, eventually):
        """Wait until the station has said everything that it had to say."""
        for _ in range(2):
            since = len(self.heard)
            await self.order(eventually, "TriggerMessage", {"requestedMessage": "Heartbeat"})
            await eventually(lambda since=since: self.says("Heartbeat", since), what="the mark")


@asynccontextmanager
async def recorded(network, truth, flash, running):
    recorder = Recorder()
    async with serve(recorder.attend, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
        station = Station(
            truth,
            new_memory(truth, network, url=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"),
            network=network,
            flash=flash,
            clock=recorder.clock,
            gate=asyncio.Semaphore(1),
            on_charged=lambda _: None,
        )
        async with running(station):
            yield recorder, station


async def live(network, truth, flash, running, eventually):
    """Let weeks of a station's life pass: lost links, charges, updates and a power meter that fails."""

    async def reconnected(cause):
        before = recorder.connections
        await cause()
        await eventually(lambda: recorder.connections > before, what="a new connection")
        await recorder.mark(eventually)
        recorder.wait(minutes=10)

    async def charge():
        since = len(recorder.heard)
        answer = await recorder.order(eventually, "RemoteStartTransaction", {"idTag": "ABC", "connectorId": 1})
        await recorder.mark(eventually)
        recorder.wait(minutes=40)
        if answer["status"] == "Accepted":
            assert recorder.says("StartTransaction", since)
            stop = {"transactionId": recorder.transactions}
            await recorder.order(eventually, "RemoteStopTransaction", stop)
            await recorder.mark(eventually)
            recorder.wait(minutes=10)

    async with recorded(network, truth, flash, running) as (recorder, station):
        await eventually(lambda: recorder.connections, what="the first connection")
        await recorder.mark(eventually)
        for number in range(ROUNDS):

            async def lose():
                station.lose_link()

            async def update(number=number):
                order = {"location": f"http://images.example/f.bin?version=9.{number}"}
                order["retrieveDate"] = "2026-10-01T06:00:00Z"
                await recorder.order(eventually, "UpdateFirmware", order)

            recorder.wait(days=3)
            await reconnected(lose)
            await charge()
            await reconnected(update)
            await station.fail_meter()
            for _ in range(3):
                await charge()
            await station.repair_meter()
            await recorder.mark(eventually)
            recorder.wait(minutes=10)
        return recorder


@pytest.mark.parametrize("letter", TABLE)
def test_learns_the_row_of_each_supplier(tmp_path, network, letter, one_of, running, eventually):
    truth = one_of(network, letter, open_session_id=None)
    flash = Flash(tmp_path / "flash.sqlite")
    recorder = asyncio.run(live(network, truth, flash, running, eventually))
    flash.close()
    watch = Watch("the station")
    for heard in recorder.heard:
        watch.hear(heard)

    rows = learn(watch.end(recorder.now), since=BEGIN, until=recorder.now)

    assert [(row.vendor, row.model, row.firmware) for row in rows] == [(truth.vendor, truth.model, EVERY)]
    (row,) = rows
    verdicts = {behaviour: cell.verdict for behaviour, cell in row.cells.items()}
    assert verdicts == {
        behaviour: Verdict.YES if cell == "✓" else Verdict.NO
        for behaviour, cell in zip(Behaviour, TABLE[letter], strict=True)
    }
    assert not row.doubt
    assert not any(cell.doubt for cell in row.cells.values())
    # The first update of a station that does not boot on a new link is no event: nobody knows what it ran before.
    assert all(cell.events >= ROUNDS - 1 for cell in row.cells.values())
    assert all(cell.proofs_for if cell.verdict is Verdict.YES else cell.proofs_against for cell in row.cells.values())
