"""Getting to a legacy database of whatever make SQLAlchemy reaches."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from charging import settings as configuration
from charging.errors import DatabaseUnavailable, SourceNotFound
from charging.legacy.snapshot import MARIADB, unreadable
from charging.secret import Secret


def connect(place: Secret, *, name: str) -> sa.Engine:
    """Return a way into a legacy database, which has answered once.

    Raises:
        DatabaseUnavailable: if its driver is not installed.
        SourceError: if nobody answers there, or refuses us. The message never holds the password.
    """
    url = sa.make_url(place.reveal())
    backend = url.get_backend_name()
    if backend == "sqlite":
        url = _read_only(url)
    timeout = {"connect_timeout": 10} if backend in {*MARIADB, "postgresql"} else {}
    try:
        engine = sa.create_engine(url, connect_args=timeout)
    except (NoSuchModuleError, ImportError):
        problem = f"the driver of {url.drivername} is not installed"
        raise DatabaseUnavailable(configuration.shown(url), problem, "install it, or name another driver") from None
    try:
        with engine.connect():
            return engine
    except (DBAPIError, SQLAlchemyError) as error:
        engine.dispose()
        raise unreadable(engine, name, error) from None


def _read_only(url: sa.URL) -> sa.URL:
    """Return the address of a file that is opened for reading, and never made where it is missing."""
    path = Path(url.database or "")
    if not path.is_file():
        raise SourceNotFound(str(path))
    return sa.make_url("sqlite://").set(database=f"file:{path.resolve()}", query={"mode": "ro", "uri": "true"})
