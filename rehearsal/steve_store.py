"""A back-office's way to its database: one connection, one thread, and whatever came meanwhile in one transaction."""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import psycopg

Answer = TypeVar("Answer")
Cursor = psycopg.Cursor[tuple[Any, ...]]
Row = Mapping[str, object]
Question = Callable[[Cursor], object]

TRIES_AGAIN_AFTER_SECONDS = 0.2

log = logging.getLogger(__name__)


class SteveStore:
    """Writes are collected and sent by statement; questions are answered after the writes that came before them."""

    def __init__(self, url: str) -> None:
        self._address = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="steve")
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._writes: dict[str, list[Row]] = defaultdict(list)
        self._questions: list[tuple[Question, asyncio.Future[object]]] = []
        self._flushing: asyncio.Task[None] | None = None

    def write(self, statement: str, row: Row) -> None:
        """Put a row on its way."""
        self._writes[statement].append(row)
        self._wake()

    async def ask(self, question: Callable[[Cursor], Answer]) -> Answer:
        """Return what `question` finds or writes, in one transaction. It is put again if the database goes away.

        Raises:
            psycopg.Error: if the database refuses it.
        """
        answered: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._questions.append((question, answered))
        self._wake()
        return cast("Answer", await answered)

    async def settle(self) -> None:
        """Wait until everything that was put on its way is committed."""
        while self._flushing is not None and not self._flushing.done():
            await asyncio.wait([self._flushing])

    def close(self) -> None:
        """Let go of the database."""
        self._executor.shutdown(wait=True)
        if self._connection is not None:
            self._connection.close()

    def _wake(self) -> None:
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        # One turn of the loop, so that what is said at the same moment travels together.
        await asyncio.sleep(0)
        while self._writes or self._questions:
            writes, self._writes = self._writes, defaultdict(list)
            questions, self._questions = self._questions, []
            work = [question for question, _ in questions]
            answers = await asyncio.get_running_loop().run_in_executor(self._executor, self._commit, writes, work)
            for (_, answered), answer in zip(questions, answers, strict=True):
                if answered.done():
                    continue
                if isinstance(answer, psycopg.Error):
                    answered.set_exception(answer)
                else:
                    answered.set_result(answer)

    def _commit(self, writes: Mapping[str, list[Row]], questions: list[Question]) -> list[object]:
        """Do it in one transaction; if the database refuses it, one by one, so that only the culprit is refused."""
        try:
            return self._try(writes, questions)
        except psycopg.Error:
            for statement, rows in writes.items():
                for row in rows:
                    self._refusal({statement: [row]}, [])
            return [self._refusal({}, [question]) for question in questions]

    def _refusal(self, writes: Mapping[str, list[Row]], questions: list[Question]) -> object:
        try:
            return next(iter(self._try(writes, questions)), None)
        except psycopg.Error as error:
            log.error("the database refused what a station said: %s", error)  # noqa: TRY400 - one line says it all
            return error

    def _try(self, writes: Mapping[str, list[Row]], questions: list[Question]) -> list[object]:
        while True:
            try:
                if self._connection is None:
                    self._connection = psycopg.connect(self._address, connect_timeout=5)
                with self._connection.transaction(), self._connection.cursor() as cursor:
                    for statement, rows in writes.items():
                        cursor.executemany(statement, rows)
                    return [question(cursor) for question in questions]
            except psycopg.OperationalError:
                # The server was restarted under us: stations must not notice more than a slow answer.
                if self._connection is not None:
                    with contextlib.suppress(psycopg.Error):
                        self._connection.close()
                self._connection = None
                time.sleep(TRIES_AGAIN_AFTER_SECONDS)
