"""Places to load into: a MariaDB database, where there is a server for it, and anything that is spoken to by HTTP."""

import asyncio
import contextlib
import os
import socket
import threading
from itertools import count

import pytest
import sqlalchemy as sa

from rehearsal.listening import web

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


@pytest.fixture
def serve():
    """What serves an ASGI application on a free port of this machine, and returns its address."""
    with contextlib.ExitStack() as until_the_end:
        yield lambda app: until_the_end.enter_context(served(app))


@contextlib.contextmanager
def served(app):
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    server = web(app)
    running = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[listening]),), daemon=True)
    running.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    running.join(timeout=60)
