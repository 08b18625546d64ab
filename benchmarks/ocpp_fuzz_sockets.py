"""Damaged frames on live sockets: a gateway process, a back-office process, busy stations, and some that send rubbish.

    python -m benchmarks.ocpp_fuzz --sockets 50000 --frames 1000

After every tenth frame, or when it has lost its link, a fuzzing station says a whole Heartbeat, which must be answered.
A station that behaves asks all the while, before and during the damage. Wrong is: a gateway that ended or raised, a
Heartbeat without its answer, an answer that is no frame, an answered Heartbeat that is not recorded exactly once, the
behaving stations losing a link, and own memory that grows by more than 5 % and 8 MB once it is warm.
"""

import asyncio
import contextlib
import json
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import sqlalchemy as sa
from picows import WSError, WSListener, WSMsgType, ws_connect

from benchmarks.ocpp_damage import DAMAGES, damaged
from charging.database import embedded, tables
from rehearsal import gateway_field
from rehearsal.crowd import identity

STATIONS, FUZZING = 50, 8
PERIOD, WITNESS_SECONDS = 1.0, 0.05
GROWTH, MEGABYTES = 1.05, 8.0
EACH = 10
PATIENCE = 40.0


class Link(WSListener):
    """One station's link, of which every answer is kept until it is asked for."""

    def __init__(self):
        self.answered, self.odd, self.transport, self.is_lost = {}, [], None, asyncio.Event()

    def on_ws_connected(self, transport):
        self.transport = transport

    def on_ws_frame(self, transport, frame):
        if frame.msg_type is WSMsgType.TEXT:
            raw = frame.get_payload_as_bytes()
            try:
                kind, number = json.loads(raw)[:2]
            except ValueError:
                kind, number = 0, ""
            if kind == 2:  # the gateway asks this station something: it is polite
                transport.send(WSMsgType.TEXT, json.dumps([3, number, {"status": "NotImplemented"}]).encode())
            elif kind not in {3, 4}:
                self.odd.append(raw[:200])
            elif (waiting := self.answered.get(number)) is not None and not waiting.done():
                waiting.set_result(kind)
        elif frame.msg_type is WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()

    def on_ws_disconnected(self, transport):  # noqa: ARG002 - picows's own signature
        self.is_lost.set()
        for waiting in self.answered.values():
            if not waiting.done():
                waiting.set_result(0)

    async def ask(self, number):
        """Say Heartbeat; return the kind of the answer, 0 if the link was lost."""
        waiting = self.answered[number] = asyncio.get_running_loop().create_future()
        if self.is_lost.is_set():
            return 0
        self.transport.send(WSMsgType.TEXT, json.dumps([2, number, "Heartbeat", {}]).encode())
        try:
            async with asyncio.timeout(PATIENCE):
                return await waiting
        finally:
            del self.answered[number]


class Fuzz:
    """What came of it."""

    def __init__(self, url, frames, seed):
        self.url, self.left, self.seed = url, frames, seed
        self.counts, self.dealt, self.wrong, self.heard = Counter(), Counter(), [], []
        self.words = Counter()
        self.took = {"before": [], "during": []}
        self.when = "before"

    async def dial(self, name):
        """Dial until it is let in."""
        until = time.monotonic() + PATIENCE * 3
        while True:
            try:
                _, link = await ws_connect(
                    Link, f"{self.url}/{name}", extra_headers={"Sec-WebSocket-Protocol": "ocpp1.6"},
                    websocket_handshake_timeout=20, max_redirects=0,
                )  # fmt: skip
            except (OSError, WSError, TimeoutError):
                self.counts["dials in vain"] += 1
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.3)
            else:
                return link

    async def throw(self, number):
        """Send damaged frames as one station, for as long as there are any left."""
        name, rng, link = (
            identity(STATIONS + 1 + number),
            random.Random(f"{self.seed}/{number}/{self.words[number]}"),
            None,
        )
        while self.left > 0:
            if link is None or link.is_lost.is_set():
                self.counts["links"] += 1
                link = await self.dial(name)
            for _ in range(EACH):
                what, raw = damaged(rng)
                if link.is_lost.is_set() or self.left <= 0:
                    break
                self.left -= 1
                self.dealt[what] += 1
                link.transport.send(WSMsgType.TEXT, raw)
            self.words[number] += 1
            word = f"whole-{number}-{self.words[number]}"
            try:
                kind = await link.ask(word)
            except TimeoutError:
                self.wrong.append(f"{name} was not answered to {word} within {PATIENCE:g} s, and kept its link")
                link.transport.disconnect(graceful=False)
                continue
            self.counts[{0: "links lost before an answer", 3: "heartbeats answered"}.get(kind, "refused")] += 1
            if kind == 3:
                self.heard.append(word)
            self.wrong += [f"{name} was told {odd!r}" for odd in link.odd]
            link.odd.clear()
        if link is not None:
            link.transport.disconnect(graceful=False)

    async def watch(self):
        """Ask as a station that behaves, again and again, and note how long each answer takes."""
        link, number = await self.dial(identity(STATIONS)), 0
        while True:
            number += 1
            began = time.perf_counter()
            if await link.ask(f"watch-{number}") != 3:
                self.wrong.append("the station that only asks was not answered")
                return
            self.took[self.when].append(time.perf_counter() - began)
            await asyncio.sleep(WITNESS_SECONDS)


