"""Writing down what suites said of tables that are not accounted for otherwise."""

from collections.abc import Mapping

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import rows


def store_validation(connection: sa.Connection, validation: Mapping[str, object]) -> None:
    """Store what a suite said in a run; asked again in the same run, the later answer stands."""
    rows.upsert(connection, tables.validation, [dict(validation)])
