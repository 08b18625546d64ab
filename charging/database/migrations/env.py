"""How Alembic runs: always inside a connection that is handed in."""

from typing import Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from charging.database.columns import Document, Words
from charging.database.tables import SCHEMAS, metadata

connection = context.config.attributes["connection"]
for schema in SCHEMAS:
    connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))


def as_plain(kind: str, value: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column types into a migration as what they are in the database."""
    if kind == "type" and isinstance(value, Words):
        return "sa.Text()"
    if kind == "type" and isinstance(value, Document):
        return "postgresql.JSONB(astext_type=sa.Text())"
    return False


context.configure(
    connection=connection,
    target_metadata=metadata,
    include_schemas=True,
    include_name=lambda name, kind, _parents: name in SCHEMAS if kind == "schema" else True,
    render_item=as_plain,
    version_table="schema_version",
    version_table_schema="evidence",
)
with context.begin_transaction():
    context.run_migrations()
