"""Ports: one that nobody holds, kept from now on, and reserved from the choice until the program that gets it ends."""

import contextlib
import fcntl
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from charging.errors import PortInUse
from console.prefect_home import port_kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A port, and the file descriptor whose lock keeps it: whoever inherits that keeps it until it ends."""

    port: int
    descriptor: int


@contextmanager
def reserve(part: str, *, file: Path, wanted: int | None, usual: int) -> Iterator[Reservation]:
    """Yield the port for a part: the one it was told, else the one it had before, else the usual one or any free one.

    A server binds its port seconds after it was started. Until then the port looks free to every other home of this
    machine, and so it is locked, too.

    Raises:
        PortInUse: if it was told a port that another program holds.
    """
    with contextlib.ExitStack() as held:
        if wanted is not None:
            reserved = _reserve(wanted, held)
            if reserved is None:
                raise PortInUse(part, wanted, "stop that program, or name another port")
        else:
            reserved = next(filter(None, (_reserve(port, held) for port in _candidates(port_kept(file), usual))))
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_text(str(reserved.port))
        unfinished.rename(file)
        yield reserved


def _candidates(kept: int | None, usual: int) -> Iterator[int]:
    if kept is not None:
        yield kept
    yield usual
    while True:
        yield _any_port()


def _reserve(port: int, held: contextlib.ExitStack) -> Reservation | None:
    """Reserve a port unless a program listens on it or another home has reserved it."""
    lock = Path(tempfile.gettempdir()) / f"rehome-port-{port}.lock"
    try:
        with contextlib.suppress(FileExistsError):  # perhaps another user's: to lock it, reading is enough
            lock.touch(exist_ok=False)
        file = held.enter_context(lock.open())
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return None
    return Reservation(port=port, descriptor=file.fileno()) if _is_free(port) else None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
