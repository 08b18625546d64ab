"""Asking for many at once: whoever asks while an answer is under way is answered by the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Answer = TypeVar("Answer")

MOST = 1_000
"""So many are asked for in one question."""


class Together(Generic[Key, Answer]):
    """One kind of question, which costs hardly more for a thousand than for one. Belongs to one event loop.

    `ask` is given keys, of which the same may come twice, and returns as many answers, in their order.
    """

    def __init__(self, ask: Callable[[Sequence[Key]], Awaitable[Sequence[Answer]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Key, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def of(self, key: Key) -> Answer:
        """Return the answer for a key; it was found after this call.

        Raises:
            Exception: whatever `ask` raises; all whose question it was hear of it.
        """
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answered))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_for_all())
        return await answered

    async def _ask_for_all(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                asking = self._ask([key for key, _ in together])
                # Whatever goes wrong goes to those who wait: none of them may wait for ever.
                (found,) = await asyncio.gather(asking, return_exceptions=True)
                for number, (_, answered) in enumerate(together):
                    if answered.done():
                        continue
                    if isinstance(found, BaseException):
                        answered.set_exception(found)
                    else:
                        answered.set_result(found[number])
        finally:
            self._asking = None
