"""Keeping the recorder running beside the gateway."""

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from charging.ocpp.gateway.asking import AWAY
from charging.secret import Secret

_LOG = logging.getLogger("rehome.gateway")
_PROGRAM = (sys.executable, "-m", "charging.ocpp.gateway.recorder")
_RECORDER_SECONDS = 30.0
"""How long the recorder may take for what is still in the journal when the gateway stops."""


class RecorderProcess:
    """The recorder beside the gateway: started, told that there is something new, started again if it dies."""

    def __init__(
        self, folder: Path, *, gateway: str, address: Callable[[], Secret], frames_days: int, alarms_days: int
    ) -> None:
        self._words = [*_PROGRAM, str(folder), gateway, str(frames_days), str(alarms_days)]
        self._address = address
        self._process: subprocess.Popen[bytes] | None = None
        self._is_told = False

    def nudge(self) -> None:
        """Tell it that there is something new: at most once in a turn of the event loop, and never waiting."""
        if not self._is_told:
            self._is_told = True
            asyncio.get_running_loop().call_later(0.01, self._tell)

    async def watch(self) -> None:
        """Keep one running, for ever."""
        while True:
            if self._process is None or self._process.poll() is not None:
                if self._process is not None:
                    _LOG.warning("the recorder ended with status %s; it is started again", self._process.returncode)
                self._start()
            await asyncio.sleep(1.0)

    async def end(self) -> None:
        """Let it store what is left, for a bounded time; the next run's does the rest."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with contextlib.suppress(BrokenPipeError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            await asyncio.to_thread(process.wait, _RECORDER_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    def _start(self) -> None:
        try:
            address = self._address().reveal()
        except AWAY as problem:
            _LOG.info("the recorder waits: %s", problem)
            return
        self._process = subprocess.Popen(self._words, stdin=subprocess.PIPE)
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        self._process.stdin.write(f"{address}\n".encode())
        self._process.stdin.flush()
        os.set_blocking(self._process.stdin.fileno(), False)

    def _tell(self) -> None:
        self._is_told = False
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BlockingIOError, BrokenPipeError, ValueError):
                os.write(self._process.stdin.fileno(), b"\n")
