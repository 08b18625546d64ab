"""A back-office that takes whatever stations say and writes down each charge before it answers.

`python -m rehearsal.light_office`; it may be killed at any moment: what it has taken is in its file.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

_ANSWER = {"status": "Accepted", "interval": 900, "currentTime": "2026-11-20T18:00:00Z"}


class OfficeLink(WSListener):
    """One station's link."""

    def __init__(self, identity: str, book: int, numbers: Any) -> None:
        self.identity, self.book, self.numbers = identity, book, numbers

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer a call, once it is written down if it is of a charge."""
        if frame.msg_type is WSMsgType.TEXT:
            call = json.loads(frame.get_payload_as_bytes())
            if call[0] == 2:
                transport.send(WSMsgType.TEXT, json.dumps(self._answer(call), separators=(",", ":")).encode())
        elif frame.msg_type is WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()

    def _answer(self, call: list[Any]) -> list[Any]:
        try:
            return [3, call[1], self._take(call[2], call[3])]
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as problem:
            return [4, call[1], "FormationViolation", type(problem).__name__, {}]

    def _take(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        match action:
            case "BootNotification":
                return dict(_ANSWER)
            case "Heartbeat":
                return {"currentTime": _ANSWER["currentTime"]}
            case "StartTransaction":
                number = next(self.numbers)
                self._write("start", payload["meterStart"])
                return {"transactionId": number, "idTagInfo": {"status": "Accepted"}}
            case "StopTransaction":
                self._write("stop", payload["meterStop"])
            case "TransactionEvent":
                word = "start" if payload["eventType"] == "Started" else "stop"
                self._write(word, payload["meterValue"][0]["sampledValue"][0]["value"])
            case _:
                pass
        return {}

    def _write(self, word: str, number: int) -> None:
        os.write(self.book, f"{self.identity} {word} {number}\n".encode())


def taken(home: Path) -> list[tuple[str, str, int]]:
    """Return every charge's beginning and end that a back-office has taken: station, start or stop, and its number."""
    book = home / "book"
    lines = [line.split() for line in book.read_text().splitlines()] if book.exists() else []
    return [(identity, word, int(number)) for identity, word, number in lines]


async def _run(home: Path, first: int) -> None:
    book = os.open(home / "book", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    numbers = count(first + len(taken(home)) * 10)

    def listener(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        identity = request.path.decode().rpartition("/")[2]
        protocol = str(request.headers.get("Sec-WebSocket-Protocol", "")).split(",")[0].strip()
        response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": protocol})
        return WSUpgradeResponseWithListener(response, OfficeLink(identity, book, numbers))

    port_file = home / "port"
    port = int(port_file.read_text()) if port_file.exists() else 0
    server = await ws_create_server(listener, "127.0.0.1", port, backlog=4_096, read_buffer_init_size=2_048)
    port_file.write_text(str(server.sockets[0].getsockname()[1]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def _main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.light_office", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of its port and its book")
    parser.add_argument("--first", type=int, default=1, help="its first transaction's number")
    chosen = parser.parse_args(given)
    chosen.home.mkdir(parents=True, exist_ok=True)
    asyncio.run(_run(chosen.home, chosen.first))
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
