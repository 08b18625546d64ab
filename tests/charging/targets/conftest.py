"""Places to load into: a MariaDB database, where there is a server for it."""

import os
from itertools import count

import pytest
import sqlalchemy as sa

_numbers = count()


@pytest.fixture
def mariadb_url(worker_id):
    """The address of a fresh database on a MariaDB server, dropped after the test; skips where there is none."""
    server = sa.create_engine("mariadb+pymysql://root@127.0.0.1:3306", isolation_level="AUTOCOMMIT")
    name = f"targets_{os.getpid()}_{worker_id}_{next(_numbers)}"
    try:
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"))
    except sa.exc.SQLAlchemyError as error:
        pytest.skip(f"no MariaDB server at 127.0.0.1:3306: {type(error).__name__}")
    yield f"mariadb+pymysql://root@127.0.0.1:3306/{name}"
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name}"))
    server.dispose()
