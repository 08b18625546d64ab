"""Getting to the database: which one, whether it answers, and that its tables are of this version."""

import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from charging import settings as configuration
from charging.database import embedded
from charging.errors import DatabaseUnavailable, SettingsError
from charging.secret import Secret

DATABASE = "rehome"
BACK_OFFICES = frozenset({"postgresql", "mysql", "mariadb"})
"""What a back-office may keep its data in. Ours is PostgreSQL."""
MIGRATE = "start what brings them: rehome up"
MENDS: Mapping[str, str] = {
    "42P01": f"it has not the tables of this version; {MIGRATE}",  # undefined table
    "42703": f"its tables are not of this version; {MIGRATE}",  # undefined column
    "3F000": f"it has not the tables of this version; {MIGRATE}",  # undefined schema
    "42501": "give this user the right, or name another in DATABASE_URL",
    "53100": "its disk is full: make room, then run it again",
}
"""What to do, by PostgreSQL's own codes."""
SEE = "see that it runs (rehome up starts the embedded one) and that the address is right"
LOCK = 7_105_911
"""Number of the advisory lock under which tables are migrated, so that two starts do not meet."""


def address(settings: configuration.Settings) -> Secret:
    """Return the address of our database: the one named in the settings, else the embedded server's.

    Raises:
        DatabaseUnavailable: if the embedded server is meant and does not run.
        SettingsError: if the address is none of PostgreSQL's.
    """
    if settings.database is not None:
        named = configuration.database_address(settings.database, setting="database")
        return require_postgresql(named, setting=f"database ({settings.database})")
    cluster = embedded.locate(settings.home)
    if not embedded.is_running(cluster):
        raise DatabaseUnavailable(str(cluster.folder), "the embedded server is not running", "start it: rehome up")
    return Secret(cluster.url(DATABASE))


def require_postgresql(place: Secret, *, setting: str) -> Secret:
    """Return the address of a database that may be ours.

    Raises:
        SettingsError: if it is none of PostgreSQL's.
    """
    backend = sa.make_url(place.reveal()).get_backend_name()
    if backend != "postgresql":
        raise SettingsError(setting, f"names a database of {backend}", "write postgresql://user:password@host/name")
    return place


def connect(place: Secret, *, is_pooled: bool = True) -> sa.Engine:
    """Return a way into our own database, which has answered once. Its instants come in UTC.

    Whenever it fails us later, by being away, full, or of another version, that is a DatabaseUnavailable too.

    Raises:
        DatabaseUnavailable: if nobody answers there, or refuses us. The message never holds the password.
    """
    engine = _engine(place, is_pooled=is_pooled)
    sa.event.listen(engine, "connect", _agree)
    _require_answer(engine)
    sa.event.listen(engine, "handle_error", _say)
    return engine


def connect_back_office(place: Secret, *, is_pooled: bool = True) -> sa.Engine:
    """Return a way into a back-office's database, which has answered once.

    Raises:
        DatabaseUnavailable: if nobody answers there, or refuses us. The message never holds the password.
    """
    engine = _engine(place, is_pooled=is_pooled)
    _require_answer(engine)
    return engine


def migrate(engine: sa.Engine) -> None:
    """Bring the tables to this version, all or nothing. Safe to call twice and from two processes at once.

    Raises:
        DatabaseUnavailable: if it does not let us.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def code_version() -> str:
    """Return the version of the code that writes: the package's, and the commit where the checkout knows it."""
    installed = version("rehome")
    folder = Path(__file__).parents[2]
    if not (folder / ".git").exists():
        return installed
    found = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
    )
    return f"{installed}+{found.stdout.strip()}" if found.returncode == 0 else installed


def _engine(place: Secret, *, is_pooled: bool) -> sa.Engine:
    url = sa.make_url(place.reveal())
    if url.get_backend_name() not in BACK_OFFICES:
        known = "write an address of PostgreSQL, MariaDB or MySQL"
        raise DatabaseUnavailable(configuration.shown(url), "nobody here speaks to such a database", known)
    options = {} if is_pooled else {"poolclass": sa.NullPool}
    try:
        return sa.create_engine(url, connect_args={"connect_timeout": 10}, **options)
    except (sa.exc.NoSuchModuleError, ImportError):
        problem = f"the driver of {url.drivername} is not installed"
        raise DatabaseUnavailable(configuration.shown(url), problem, "install it, or name another driver") from None


def _require_answer(engine: sa.Engine) -> None:
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    except sa.exc.DBAPIError as error:
        engine.dispose()
        raise _unavailable(engine.url, error.orig) from None


def _agree(raw: Any, _record: object) -> None:
    """Have instants come in UTC and texts in UTF-8, whatever the server's own: so they are hashed and copied."""
    raw.execute("SET TIME ZONE 'UTC'")
    raw.execute("SET client_encoding TO 'UTF8'")
    raw.commit()


def _say(context: sa.engine.ExceptionContext) -> None:
    """Put what the caller cannot mend into our own words; what a statement did wrong stays what it is."""
    error = context.original_exception
    if isinstance(error, psycopg.OperationalError) or getattr(error, "sqlstate", None) in MENDS:
        assert context.engine is not None  # noqa: S101 - only an engine that could not be made has none
        raise _unavailable(context.engine.url, error)


def _unavailable(url: sa.URL, error: BaseException | None) -> DatabaseUnavailable:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return DatabaseUnavailable(configuration.shown(url), reason, MENDS.get(getattr(error, "sqlstate", None) or "", SEE))