def thrown(frames, *, seed):
    """Throw so many, print what came of it, and return what was wrong."""
    with tempfile.TemporaryDirectory(prefix="rehome-fuzz-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        cluster = embedded.locate(home)
        place = home / "fuzz"
        place.mkdir()
        try:
            return asyncio.run(_thrown(place, cluster, frames, seed))
        finally:
            embedded.stop(cluster)


async def _thrown(place, cluster, frames, seed):
    async with gateway_field.opened(place, cluster, stations=STATIONS, strangers=FUZZING + 1, period=PERIOD) as field:
        if absent := await field.until_at("old", seconds=300):
            return [f"{len(absent)} stations did not come"]
        await field.ask_crowd("busy")
        fuzz = Fuzz(f"ws://127.0.0.1:{field.port}/ocpp", frames, seed)
        watching = asyncio.create_task(fuzz.watch())
        await asyncio.sleep(10)
        fuzz.when, fuzz.left = "during", frames // 5  # until it is warm
        began = time.monotonic()
        await asyncio.gather(*(fuzz.throw(number) for number in range(FUZZING)))
        lost, warm = (await field.ask_crowd("say"))["mischief"].get("links lost", 0), field.own_megabytes("gateway")
        fuzz.left += frames - frames // 5
        await asyncio.gather(*(fuzz.throw(number) for number in range(FUZZING)))
        seconds = time.monotonic() - began
        told = (await field.ask_crowd("say"))["mischief"].get("links lost", 0)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        grown = field.own_megabytes("gateway")
        wrong = fuzz.wrong + [f"{told} links of behaving stations were lost"] * bool(told or lost)
        wrong += ["the gateway has ended"] * (field.processes["gateway"].poll() is not None)
        wrong += ["the gateway raised: see its log"] * ("Traceback" in (place / "gateway.log").read_text())
        if grown > warm * GROWTH and grown > warm + MEGABYTES:
            wrong.append(f"own memory grew from {warm:.1f} to {grown:.1f} MB")
        wrong += await _unrecorded(field, fuzz.heard)
    names = (damage.__name__.strip("_") for damage in DAMAGES)
    wrong += [f"{name} was never dealt" for name in names if name not in fuzz.dealt]
    _tell(fuzz, seconds, (warm, grown), wrong)
    return wrong


async def _unrecorded(field, heard):
    """Say which answered Heartbeats are not recorded exactly once, after giving the recorder its time."""
    frame = tables.frame.c
    chosen = sa.select(frame.unique_id).where(
        frame.direction == "from_station", frame.kind == 2, frame.unique_id.like("whole-%")
    )
    until = time.monotonic() + 300
    while True:
        found = Counter(await field.ask(lambda connection: list(connection.scalars(chosen))))
        missing = [word for word in heard if found[word] != 1]
        if not missing or time.monotonic() > until:
            return [f"{word} was answered, and recorded {found[word]} times" for word in missing[:20]]
        await asyncio.sleep(1)


def _tell(fuzz, seconds, memory, wrong):
    frames, (warm, grown) = fuzz.dealt.total(), memory
    load = f"load {os.getloadavg()[0]:.1f}"
    print(f"{frames:,} frames of seed {fuzz.seed} on {FUZZING} live sockets, {frames / seconds:,.0f} a second, {load}")
    print("what came of it:", ", ".join(f"{name} {count:,}" for name, count in sorted(fuzz.counts.items())))
    print("damage:", ", ".join(f"{name} {count:,}" for name, count in sorted(fuzz.dealt.items())))
    for when, took in fuzz.took.items():
        each = sorted(took) or [0.0]
        p99 = each[min(len(each) - 1, int(len(each) * 0.99))]
        print(f"a behaving station's answer, {when}: p50 {each[len(each) // 2] * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")
    print(f"the gateway's own memory, warm and at the end: {warm:.1f} MB, {grown:.1f} MB")
    print(f"wrong on sockets: {len(wrong)}")
    for problem in wrong[:20]:
        print(" ", problem)
