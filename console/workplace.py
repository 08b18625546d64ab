"""Which folder a command works in: the home of real work, or the rehearsal inside it. The two never mix.

<home>/                 real work: rehome.toml, reports/, partners/ … and the stack's own parts/, logs/, postgresql/
<home>/rehearsal/       the rehearsal: its own rehome.toml, secrets/, partners/, reports/ and databases
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from charging import settings as configuration
from charging.database import connection as database
from charging.database import embedded
from charging.errors import AnotherRehearsal
from charging.secret import Secret
from console.shell import RECORD, REHEARSAL

EMBEDDED = "the embedded server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What the present rehearsal is of. It is decided once, when it begins."""

    run: str
    stations: int
    seed: int
    as_of: str
    """ISO 8601 instant from which its history reaches back."""
    server: str = ""
    """The server that holds its databases; empty where nobody wrote it down."""

    @property
    def began_at(self) -> datetime:
        return datetime.fromisoformat(self.as_of)


def rehearsal_folder(home: Path) -> Path:
    """Return where the rehearsal of this home lives."""
    return home / REHEARSAL


def of(home: Path) -> Path:
    """Return the folder whose settings the flows use: the rehearsal's while there is one, else the home itself."""
    return rehearsal_folder(home) if present(home) else home


def present(home: Path) -> Rehearsal | None:
    """Return the rehearsal that has begun in this home, if any.

    Raises:
        AnotherRehearsal: if what it was of cannot be read.
    """
    record = rehearsal_folder(home) / RECORD
    if not record.exists():
        return None
    try:
        return Rehearsal(**json.loads(record.read_text("utf-8")))
    except (ValueError, TypeError):
        raise AnotherRehearsal(
            f"{record} is not what this version writes", "begin anew: rehome rehearse --fresh"
        ) from None


def begin(home: Path, rehearsal: Rehearsal) -> None:
    """Write down what the rehearsal is of, all or nothing."""
    folder = rehearsal_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / RECORD, json.dumps(asdict(rehearsal), indent=2))


def server_address(home: Path) -> Secret:
    """Return the address of the server that holds our databases: DATABASE_URL's, else the embedded one, started.

    Raises:
        SettingsError: if DATABASE_URL is no address of PostgreSQL.
        MachineError: if the embedded server cannot be started.
    """
    given = os.environ.get("DATABASE_URL")
    if given:
        named = Secret(configuration.with_driver(given, setting="DATABASE_URL"))
        return database.require_postgresql(named, setting="DATABASE_URL")
    cluster = embedded.locate(home, user=os.environ.get("REHOME_POSTGRES_USER"))
    return Secret(embedded.start(cluster))


def server_name() -> str:
    """Return the server that a command would use now: the host that DATABASE_URL names, or the embedded one."""
    given = os.environ.get("DATABASE_URL")
    if not given:
        return EMBEDDED
    url = sa.make_url(configuration.with_driver(given, setting="DATABASE_URL"))
    return str(sa.URL.create(url.drivername, host=url.host, port=url.port))


def _rehearsal_server(home: Path) -> Secret:
    try:
        begun = present(home)
    except AnotherRehearsal:  # a record that cannot be read names no server, and must not keep us from a fresh one
        begun = None
    if begun is not None and begun.server not in {"", server_name()}:
        mend = "leave DATABASE_URL out" if begun.server == EMBEDDED else "name it in DATABASE_URL"
        raise AnotherRehearsal(f"the one that was begun here keeps its data on {begun.server}", mend)
    return server_address(home)


def rehearsal_databases(home: Path) -> dict[str, str]:
    """Return the names of the rehearsal's three databases; they carry the home's hash, for servers that many share."""
    mark = sha256(os.fsencode(home)).hexdigest()[:8]
    return {
        "own": f"rehearsal_{mark}",
        "legacy": f"rehearsal_{mark}_legacy",
        "target": f"rehearsal_{mark}_target",
    }


def create_rehearsal_databases(home: Path) -> dict[str, Secret]:
    """Create the rehearsal's databases where they are missing and return their addresses.

    Raises:
        AnotherRehearsal: if it keeps its data on another server than the one that is named now.
        DatabaseUnavailable: if the server does not answer or does not let us create databases.
    """
    server = _rehearsal_server(home)
    database.connect(server, is_pooled=False).dispose()
    return {
        role: Secret(embedded.create_database(server.reveal(), name))
        for role, name in rehearsal_databases(home).items()
    }


def drop_rehearsal_databases(home: Path) -> None:
    """Drop the rehearsal's databases, and no other.

    Raises:
        AnotherRehearsal: if it keeps its data on another server than the one that is named now.
    """
    engine = database.connect(_rehearsal_server(home), is_pooled=False)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in rehearsal_databases(home).values():
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def write(file: Path, text: str, *, is_secret: bool = False) -> None:
    """Write a file all or nothing; a secret is readable by us alone from its first byte."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600 if is_secret else 0o644)
    unfinished.write_text(text, "utf-8")
    unfinished.rename(file)
