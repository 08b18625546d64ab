"""The recorder: a process beside the gateway that brings its journal into the tables, as fast as they take it.

It reads what the gateway has written to its journal and nothing else, so that neither waits for the other: while the
tables are away the journal grows, and afterwards it catches up. Whoever starts it tells it on its standard input that
there is something new, a line a time; the end of that input is the gateway's, and then the recorder's own.
"""

import logging
import os
import select
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import psycopg
import sqlalchemy as sa

from charging.clock import Clock, system_clock
from charging.database import connection as database
from charging.database.operations import gateway_alarms, gateway_frames, gateway_journal, gateway_links
from charging.errors import DatabaseUnavailable, GatewayRuns
from charging.ocpp.gateway.entries import Alarmed, AnyEntry, decode, stamp
from charging.ocpp.gateway.journal import Place, Reader, forget
from charging.secret import Secret

_LOG = logging.getLogger(__name__)
_PATIENCE_SECONDS = 1.0
"""How long it waits to be told that there is something new, and for tables that are away, before it looks by itself."""
_FEW, _GATHER_SECONDS = 500, 0.025
"""After so few entries more are let come: a transaction for each handful costs more than the relaying itself."""
_DAY = timedelta(days=1)
_AWAY = (
    *(DatabaseUnavailable, sa.exc.OperationalError, sa.exc.InterfaceError),
    *(psycopg.OperationalError, psycopg.InterfaceError),  # COPY goes past SQLAlchemy
)
_UNSTORABLE = (sa.exc.DataError, sa.exc.IntegrityError, psycopg.DataError, psycopg.IntegrityError, ValueError)


class Recorder:
    """Brings one gateway's journal into the tables."""

    def __init__(
        self,
        folder: Path,
        *,
        gateway: str,
        address: Secret,
        clock: Clock,
        retention: timedelta,
        alarms_kept: timedelta,
    ) -> None:
        self._gateway = gateway
        self._folder = folder
        self._address = address
        self._clock = clock
        self._retention = retention
        self._alarms_kept = alarms_kept
        self._engine: sa.Engine | None = None
        self._reader: Reader | None = None
        self._stored: Place | None = None
        self._cleaned_at = clock() - _DAY

    def catch_up(self) -> bool:
        """Store everything that is in the journal by now; return False if the tables are away."""
        try:
            while stored := self._step():
                if stored < _FEW:
                    time.sleep(_GATHER_SECONDS)
            self._clean()
        except _AWAY as problem:
            _LOG.warning("the tables are away: %s", problem)
            self.close()
            return False
        return True

    def close(self) -> None:
        """Let go of the tables and of the journal."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _step(self) -> int:
        """Store what is next, and return how many entries that was."""
        engine, reader = self._open()
        found = [(place, decode(entry)) for place, entry in reader.read()]
        if not found:
            return 0
        try:
            self._store(engine, found)
        except GatewayRuns:  # a former recorder of this gateway has just stored the same: go on from where it came
            self.close()
            return len(found)
        except _UNSTORABLE:
            for each in found:  # one that cannot be stored must not keep the others out
                self._store_or_tell(engine, each)
        forget(self._folder, before=reader.place.segment)
        return len(found)

    def _store(self, engine: sa.Engine, found: list[tuple[Place, AnyEntry]]) -> None:
        with engine.begin() as connection:
            gateway_journal.store(connection, found, gateway=self._gateway, after=self._stored, at=self._clock())
        self._stored = found[-1][0]

    def _store_or_tell(self, engine: sa.Engine, each: tuple[Place, AnyEntry]) -> None:
        try:
            self._store(engine, [each])
        except _UNSTORABLE as problem:
            place, entry = each
            told = f"a {type(entry).__name__} of the journal cannot be stored ({type(problem).__name__}); it is in "
            file = self._folder / "refused"
            with open(file, "ab", opener=_for_us_alone) as kept:
                kept.write(msgspec.msgpack.encode(entry))
            station_id = getattr(entry, "station_id", "")
            alarm = Alarmed(stamp(self._clock()), station_id, "not_stored", f"{told}{file}")
            self._store(engine, [(place, alarm)])

    def _open(self) -> tuple[sa.Engine, Reader]:
        if self._engine is None:
            self._engine = database.connect(self._address)
        if self._reader is None:
            with self._engine.begin() as connection:
                self._stored = gateway_journal.place(connection, self._gateway)
            self._reader = Reader(self._folder, self._stored or Place(0, 0))
        return self._engine, self._reader

    def _clean(self) -> None:
        """Drop what is past its retention, once a day: frames by whole days, links, alarms."""
        now = self._clock()
        if now - self._cleaned_at < _DAY:
            return
        engine, _ = self._open()
        with engine.begin() as connection:
            gone = gateway_frames.drop_days(connection, before=(now - self._retention).date())
            gateway_links.forget(connection, before=now - self._retention)
            alarms = gateway_alarms.forget(connection, before=now - self._alarms_kept)
        self._cleaned_at = now
        for day in gone:
            _LOG.info("dropped the frames of %s", day)
        if alarms:
            _LOG.info("forgot %s alarms that are older than %s days", alarms, self._alarms_kept.days)


def _for_us_alone(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def watch(recorder: Recorder, told: int) -> None:
    """Catch up whenever something new is told of, until whoever tells is gone and everything is stored that can be."""
    while True:
        is_stored = recorder.catch_up()
        ready, _, _ = select.select([told], [], [], _PATIENCE_SECONDS)
        if ready and not os.read(told, 65_536):
            recorder.catch_up() if is_stored else None
            return


def main() -> None:
    """Run as `python -m charging.ocpp.gateway.recorder FOLDER NAME DAYS ALARMS_DAYS`; told first is the address."""
    for word in (signal.SIGINT, signal.SIGTERM):
        signal.signal(word, signal.SIG_IGN)  # said to the whole group it is the gateway's, which ends us in order
    folder, name, days, alarms_days = sys.argv[1:]
    address = b""
    while not address.endswith(b"\n"):
        address += os.read(0, 1) or b"\n"
    recorder = Recorder(
        Path(folder),
        gateway=name,
        address=Secret(address.decode().strip()),
        clock=system_clock,
        retention=timedelta(days=int(days)),
        alarms_kept=timedelta(days=int(alarms_days)),
    )
    watch(recorder, 0)
    recorder.close()


if __name__ == "__main__":
    main()
