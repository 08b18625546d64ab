"""Reading what suites said, run by run."""

from collections.abc import Collection

import sqlalchemy as sa

from charging.database import tables
from charging.database.queries.clean import SUITE


def runs(connection: sa.Connection) -> list[str]:
    """Return every run in which anything was asked, the latest first."""
    said, account, extract = tables.validation.c, tables.account.c, tables.extract.c
    of_accounts = (
        sa.select(account.extract_id, extract.extracted_at)
        .join(tables.extract, extract.extract_id == account.extract_id)
        .where(account.suite.is_not(None))
    )
    every = sa.union_all(sa.select(said.run, said.asked_at), of_accounts).subquery()
    at = sa.func.max(every.c.asked_at)
    return list(connection.scalars(sa.select(every.c.run).group_by(every.c.run).order_by(at.desc(), every.c.run)))


def validations(connection: sa.Connection, of_runs: Collection[str]) -> list[sa.RowMapping]:
    """Return what was said in these runs of landed, published and outgoing tables: the latest run first."""
    said = tables.validation.c
    chosen = (
        sa.select(tables.validation)
        .where(said.run.in_(sorted(of_runs)))
        .order_by(said.asked_at.desc(), said.run, said.suite)
    )
    return list(connection.execute(chosen).mappings())


def cleansed(connection: sa.Connection, of_runs: Collection[str]) -> list[sa.RowMapping]:
    """Return what was said of the clean tables of these extracts, with the manifest's source and instant."""
    account, extract = tables.account.c, tables.extract.c
    chosen = (
        sa.select(account.extract_id.label("run"), account.entity, extract.source, account.suite, extract.extracted_at)
        .join(tables.extract, extract.extract_id == account.extract_id)
        .where(account.suite.is_not(None), account.extract_id.in_(sorted(of_runs)))
        .order_by(extract.extracted_at.desc(), account.extract_id, account.entity)
    )
    return list(connection.execute(chosen).mappings())


def set_aside(
    connection: sa.Connection, extract_id: str, *, entity: str, most: int
) -> tuple[int, list[tuple[str, str]]]:
    """Return how many rows a suite set aside, and (key, reasons) of at most so many, by key."""
    row = tables.quarantined_row.c
    is_meant = sa.and_(row.extract_id == extract_id, row.entity == entity, row.rule == SUITE)
    chosen = sa.select(row.key, row.reason).where(is_meant).order_by(row.key, row.reason).limit(most)
    count = connection.scalar(sa.select(sa.func.count()).select_from(tables.quarantined_row).where(is_meant))
    return count or 0, list(connection.execute(chosen).tuples())


def has_landing(connection: sa.Connection, extract_id: str) -> bool:
    """Whether it is written down what the suites said of a landed extract."""
    said = tables.validation.c
    return bool(connection.scalar(sa.select(sa.exists().where(said.run == extract_id, said.stage == "landing"))))


def landing_blocks(connection: sa.Connection, extract_id: str) -> list[tuple[str, list[dict[str, object]]]]:
    """Return each suite that was asked of a landed extract, with its results."""
    said = tables.validation.c
    chosen = (
        sa.select(said.suite, said.results).where(said.run == extract_id, said.stage == "landing").order_by(said.suite)
    )
    return list(connection.execute(chosen).tuples())
