"""Customers are read in one place, which writes down who read them; all others count them at most."""

from pathlib import Path

import pytest
import sqlalchemy as sa

import charging
from charging.database.queries import proving

ROOT = Path(charging.__file__).parents[1]
READING = {"charging/database/queries/personal.py"}
WRITING = {"charging/database/operations/clean.py", "charging/database/operations/forgetting.py"}


def test_no_other_file_names_the_customers():
    rooms = ("charging", "console", "expectations", "flows", "reports", "tasks")
    naming = {
        str(file.relative_to(ROOT))
        for room in rooms
        for file in (ROOT / room).rglob("*.py")
        if "migrations" not in file.parts and any(word in file.read_text() for word in ("tables.customer", "vault."))
    }

    assert naming - READING - WRITING <= {"charging/database/tables/__init__.py", "charging/database/tables/clean.py"}


@pytest.mark.parametrize(
    "counted",
    [
        pytest.param(lambda connection: proving.clean(connection, ["x-1"], "customer"), id="of an extract"),
        pytest.param(lambda connection: proving.every_clean(connection, "customer"), id="all"),
        pytest.param(lambda connection: proving.renewed(connection, ["x-1"], "customer"), id="told anew"),
    ],
)
def test_a_proof_reads_how_many_there_are_and_nothing_else(engine, counted):
    statements = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _k, text, *_: statements.append(text))
    with engine.connect() as connection:
        assert counted(connection) == 0

    (read,) = (text for text in statements if "vault.customer" in text)
    assert read.startswith("SELECT count(*)")
