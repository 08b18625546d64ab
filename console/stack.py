"""What runs in the background, and `status` and `down` for it.

PostgreSQL, the Prefect server, the runner that serves the deployments, and the rehearsal's world.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from charging import settings as configuration
from charging.database import connection as database
from charging.database import embedded
from charging.database.queries import overview
from charging.errors import MachineError, RehomeError, ServerNotStarted, SettingsError
from charging.secret import Secret
from console import parts, ports, workplace
from console.parts import Part
from console.prefect_home import USUAL_PORT, call, port_file, prefect_environment, ui_address
from console.workplace import Rehearsal

PATIENCE_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Whether one part runs, and where it is reached."""

    part: str
    is_running: bool
    address: str
    detail: str


def start_database(home: Path) -> sa.Engine:
    """Start PostgreSQL where none is named, bring the tables to this version, and return a way in."""
    settings = configuration.load(home)
    if settings.database is None:
        embedded.create_database(workplace.server_address(home).reveal(), database.DATABASE)
    engine = database.connect(database.address(settings))
    database.migrate(engine)
    return engine


def start_prefect(home: Path) -> Part:
    """Start the Prefect server unless it runs; does not wait. Its port is chosen once and kept.

    Raises:
        PortInUse: if another program holds the port that it was told.
        SettingsError: if what it was told is no port.
    """
    wanted = _wanted_port()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "prefect.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two commands one chooses the port, and the other finds the server
        if parts.process("prefect", home=home) is None:
            with ports.reserve("the Prefect server", file=port_file(home), wanted=wanted, usual=USUAL_PORT) as reserved:
                parts.start(prefect_part(home), home=home, inherits=(reserved.descriptor,))
    return prefect_part(home)


@contextmanager
def starting_prefect(home: Path) -> Iterator[Part]:
    """Start the Prefect server while the block does what else is slow; where that fails, leave no server behind."""
    was_running = parts.process("prefect", home=home) is not None
    part = start_prefect(home)
    try:
        yield part
    except RehomeError:
        if not was_running:
            parts.stop(part.name, home=home)
        raise


def start_runner(home: Path) -> Part:
    """Start the program that serves every deployment; does not wait."""
    part = runner_part(home)
    parts.start(part, home=home)
    return part


def prefect_part(home: Path) -> Part:
    port = ui_address(home).split(":")[-1]
    return Part(
        name="prefect",
        title="the Prefect server",
        command=parts.python("-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port),
        environment=prefect_environment(home),
        is_ready=lambda: parts.listens("prefect", home=home, port=int(port)) and _prefect_answers(home),
        start_seconds=120,
    )


def runner_part(home: Path) -> Part:
    """Return the runner, which works in the rehearsal while there is one."""
    folder = workplace.of(home)
    served = folder / "runner.ready"
    return Part(
        name="runner",
        title="the runner",
        command=parts.python("-m", "console.runner"),
        environment=prefect_environment(home) | {"REHOME_HOME": str(folder)},
        is_ready=lambda: _is_serving(served, home),
        start_seconds=120,
        stop_seconds=5,
        restart_on=("REHOME_HOME", "PREFECT_API_URL"),
    )


def world_part(home: Path, rehearsal: Rehearsal, databases: Mapping[str, Secret]) -> Part:
    """Return the rehearsal's world: back-offices, stations and partners."""
    folder = workplace.rehearsal_folder(home) / "world"
    folder.mkdir(parents=True, exist_ok=True)
    chosen = ["--home", str(folder), "--seed", str(rehearsal.seed), "--stations", str(rehearsal.stations)]
    return Part(
        name="world",
        title="the simulated network",
        command=parts.python("-m", "rehearsal.world", *chosen, "--as-of", rehearsal.as_of),
        environment={
            "REHEARSAL_LEGACY_URL": databases["legacy"].reveal(),
            "REHEARSAL_TARGET_URL": databases["target"].reveal(),
        },
        is_ready=lambda: _is_told(folder / "world.json", home),
        start_seconds=180,
        restart_on=("REHEARSAL_LEGACY_URL", "REHEARSAL_TARGET_URL"),
    )


def states(home: Path) -> list[State]:
    """Return what runs now. Nothing is started or changed by looking."""
    return [_database_state(home), _prefect_state(home), *(_plain_state(name, home) for name in ("runner", "world"))]


def stations(home: Path) -> dict[str, int]:
    """Return how many stations of the latest plan are in which stage; nothing where there is no plan or no database."""
    try:
        engine = database.connect(database.address(configuration.load(workplace.of(home))), is_pooled=False)
        with engine.connect() as connection:
            return overview.stations(connection)
    except (RehomeError, sa.exc.ProgrammingError):
        return {}


def down(home: Path) -> list[str]:
    """Stop everything of this home, the runner before the server that it talks to; return the names of what ran.

    Raises:
        ServerNotStarted: if the embedded server does not stop.
    """
    stopped = [name for name in ("runner", "world", "prefect") if parts.stop(name, home=home, seconds=6.0)]
    try:
        cluster = embedded.locate(home)
    except ServerNotStarted:  # it could not run on this machine: there is nothing to stop
        return stopped
    return [*stopped, "database"] if embedded.stop(cluster) else stopped


def _database_state(home: Path) -> State:
    settings = configuration.load(workplace.of(home))
    try:
        engine = database.connect(database.address(settings), is_pooled=False)
    except MachineError as error:
        return State(part="database", is_running=False, address="", detail=str(error))
    is_named = os.environ.get("DATABASE_URL") if workplace.present(home) else settings.database
    kind = "as the settings say" if is_named else "embedded"
    return State(part="database", is_running=True, address=configuration.shown(engine.url), detail=kind)


def _prefect_state(home: Path) -> State:
    """That it runs is told by its process: a busy server answers late, and its silence is said beside it."""
    is_running = parts.process("prefect", home=home) is not None
    address = ui_address(home) if is_running else ""
    is_silent = is_running and not _prefect_answers(home)
    detail = f"has not answered for {PATIENCE_SECONDS} seconds" if is_silent else "flows and forms"
    return State(part="prefect", is_running=is_running, address=address, detail=detail)


def _plain_state(name: str, home: Path) -> State:
    what = {"runner": "serves the deployments", "world": "the rehearsal's stations, back-offices and partners"}
    is_running = parts.process(name, home=home) is not None
    return State(part=name, is_running=is_running, address="", detail=what[name])


def _is_serving(file: Path, home: Path) -> bool:
    """Whether the runner that runs now has written that it serves; an older one's file does not count."""
    running = parts.process("runner", home=home)
    return running is not None and file.exists() and file.read_text() == str(running.pid)


def _is_told(file: Path, home: Path) -> bool:
    """Whether the world that runs now has written where it is; an older one's file does not count."""
    running = parts.process("world", home=home)
    return running is not None and file.exists() and json.loads(file.read_text()).get("pid") == running.pid


def _prefect_answers(home: Path) -> bool:
    try:
        return call(home, "health", timeout_seconds=PATIENCE_SECONDS) == 200
    except OSError:
        return False


def _wanted_port() -> int | None:
    told = os.environ.get("REHOME_PREFECT_PORT")
    if not told:
        return None
    if not (told.isascii() and told.isdigit() and 1024 <= int(told) <= 65535):
        raise SettingsError("REHOME_PREFECT_PORT", f"is {told!r}", "name a port from 1024 to 65535, or none")
    return int(told)
