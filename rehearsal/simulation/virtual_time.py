"""An event loop in which time passes only when nobody has anything to do, and then at once."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class VirtualLoop(asyncio.SelectorEventLoop):
    """Counts its turns: between two of them everything that runs stands at an await, and can be killed there."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.turns = 0
        self.on_turn: Callable[[], None] = _nothing
        super().__init__(_NoSockets(self))
        self.failures: list[BaseException] = []
        self.set_exception_handler(self._fail)

    def time(self) -> float:
        """Return the seconds since the beginning."""
        return self.elapsed

    def _fail(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Keep what a timer raised; a killed engine's tasks have nobody left who would fetch their failure."""
        if "future" not in context:
            self.failures.append(context["exception"])


class _NoSockets(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let the time pass until the next timer; nothing ever comes from outside."""
        if timeout is None:
            raise RuntimeError("everyone waits, and for nothing")
        self._loop.elapsed += max(timeout, 0.0)
        self._loop.turns += 1
        self._loop.on_turn()
        return []


def _nothing() -> None:
    return
