"""Programs that go on running after the command that started them: started once, found again, stopped for certain."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from charging.errors import ServerNotStarted

MARK = "REHOME_PART"
"""The variable by which a program is known again: its number may be another's by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One program of the stack, by what it is called and how it is started."""

    name: str
    title: str
    command: Sequence[str]
    environment: Mapping[str, str]
    is_ready: Callable[[], bool]
    start_seconds: float
    stop_seconds: float = 10.0
    restart_on: tuple[str, ...] = ()
    """Variables of its environment that it reads once: one that runs with other values is started anew."""


def start(part: Part, *, home: Path, inherits: tuple[int, ...] = ()) -> None:
    """Start a part in a session of its own unless it runs already; does not wait for it.

    `inherits` are file descriptors that stay open in it. Of two commands that start it at the same time one does, and
    the other finds it.
    """
    record, log = _record(part.name, home), _log(part.name, home)
    for file in (record, log):
        file.parent.mkdir(parents=True, exist_ok=True)
    with record.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = process(part.name, home=home)
        if running is not None and _is_outdated(part, running):
            stop(part.name, home=home, seconds=part.stop_seconds)
            running = None
        if running is None:
            _launch(part, home=home, record=record, log=log, inherits=inherits)


def _is_outdated(part: Part, running: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        told = running.environ()  # empty for a moment, while a program takes its place
        return any(told.get(name, part.environment[name]) != part.environment[name] for name in part.restart_on)
    return False


def _launch(part: Part, *, home: Path, record: Path, log: Path, inherits: tuple[int, ...]) -> None:
    with log.open("ab") as output:
        started = subprocess.Popen(
            part.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(part.environment) | {MARK: _mark(part.name, home)},
            cwd=home,
            start_new_session=True,
            pass_fds=inherits,
        )
    unfinished = record.with_suffix(".unfinished")
    unfinished.write_text(json.dumps({"pid": started.pid}))
    unfinished.rename(record)


def wait(part: Part, *, home: Path) -> None:
    """Wait until a part that was started is ready.

    Raises:
        ServerNotStarted: if it ends or stays silent; the last lines of its log are in the message.
    """
    deadline = time.monotonic() + part.start_seconds
    while not part.is_ready():
        has_ended = process(part.name, home=home) is None
        if has_ended or time.monotonic() > deadline:
            log = _log(part.name, home)
            said = " / ".join(_last_lines(log))[-400:] or "it said nothing"
            stop(part.name, home=home, seconds=2.0)
            problem = "it ended" if has_ended else f"it was silent for {part.start_seconds:.0f} s"
            raise ServerNotStarted(part.title, f"{problem}: {said}", f"see {log}, then try again")
        time.sleep(0.1)


def process(name: str, *, home: Path) -> psutil.Process | None:
    """Return the live process of a part; None if it never started, ended, or its number is a stranger's by now."""
    with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
        found = psutil.Process(json.loads(_record(name, home).read_text())["pid"])
        if found.status() != psutil.STATUS_ZOMBIE and _is_ours(found, _mark(name, home)):
            return found
    return None


def _is_ours(found: psutil.Process, mark: str) -> bool:
    """Whether a process carries our mark. When it was born proves nothing: the system's clock may be put right."""
    for _ in range(20):
        if told := found.environ():
            return told.get(MARK) == mark
        time.sleep(0.05)  # empty for a moment, while a program takes its place
    return False


def listens(name: str, *, home: Path, port: int) -> bool:
    """Whether a part, or a program that it started, listens on a port: that something answers there is not enough."""
    found = process(name, home=home)
    if found is None:
        return False
    with contextlib.suppress(psutil.Error):
        for one in (found, *found.children(recursive=True)):
            for connection in one.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return True
    return False


def stop(name: str, *, home: Path, seconds: float = 10.0) -> bool:
    """End a part and everything it started: asked first, killed when it does not listen. Return whether it ran."""
    found = process(name, home=home)
    if found is None:
        return False
    family = [found]
    with contextlib.suppress(psutil.NoSuchProcess):
        family += found.children(recursive=True)
        found.send_signal(signal.SIGTERM)
    _, alive = psutil.wait_procs(family, timeout=seconds)
    for survivor in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            survivor.kill()
    psutil.wait_procs(alive, timeout=5)
    _record(name, home).unlink(missing_ok=True)
    return True


def python(*arguments: str) -> list[str]:
    """Return a command of this very Python."""
    return [sys.executable, *arguments]


def _last_lines(log: Path) -> list[str]:
    with log.open("rb") as said:
        said.seek(max(0, log.stat().st_size - 4_000))
        lines = said.read().decode(errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip()][-2:]


def _mark(name: str, home: Path) -> str:
    return f"{name} of {home.resolve()}"


def _record(name: str, home: Path) -> Path:
    return home / "parts" / f"{name}.json"


def _log(name: str, home: Path) -> Path:
    return home / "logs" / f"{name}.log"
