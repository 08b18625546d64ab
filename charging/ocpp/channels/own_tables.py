"""Asking our own tables in a back-office's name: while they are away, so is whatever needs them."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from charging.errors import BackOfficeUnavailable, DatabaseUnavailable

_T = TypeVar("_T")


async def ask(engine: sa.Engine, question: Callable[[sa.Connection], _T], *, of: str, away: str) -> _T:
    """Return what a question, asked in a thread and a transaction of its own, is answered.

    Raises:
        BackOfficeUnavailable: if the tables do not answer; `of` names the back-office, `away` says what that means.
    """

    def asked() -> _T:
        with engine.begin() as connection:
            return question(connection)

    try:
        return await asyncio.to_thread(asked)
    except (DatabaseUnavailable, sa.exc.OperationalError, sa.exc.InterfaceError) as problem:
        raise BackOfficeUnavailable(of, f"{away} ({problem})") from problem
