"""Databases of other makes than ours."""

import os
from collections.abc import Iterator
from itertools import count

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

MARIADB = "mysql+pymysql://root@127.0.0.1:3306/"
_numbers = count()


@pytest.fixture
def mariadb_url(worker_id: str) -> Iterator[str]:
    """The address of a fresh database on the machine's own MariaDB, dropped after the test."""
    server = sa.create_engine(MARIADB, connect_args={"connect_timeout": 60})
    name = f"sources_test_{os.getpid()}_{worker_id}_{next(_numbers)}"
    try:
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
    except OperationalError:
        pytest.skip("no MariaDB at 127.0.0.1:3306")
    yield MARIADB + name
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name}"))
    server.dispose()


@pytest.fixture(params=["postgresql", "mariadb"])
def legacy_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database of each make that a back-office may be on."""
    fixture = {"postgresql": "database_url", "mariadb": "mariadb_url"}[request.param]
    return str(request.getfixturevalue(fixture))
