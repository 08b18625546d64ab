"""Asking the tables from an event loop: in threads, for a moment, and never again at once where they are away."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import sqlalchemy as sa

from charging.database import connection as database
from charging.errors import DatabaseUnavailable
from charging.secret import Secret

T = TypeVar("T")

_LOG = logging.getLogger("rehome.gateway.tables")
MOMENT = 3.0
"""How many seconds anybody waits for the tables."""
AWAY = (DatabaseUnavailable, sa.exc.OperationalError, sa.exc.InterfaceError, TimeoutError)
"""What is raised by `ask` while the tables are away."""


class Tables:
    """Belongs to one event loop."""

    def __init__(self, address: Callable[[], Secret]) -> None:
        self._address = address
        self._engine: sa.Engine | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_up = False
        """Whether they answered when they were last asked."""

    async def ask(self, question: Callable[[sa.Connection], T], *, seconds: float = MOMENT) -> T:
        """Return the answer, which one transaction gives.

        Raises:
            DatabaseUnavailable, OperationalError, InterfaceError, TimeoutError: if they are away.
        """
        try:
            answer = await asyncio.wait_for(asyncio.to_thread(self._ask, question), seconds)
        except AWAY as problem:
            if self.is_up:
                _LOG.warning("the tables are away: %s", str(problem) or "they do not answer in time")
            self.is_up = False
            raise
        if not self.is_up:
            _LOG.info("the tables answer")
        self.is_up = True
        return answer

    def start(self, asking: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Ask without waiting: should the tables be away, then so be it."""
        task = asyncio.get_running_loop().create_task(_unless_away(asking))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def close(self) -> None:
        """Let go of them."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _ask(self, question: Callable[[sa.Connection], T]) -> T:
        if self._engine is None:
            self._engine = database.connect(self._address())
        with self._engine.begin() as connection:
            connection.execute(sa.text(f"SET LOCAL statement_timeout = {int(MOMENT * 1000)}"))
            return question(connection)


async def _unless_away(asking: Coroutine[Any, Any, None]) -> None:
    try:
        await asking
    except AWAY:
        return
