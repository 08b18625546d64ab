"""A maker's tool: a program that is asked on its standard input and answers on its standard output, both in JSON.

It is started anew for each question. Exit status 0 and a whole answer count; all else means that nobody knows whether
it acted. It gets its own environment variables and none of ours.
"""

import asyncio
import os
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from charging.clock import Clock
from charging.errors import StationUnreachable
from charging.ocpp.redact import redact
from charging.secret import Secret

VERSION = 1
MOST_BYTES = 1_000_000
"""Of standard output, and of standard error: a tool that says more is stopped."""
_LET_GO_SECONDS = 2.0
_LINE = re.compile(r"(?i)((?:pass\w*|secret|token|api.?key|authorization)\W{1,4})\S+")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the tool reads: one JSON object, then the end of its input."""

    version: int
    operation: Literal["read", "write"]
    station_id: str
    """The station's OCPP identity."""
    keys: tuple[str, ...] = ()
    """Of `read`: the recipe's keys that are asked for."""
    key: str = ""
    """Of `write`: one of the recipe's keys."""
    value: str = ""
    """Of `write`: what is to hold from now on. Writing what holds already must be harmless."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the tool writes: one JSON object."""

    status: Literal["Accepted", "RebootRequired", "Rejected", "NotSupported", "Unreachable"]
    """`Unreachable`: the maker's service or the station did not answer, and the tool does not know what holds."""
    values: dict[str, str | None] = {}
    """Of `read`: what holds now; a key that the station does not have is absent, null is one that cannot be read."""
    message: str = ""
    """For people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a tool as it is kept: without secrets."""

    tool: str
    station_id: str
    began_at: datetime
    question: Mapping[str, Any]
    exit_status: int | None
    """None where it had to be stopped."""
    output: str
    errors: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One program, ready to be asked. `keep` is given every run, whatever became of it."""

    name: str
    command: Sequence[str]
    clock: Clock
    keep: Callable[[Run], None]
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None

    async def ask(self, question: Question, *, timeout_seconds: float) -> Answer:
        """Start the program, and return what it answers.

        Raises:
            StationUnreachable: if it cannot be started, takes too long, says too much, fails, or answers with something
                else; whether it acted is unknown then.
        """
        began_at = self.clock()
        status, output, errors, problem = await self._run(msgspec.json.encode(question), timeout_seconds)
        answer: Answer | None = None
        if not problem:
            try:
                answer = msgspec.json.decode(output, type=Answer)
            except msgspec.MsgspecError as error:
                problem = f"its answer cannot be understood: {error}"
        self.keep(
            Run(
                tool=self.name,
                station_id=question.station_id,
                began_at=began_at,
                question=redact(msgspec.to_builtins(question)),
                exit_status=status,
                output=self._told(output),
                errors=self._told(errors),
                problem=problem,
            )
        )
        if answer is None:
            said = self._told(errors).strip().splitlines()[-1:]
            raise StationUnreachable(
                question.station_id, f"the tool {self.name}: {problem}{f' ({said[0][:200]})' if said else ''}"
            )
        if answer.status == "Unreachable":
            raise StationUnreachable(
                question.station_id, f"the tool {self.name} says: {answer.message or 'unreachable'}"
            )
        return answer

    async def _run(self, told: bytes, timeout_seconds: float) -> tuple[int | None, bytes, bytes, str]:
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
        environment |= dict(self.variables) | {name: secret.reveal() for name, secret in self.secrets.items()}
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment,
                cwd=self.folder,
                start_new_session=True,  # what it starts itself is stopped with it
            )
        except OSError as error:
            return None, b"", b"", f"it cannot be started: {error.strerror}"
        streams = _Streams(process)
        try:
            async with asyncio.timeout(timeout_seconds):
                problem = await streams.talk(told)
        except TimeoutError:
            problem = f"it took longer than {timeout_seconds:g} s and was stopped"
        except asyncio.CancelledError:
            await streams.end()
            raise
        if problem:
            await streams.end()
            return None, streams.output, streams.errors, problem
        status = process.returncode
        return status, streams.output, streams.errors, f"it ended with status {status}" if status else ""

    def _told(self, text: bytes) -> str:
        """Return what the program said as it may be kept and shown."""
        shown = text.decode("utf-8", "replace")
        for secret in self.secrets.values():
            shown = shown.replace(secret.reveal(), "****")
        try:
            return msgspec.json.encode(redact(msgspec.json.decode(shown))).decode()
        except msgspec.MsgspecError:
            return _LINE.sub(r"\1****", str(redact(shown)))


class _Streams:
    """A running program's three streams."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.output, self.errors = b"", b""
        self._is_stopped = False

    async def talk(self, told: bytes) -> str:
        """Tell the program everything, hear it to the end, and return what was wrong with that, or nothing."""
        results = await asyncio.gather(self._tell(told), self._hear(), self._hear_errors())
        if not all(results):
            return f"it said more than {MOST_BYTES // 1_000_000} MB and was stopped"
        await self._process.wait()
        return ""

    async def stop(self) -> None:
        """Stop the program and everything that it started, once."""
        if not self._is_stopped:
            self._is_stopped = True
            with suppress(ProcessLookupError):  # it has ended meanwhile, and left nobody behind
                os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def end(self) -> None:
        """Stop the program, and let go of its streams."""
        await self.stop()
        with suppress(TimeoutError):  # what has left its group may hold them: it is not ours any more
            async with asyncio.timeout(_LET_GO_SECONDS):
                while await self._read(self._process.stdout) or await self._read(self._process.stderr):
                    pass

    async def _tell(self, told: bytes) -> bool:
        stream = self._process.stdin
        if stream is not None:
            with suppress(BrokenPipeError, ConnectionResetError):  # it need not hear it all: its answer is judged
                stream.write(told)
                await stream.drain()
            stream.close()
        return True

    async def _hear(self) -> bool:
        while part := await self._read(self._process.stdout):
            self.output += part
            if len(self.output) > MOST_BYTES:
                await self.stop()
                return False
        return True

    async def _hear_errors(self) -> bool:
        while part := await self._read(self._process.stderr):
            self.errors += part
            if len(self.errors) > MOST_BYTES:
                await self.stop()
                return False
        return True

    @staticmethod
    async def _read(stream: asyncio.StreamReader | None) -> bytes:
        return b"" if stream is None else await stream.read(65_536)


def schemas() -> dict[str, Any]:
    """Return the JSON schemas of what a tool is told and of what it answers."""
    (question, answer), components = msgspec.json.schema_components((Question, Answer), ref_template="#/$defs/{name}")
    return {"question": question, "answer": answer, "$defs": components}
