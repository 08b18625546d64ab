"""The parts of SteVe's schema that a migration reads and writes, in the generation that a database really has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from charging.errors import SourceNotFound
from charging.legacy.snapshot import unreadable

# Never read: settings (mail password), web_user (password hashes), charge_box.auth_password, users' birthdays.
REQUIRED_TABLES = ("charge_box", "ocpp_tag", "transaction_start", "transaction_stop")
OPTIONAL = (
    *("address", "connector_status", "connector_meter_value", "transaction_stop_failed", "evse_connector"),
    *("user", "user_ocpp_tag", "reservation"),
    *("charging_profile", "charging_schedule_period", "connector_charging_profile"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SteveSchema:
    """What there is. SteVe renamed `connector` to `evse` in V1_1_4; before V1_1_0 stations held their coordinates."""

    generation: str
    """`evse` or `connector`: the name of that table, and of its columns."""
    columns: Mapping[str, frozenset[str]]

    @property
    def evse_pk(self) -> str:
        """The surrogate key of the table of EVSEs."""
        return f"{self.generation}_pk"

    @property
    def evse_number(self) -> str:
        """The column with the number of the connector at its station."""
        return f"{self.generation}_id"

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether the database has the table, or the column of it."""
        return table in self.columns and (column is None or column in self.columns[table])

    def table(self, name: str) -> sa.TableClause:
        """Return the table with the columns that it really has."""
        return sa.table(name, *(sa.column(column) for column in sorted(self.columns[name])))

    def reference(self, table: str) -> str:
        """The column by which another table refers to an EVSE; not every release renamed it."""
        return self.evse_pk if self.has(table, self.evse_pk) else "connector_pk"


def reflect(engine: sa.Engine, name: str) -> SteveSchema:
    """Look which generation of SteVe's schema a database has.

    Raises:
        SourceError: if the database cannot be reached, or is none of SteVe's.
    """
    try:
        inspector = sa.inspect(engine)
        present = frozenset(inspector.get_table_names())
        generation = next((each for each in ("evse", "connector") if each in present), None)
        missing = [table for table in REQUIRED_TABLES if table not in present]
        if generation is None or missing:
            what = ", ".join(missing or ["connector or evse"])
            raise SourceNotFound(f"{name}: table {what}", "see that the address names a database of SteVe's")
        tables = (*REQUIRED_TABLES, generation, *(each for each in OPTIONAL if each in present))
        columns = {table: frozenset(column["name"] for column in inspector.get_columns(table)) for table in tables}
    except SQLAlchemyError as error:
        raise unreadable(engine, name, error) from None
    return SteveSchema(generation=generation, columns=columns)


def column_or_null(table: sa.TableClause, schema: SteveSchema, name: str) -> sa.ColumnElement[Any]:
    """Return a column, or NULL where this release of SteVe does not have it."""
    return table.c[name] if schema.has(table.name, name) else sa.null()
