"""A database of the first version comes to this one with everything that is in it."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import charging.database
from charging.database import connection as database
from charging.secret import Secret

ROWS = (
    """INSERT INTO roaming.cdr (partner, side, cdr_key, owner, cdr_id, started_at, ended_at, energy_kwh, is_credit,
       quality, lines, stored_at)
       VALUES ('roa', 'ours', 'ours|1', 'NL-EVN', '1', now(), now(), 7.125, false, '[]', '[]', now()),
              ('roa', 'theirs', 'theirs|1', 'NL-EVN', '1', now(), now(), 7.125, false, '[]', '[]', now())""",
    """INSERT INTO roaming.reconciliation VALUES ('roa', '2026-03-29', 'Europe/Amsterdam', now(), now(), false,
       'it gave fewer', '{}', 'abc', now())""",
    """INSERT INTO roaming.verdict (partner, day, verdict_number, verdict, kinds, money_at_risk, explanation, next_step)
       VALUES ('roa', '2026-03-29', 1, 'equal', '[]', 0, 'same', 'none')""",
)


@pytest.fixture
def first_version(database_url):
    engine = database.connect(Secret(database_url))
    _bring(engine, "0001")
    yield engine
    engine.dispose()


def test_brings_cdrs_and_nights_of_the_first_version_along(first_version):
    with first_version.begin() as connection:
        for statement in ROWS:
            connection.execute(sa.text(statement))

    database.migrate(first_version)

    with first_version.connect() as connection:
        stated = "SELECT side, protocol, state, is_cost_significant, session_aliases, energy_kwh::text FROM roaming.cdr"
        cdrs = connection.execute(sa.text(stated)).tuples().all()
        nights = connection.execute(
            sa.text("SELECT partner, day::text, version, is_complete, judged, inputs_sha256 FROM roaming.night")
        )
        assert sorted(cdrs) == [
            ("ours", "own", "final", True, [], "7.125"),
            ("theirs", "ocpi", "final", True, [], "7.125"),
        ]
        assert nights.tuples().all() == [("roa", "2026-03-29", 1, False, 1, "abc")]


def _bring(engine, revision):
    config = Config()
    config.set_main_option("script_location", str(Path(charging.database.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
