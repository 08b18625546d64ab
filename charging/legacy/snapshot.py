"""Reading a database that others go on writing to: one moment of it, read only, streamed in bounded memory."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from charging.errors import SourceError, UnreadableSource

MARIADB = frozenset({"mysql", "mariadb"})
_MARIADB_SESSION = (
    "SET time_zone = '+00:00'",  # else timestamps come in the server's zone
    "SET net_write_timeout = 3600",  # else the server hangs up on whoever takes a minute over a chunk
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


class Snapshot:
    """One moment of a database. As a context manager it holds that moment; else each statement has its own."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine, self._name = engine, name
        self._held: sa.Connection | None = None

    def __enter__(self) -> Self:
        """Open the moment.

        Raises:
            UnreadableSource: if the database does not let us.
        """
        try:
            self._held = _begin(self._engine)
        except SQLAlchemyError as error:
            raise unreadable(self._engine, self._name, error) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let go of the moment."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """Yield a connection in a read-only transaction.

        Raises:
            UnreadableSource: if the database does not answer, or a statement fails. No password is in its sentence.
        """
        try:
            if self._held is not None:
                yield self._held
                return
            connection = _begin(self._engine)
            try:
                yield connection
            finally:
                connection.close()
        except SQLAlchemyError as error:
            raise unreadable(self._engine, self._name, error) from None

    def stream(self, query: sa.Executable, *, chunk_size: int) -> Iterator[dict[str, Any]]:
        """Yield the rows of a statement from a cursor of the server.

        Raises:
            UnreadableSource: if the database stops answering, or the statement fails.
        """
        with self.connection() as connection:
            options = {"stream_results": True, "yield_per": chunk_size}
            is_read = False
            try:
                found = connection.execute(query, execution_options=options)
                names = list(found.keys())
                for chunk in found.partitions():
                    for row in chunk:
                        yield dict(zip(names, row, strict=True))  # half of what SQLAlchemy's own mapping costs
                is_read = True
            finally:
                if not is_read:
                    connection.invalidate()  # else closing it would first read whatever of a large table is left


def _begin(engine: sa.Engine) -> sa.Connection:
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    connection = engine.connect().execution_options(**options)
    if engine.dialect.name in MARIADB:
        for statement in _MARIADB_SESSION:
            connection.exec_driver_sql(statement)
    elif engine.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
    return connection


def text(value: object) -> str | None:
    """Return a value of the database as text: instants in ISO 8601 (in UTC where they have a zone), bytes as hex."""
    if value is None or isinstance(value, str):
        return value
    written = _WRITTEN.get(type(value))
    return str(value) if written is None else written(value)


def _of_bytes(value: Any) -> str:
    """Return bytes that are text as that text, and all others (a BIT, a UUID in 16 bytes) as `0x…`."""
    try:
        decoded = bytes(value).decode()
    except UnicodeDecodeError:
        return f"0x{bytes(value).hex()}"
    return decoded if decoded.isprintable() else f"0x{bytes(value).hex()}"


def _of_instant(value: Any) -> str:
    written: str = (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    return written.replace("+00:00", "Z")


def _of_document(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    bool: lambda value: str(int(value)),
    Decimal: lambda value: f"{value:f}",
    datetime: _of_instant,
    date: date.isoformat,
    time: time.isoformat,
    bytes: _of_bytes,
    memoryview: _of_bytes,
    dict: _of_document,
    list: _of_document,
}


def unreadable(engine: sa.Engine, name: str, error: SQLAlchemyError) -> SourceError:
    """Return the sentence about a database that does not answer; no password is in it."""
    address = engine.url.set(query={}).render_as_string(hide_password=True)
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    problem = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    if engine.url.password:
        problem = problem.replace(str(engine.url.password), "****")
    return UnreadableSource(
        name, f"the database at {address} says: {problem}", "see whether it is up, and whether the user may read it"
    )
