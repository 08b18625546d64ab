"""OCPP-J frames, and what both ends of a link do: one outstanding CALL, answers found by their id."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol

import msgspec

SUBPROTOCOL = "ocpp1.6"
CALL, CALLRESULT, CALLERROR = 2, 3, 4
ANSWER_WITHIN_SECONDS = 30.0

Payload = dict[str, Any]
"""A message's JSON object, as it crosses the wire."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Socket(Protocol):
    """What is needed of a WebSocket, whichever side opened it."""

    async def send(self, message: str) -> None: ...


class CallRefused(Exception):
    """The peer answered with a CALLERROR; or we answer with one, by raising it."""

    def __init__(self, code: str, description: str = "") -> None:
        self.code, self.description = code, description
        super().__init__(f"{code}: {description}")


class NoAnswer(Exception):
    """A CALL is not answered at all."""


class LinkLost(Exception):
    """The link went while an answer was waited for."""


class Link:
    """One open connection. `answer` turns an incoming CALL's action and payload into the payload of its answer."""

    def __init__(self, socket: Socket, answer: Callable[[str, Payload], Awaitable[Payload]]) -> None:
        self._socket, self._answer = socket, answer
        self._numbers = count(1)
        self._turn = asyncio.Lock()
        self._awaited: tuple[str, asyncio.Future[Payload]] | None = None

    async def call(self, action: str, payload: Payload) -> Payload:
        """Send a CALL and return its answer's payload.

        Raises:
            CallRefused: if the answer is a CALLERROR.
            LinkLost: if the link goes before the answer comes.
            TimeoutError: if no answer comes in time.
        """
        async with self._turn:
            number = str(next(self._numbers))
            answered: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
            self._awaited = number, answered
            try:
                await self._send([CALL, number, action, payload])
                async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                    return await answered
            finally:
                self._awaited = None

    async def receive(self, text: str | bytes) -> None:
        """Take one frame in: answer a CALL, or hand an answer to whoever waits for it; leave what is no frame alone."""
        try:
            frame = _decode(text)
        except msgspec.DecodeError:
            return
        match frame:
            case [2, str(number), str(action), dict(payload)]:
                await self._reply(number, action, payload)
            case [3, str(number), dict(payload)]:
                if answered := self._waiting_for(number):
                    answered.set_result(payload)
            case [4, str(number), str(code), *rest]:
                if answered := self._waiting_for(number):
                    answered.set_exception(CallRefused(code, str(rest[0]) if rest else ""))

    def lose(self) -> None:
        """Tell whoever waits for an answer that none will come."""
        if self._awaited is not None and not self._awaited[1].done():
            self._awaited[1].set_exception(LinkLost())
            self._awaited[1].exception()  # seen: whoever is still sending will not look, and hears it from the socket

    def _waiting_for(self, number: str) -> asyncio.Future[Payload] | None:
        if self._awaited is not None and self._awaited[0] == number and not self._awaited[1].done():
            return self._awaited[1]
        return None

    async def _reply(self, number: str, action: str, payload: Payload) -> None:
        try:
            answer = await self._answer(action, payload)
        except NoAnswer:
            return
        except CallRefused as refusal:
            await self._send([CALLERROR, number, refusal.code, refusal.description, {}])
        else:
            await self._send([CALLRESULT, number, answer])

    async def _send(self, frame: list[object]) -> None:
        await self._socket.send(_encode(frame).decode())


def instant(moment: datetime) -> str:
    """Write an instant as OCPP does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
