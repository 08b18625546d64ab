"""What every table is made with: one metadata, its naming, and the columns that recur."""

import sqlalchemy as sa

from charging.database.columns import Words

SCHEMAS = ("landing", "clean", "vault", "quarantine", "migration", "roaming", "evidence", "gateway")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant = sa.DateTime(timezone=True)


def key(name: str) -> sa.Column[str]:
    return sa.Column(name, Words, primary_key=True)


def text(name: str, *, is_required: bool = True) -> sa.Column[str]:
    return sa.Column(name, Words, nullable=not is_required)
