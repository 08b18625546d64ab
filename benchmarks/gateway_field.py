# ruff: noqa: PLC0415 - each part imports what it is made of, and is measured without the rest
"""What stands around a measured server: stations, a back-office, and stock `ocpp` on `websockets`, each a process.

A part says `{"port": …}` or what it has counted as a line of JSON, and is told what to do in lines on its input.
"""

import asyncio
import base64
import json
import logging
import ssl
import sys
import threading
import time
from datetime import UTC, datetime

from picows import WSListener, WSMsgType, WSUpgradeResponse, WSUpgradeResponseWithListener, ws_connect, ws_create_server

SECRET = "a-secret-of-sixteen-or-more"
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": "2026-11-20T18:00:00Z"}
_PAYLOAD = json.dumps(STATUS, separators=(",", ":")).encode()
_QUIET = logging.LoggerAdapter(logging.getLogger("quiet"), {})


def say(**told):
    print(json.dumps(told), flush=True)


class Answering(WSListener):
    """One link to the back-office: every call is answered at once."""

    def on_ws_frame(self, transport, frame):
        if frame.msg_type is WSMsgType.TEXT:
            raw = frame.get_payload_as_bytes()
            transport.send(WSMsgType.TEXT, b'[3,"%b",{}]' % raw[4 : raw.index(b'"', 4)])
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()


async def office():
    """Serve a back-office that costs next to nothing."""

    def made(_):
        return WSUpgradeResponseWithListener(
            WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": "ocpp1.6"}), Answering()
        )

    server = await ws_create_server(
        made, "127.0.0.1", 0, backlog=4096, read_buffer_init_size=2048, logger_name=_QUIET,
        websocket_handshake_timeout=60,
    )  # fmt: skip
    say(port=server.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


async def stock():
    """Serve as the `ocpp` library's own example does, on `websockets`."""
    from ocpp.routing import on
    from ocpp.v16 import ChargePoint, call_result
    from websockets.asyncio.server import serve

    class Central(ChargePoint):
        @on("StatusNotification")
        def on_status(self, **_):
            return call_result.StatusNotification()

    logging.getLogger("ocpp").setLevel(logging.ERROR)

    async def take(link):
        try:
            await Central(link.request.path.rpartition("/")[2], link).start()
        except Exception:  # noqa: BLE001 - its link has ended
            return

    async with serve(take, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=None, backlog=4096) as server:
        say(port=server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()


class Station(WSListener):
    """One station: it asks, waits for the answer, and asks again after a while."""

    __slots__ = ("asked_at", "field", "number", "transport")

    def __init__(self, field):
        self.field, self.number, self.asked_at = field, 0, 0.0

    def on_ws_connected(self, transport):
        self.transport = transport

    def ask(self):
        if self.field.until > time.perf_counter() and not self.transport.is_disconnected:
            self.number += 1
            self.asked_at = time.perf_counter()
            self.transport.send(WSMsgType.TEXT, b'[2,"%d","StatusNotification",%b]' % (self.number, _PAYLOAD))

    def on_ws_frame(self, transport, frame):
        if frame.msg_type is WSMsgType.TEXT:
            now = time.perf_counter()
            self.field.took.append(now - self.asked_at)
            if self.field.every:
                self.field.loop.call_later(self.field.every, self.ask)
            else:
                self.ask()
        elif frame.msg_type is WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport):  # noqa: ARG002 - picows's own signature
        self.field.lost += 1


class Field:
    """All stations of this process."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.stations, self.took, self.lost, self.failed = [], [], 0, 0
        self.until, self.every = 0.0, 0.0

    async def connect(self, url, first, count, at_once):
        context = None
        if url.startswith("wss:"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        slots = asyncio.Semaphore(at_once)

        async def one(number):
            name = f"CS-{number}"
            login = base64.b64encode(f"{name}:{SECRET}".encode()).decode()
            headers = {"Sec-WebSocket-Protocol": "ocpp1.6", "Authorization": f"Basic {login}"}
            async with slots:
                try:
                    _, station = await ws_connect(
                        lambda: Station(self), f"{url}/{name}", ssl_context=context, extra_headers=headers,
                        logger_name=_QUIET, read_buffer_init_size=2048, websocket_handshake_timeout=60,
                        enable_auto_pong=True,
                    )  # fmt: skip
                    self.stations.append(station)
                except Exception:  # noqa: BLE001 - it is counted
                    self.failed += 1

        began = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(first, first + count)))
        say(connected=len(self.stations), failed=self.failed, seconds=time.perf_counter() - began)

    async def talk(self, seconds, every):
        self.took, self.every = [], every
        began = time.perf_counter()
        self.until = began + seconds
        for number, station in enumerate(self.stations):
            self.loop.call_later(every * number / max(1, len(self.stations)), station.ask)
        await asyncio.sleep(seconds + 2.0)
        took = sorted(self.took) or [0.0]
        say(
            calls=len(self.took), seconds=seconds, lost=self.lost,
            p50=took[len(took) // 2] * 1000, p99=took[min(len(took) - 1, int(len(took) * 0.99))] * 1000,
        )  # fmt: skip


async def stations():
    """Do what is said on the input: connect, and talk."""
    field, words = Field(), asyncio.Queue()
    loop = asyncio.get_running_loop()

    def listen():
        for line in sys.stdin:
            loop.call_soon_threadsafe(words.put_nowait, json.loads(line))

    threading.Thread(target=listen, daemon=True).start()
    while True:
        said = await words.get()
        await getattr(field, said.pop("do"))(**said)


async def gateway(name, home, url, certificate):
    """Run a gateway, with its recorder, on these tables."""
    from dataclasses import replace
    from datetime import timedelta
    from pathlib import Path

    from charging.clock import system_clock
    from charging.ocpp.gateway.listening import tls
    from charging.ocpp.gateway.options import Options
    from charging.ocpp.gateway.program import Door, Plan, serve
    from charging.secret import Secret

    for noisy in ("rehome.gateway.station", "rehome.gateway.office"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    context = tls(certificate=Path(certificate), key=Path(certificate), client_ca=None) if certificate else None
    plan = Plan(
        name=name,
        folder=Path(home) / name,
        address=lambda: Secret(url),
        clock=system_clock,
        options=replace(Options(), handshake_seconds=60.0, ping_after=timedelta(minutes=10)),
        doors=(Door(host="127.0.0.1", port=0, context=context, setting="benchmark"),),
        metrics_port=0,
        frames_days=30,
    )
    await serve(plan, opened=lambda opened: say(port=opened.ports[0], at=datetime.now(UTC).isoformat()))


if __name__ == "__main__":
    role, *more = sys.argv[1:]
    asyncio.run({"office": office, "stock": stock, "stations": stations, "gateway": gateway}[role](*more))
