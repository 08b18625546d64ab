"""Opening what tasks work on: settings, the database, both back-offices. Built when needed, never at import."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from charging import settings as configuration
from charging.database import connection as database
from charging.settings import Settings


@contextmanager
def engine(settings: Settings | None = None) -> Iterator[sa.Engine]:
    """Yield a way into our database and close it.

    Raises:
        DatabaseUnavailable: if it does not answer.
    """
    opened = database.connect(database.address(settings or configuration.load()))
    try:
        yield opened
    finally:
        opened.dispose()


@contextmanager
def back_office_engine(settings: Settings, name: str) -> Iterator[sa.Engine]:
    """Yield a way into a back-office's own database, for reading or loading.

    Raises:
        DatabaseUnavailable: if it does not answer.
        SettingsError: if the settings do not describe it.
    """
    place = configuration.database_address(settings.back_office(name).database, setting=f"{name}.database")
    opened = database.connect_back_office(place)
    try:
        yield opened
    finally:
        opened.dispose()
