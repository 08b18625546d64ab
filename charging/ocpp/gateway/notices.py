"""What PostgreSQL tells us without being asked: LISTEN, in a thread of its own that tries again for ever."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping

import psycopg
from sqlalchemy.engine import make_url

from charging.errors import GatewayRuns, MachineError
from charging.secret import Secret

_LOG = logging.getLogger("rehome.gateway.notices")
_AGAIN_SECONDS = 1.0
_TRIES = 15
_THEIRS = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
"""The server looks too whether we are still there: it holds our name for a connection that has long been cut."""
_LOOK_SECONDS = 5.0
"""How often the thread looks whether it is to end, and whether the other side is still there."""


class Notices:
    """Hands each notice to who wants its channel, on the event loop that made this."""

    def __init__(
        self,
        address: Callable[[], Secret],
        *,
        gateway: str,
        wanted: Mapping[str, Callable[[str], None]],
        is_back: Callable[[], None],
        is_taken: Callable[[GatewayRuns], None],
    ) -> None:
        self._address = address
        self._gateway = gateway
        self._wanted = wanted
        self._is_back = is_back
        self._is_taken = is_taken
        self._loop = asyncio.get_running_loop()
        self._ended = threading.Event()
        self._was_the_only_one = False
        self._thread = threading.Thread(target=self._listen, name="notices", daemon=True)

    def start(self) -> None:
        """Begin to listen. `is_back` is called whenever notices may have been missed until then."""
        self._thread.start()

    def end(self) -> None:
        """Listen no more."""
        self._ended.set()

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow()
            except GatewayRuns as runs:
                self._tell(self._is_taken, runs)
                return
            except (psycopg.OperationalError, MachineError) as problem:
                _LOG.info("no notices: %s", str(problem).strip().split("\n", maxsplit=1)[0])
                self._ended.wait(_AGAIN_SECONDS)

    def _follow(self) -> None:
        place = make_url(self._address().reveal()).set(drivername="postgresql")
        told = place.render_as_string(hide_password=False)
        with psycopg.connect(
            told,
            autocommit=True,
            connect_timeout=5,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=20_000,
        ) as connection:
            for setting in _THEIRS:
                connection.execute(f"SET {setting}".encode())
            self._be_the_only_one(connection)
            for channel in self._wanted:
                connection.execute(f'LISTEN "{channel}"'.encode())
            self._tell(self._is_back)
            while not self._ended.is_set():
                for notice in connection.notifies(timeout=_LOOK_SECONDS):
                    self._tell(self._wanted[notice.channel], notice.payload)
                    if self._ended.is_set():
                        return
                connection.execute("SELECT 1")

    def _be_the_only_one(self, connection: psycopg.Connection) -> None:
        """Hold the gateway's name for as long as this connection lives.

        Whoever has held it before tries on: after the network was cut, the server keeps it for the cut connection.

        Raises:
            GatewayRuns: if another process holds it, and not only for the moment that a killed one needs to be gone.
        """
        name = f"gateway {self._gateway}"
        tries = 0
        while not self._ended.is_set():
            row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()
            if row is not None and row[0]:
                self._was_the_only_one = True
                return
            tries += 1
            if tries >= _TRIES and not self._was_the_only_one:
                raise GatewayRuns(self._gateway)
            if tries == _TRIES:
                _LOG.warning("no notices: another connection holds the name %s", self._gateway)
            self._ended.wait(_AGAIN_SECONDS)

    def _tell(self, what: Callable[..., None], *told: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *told)
