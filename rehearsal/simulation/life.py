"""One run of the engine, from its start to its end or to its being killed."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

_T = TypeVar("_T")


class Life:
    """Keeps an engine's tasks in the order in which they were made: a kill must not depend on hashes."""

    def __init__(self) -> None:
        self.is_dead = False
        self._tasks: list[asyncio.Task[Any]] = []

    def require_alive(self) -> None:
        """Refuse whatever a killed engine's clearing up would still do."""
        if self.is_dead:
            raise asyncio.CancelledError

    def kill(self) -> None:
        """End it where it stands."""
        self.is_dead = True
        for task in self._tasks:
            task.cancel()

    def make_task(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: "Coroutine[Any, Any, _T] | Generator[Any, None, _T]",
        **rest: Any,
    ) -> "asyncio.Future[_T]":
        """Make a task, as a loop's factory."""
        task = asyncio.Task(coroutine, loop=loop, **rest)
        self._tasks.append(task)
        return task
