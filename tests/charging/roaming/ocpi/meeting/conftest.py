"""Platforms for handshakes and pushes, and a way to end a process at a step."""

import importlib.util
from pathlib import Path

import pytest
import sqlalchemy as sa

from charging.database import connection as database
from charging.secret import Secret

TABLES = "partner_registration", "registration_event", "given_token", "pushed_body", "pushed_record"
_spec = importlib.util.spec_from_file_location("sides", Path(__file__).with_name("sides.py"))
sides = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sides)


@pytest.fixture(scope="session")
def grounds(copied, serve_on):
    """Make, once, what is dear: a database and a server for each platform."""
    made = {}

    def make(number):
        if number not in made:
            with_tables = copied()
            engine = database.connect(Secret(with_tables.__enter__()))
            made[number] = with_tables, engine, *_served(serve_on)
        _, engine, url, serving = made[number]
        with engine.begin() as connection:
            connection.execute(sa.text("TRUNCATE " + ", ".join(f"roaming.{table}" for table in TABLES)))
        return engine, url, serving

    yield make
    for with_tables, engine, *_ in made.values():
        engine.dispose()
        with_tables.__exit__(None, None, None)


def _served(serve_on):
    serving = {}

    async def app(scope, receive, send):
        await serving["app"](scope, receive, send)

    return serve_on(app), serving


@pytest.fixture
def platform(grounds, tmp_path):
    """Make a platform: a party with a role, a database, a secrets folder and a receiver."""
    made = []

    def make(number, party, role):
        engine, url, serving = grounds(number)
        folder = tmp_path / str(number)
        folder.mkdir()
        side = sides.Side(party=party, role=role, folder=folder, engine=engine, url=f"{url}/ocpi", serving=serving)
        made.append(side)
        return side

    yield make
    for side in made:
        side.close()


@pytest.fixture
def both(platform):
    """Us, with stations, and a partner with drivers."""
    return platform(1, "NL-EVN", "cpo"), platform(2, "NL-ROA", "emsp")


@pytest.fixture
def third(platform):
    """The platform that we move to."""
    return platform(3, "NL-EVN", "cpo")


@pytest.fixture
def killed():
    """What ends the process where it is put."""

    class _Killed:
        kind = sides.Killed

        def __call__(self, *_args, **_kwargs):
            raise self.kind

        def at_post(self, stream):
            def streamed(http, method, *args, **kwargs):
                if method == "POST":
                    raise self.kind
                return stream(http, method, *args, **kwargs)

            return streamed

    return _Killed()
