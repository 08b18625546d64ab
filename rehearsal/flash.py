"""What a station keeps when its power goes: one SQLite file for the fleet, written before a station acts on it."""

import asyncio
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import msgspec


class Charge(msgspec.Struct, kw_only=True):
    """A charge that the station has begun. `transaction_id` is None until a back-office has given one."""

    connector_id: int
    id_tag: str
    started_at: datetime
    meter_start_wh: int
    transaction_id: int | None = None


class Outgoing(msgspec.Struct, kw_only=True):
    """A transaction message that waits to be delivered: it outlives a lost link and a restart."""

    action: str
    payload: dict[str, object]
    charge: str
    """The name of the charge that it belongs to: its transaction id may not be known yet."""
    attempts: int = 0


class Memory(msgspec.Struct, kw_only=True):
    """One station's non-volatile memory."""

    configuration: dict[str, str]
    home: str
    """The URL that it was installed with."""
    dialled: str
    """The URL in force since the last restart."""
    arrived: str
    """The URL where a back-office last accepted this station."""
    firmware: str
    registers_wh: list[int]
    inoperative: set[int] = msgspec.field(default_factory=set)
    """Connectors that are out of service; 0 means the whole station. Outlives a restart, as OCPP asks."""
    restart: str = ""
    """"Soft" or "Hard" from the order to restart until the restart is over."""
    has_restarted: bool = False
    """Until a back-office has accepted the boot."""
    is_newly_flashed: bool = False
    is_meter_failed: bool = False
    is_gone: bool = False
    has_lost_reset: bool = False
    live_ended_at: datetime | None = None
    """Set once the one charge after the move has begun to be told."""
    is_live_told: bool = False
    resets: int = 0
    """How many orders to restart it has obeyed."""
    shown: dict[str, str] = msgspec.field(default_factory=dict)
    """What a station that lies tells of its configuration instead of what is in it."""
    charges: dict[str, Charge] = msgspec.field(default_factory=dict)
    outbox: list[Outgoing] = msgspec.field(default_factory=list)


class Flash:
    """The fleet's memories. `store` returns once what was given will survive the end of this process."""

    def __init__(self, file: Path) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="flash")
        self._pending: dict[str, bytes] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._writer: asyncio.Task[None] | None = None
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        # WAL with NORMAL survives any end of the process; only a power cut could cost the last commit.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("CREATE TABLE IF NOT EXISTS memory (station_id TEXT PRIMARY KEY, content BLOB NOT NULL)")

    def memories(self) -> Iterator[tuple[str, Memory]]:
        """Yield what every station remembers."""
        decoder = msgspec.json.Decoder(Memory)
        for station_id, content in self._database.execute("SELECT station_id, content FROM memory"):
            yield station_id, decoder.decode(content)

    async def store(self, station_id: str, memory: Memory) -> None:
        """Write one memory; those that come while a commit is under way share the next one."""
        self._pending[station_id] = msgspec.json.encode(memory)
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(committed)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await committed

    def fill(self, memories: dict[str, Memory]) -> None:
        """Write many memories at once, before anybody acts."""
        self._write_rows({station_id: msgspec.json.encode(memory) for station_id, memory in memories.items()})

    def close(self) -> None:
        """Finish the commit under way and let go of the file."""
        self._executor.shutdown(wait=True)
        self._database.close()

    async def _write(self) -> None:
        while self._pending:
            rows, self._pending = self._pending, {}
            waiting, self._waiting = self._waiting, []
            writing = asyncio.get_running_loop().run_in_executor(self._executor, self._write_rows, rows)
            await asyncio.wait([writing])
            for committed in waiting:
                if committed.done():
                    continue
                if error := writing.exception():
                    committed.set_exception(error)
                else:
                    committed.set_result(None)

    def _write_rows(self, rows: dict[str, bytes]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?)", rows.items())
        self._database.execute("COMMIT")
