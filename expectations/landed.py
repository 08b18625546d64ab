"""Ask of an extract, as it was landed, whether it is fit to be cleansed."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from charging.database.operations.landing import Manifest
from charging.database.queries import landed_columns as read
from charging.database.queries import landing as manifests
from charging.errors import UnknownThing
from charging.legacy.source import COLUMNS, REQUIRED
from expectations import landing
from expectations.check import ask
from expectations.findings import Findings
from expectations.on_sql import ask_rows

MOST_IN_PANDAS = 50_000
"""So many rows are asked about in memory; more stay in PostgreSQL, which says the same of them."""


def check_landing(
    connection: sa.Connection, extract_id: str, *, most_in_pandas: int = MOST_IN_PANDAS
) -> tuple[Findings, ...]:
    """Ask of every entity of an extract what its landed rows should be like; nothing is changed.

    Raises:
        UnknownThing: if there is no such extract.
        CountsDisagree: if not every failing row is named.
    """
    manifest = manifests.manifest(connection, extract_id)
    if manifest is None:
        raise UnknownThing("extract", extract_id, "extract a source first")
    return tuple(
        _check(connection, manifest, entity, most_in_pandas=most_in_pandas)
        for entity in COLUMNS
        if entity in manifest.row_counts
    )


def _check(connection: sa.Connection, manifest: Manifest, entity: str, *, most_in_pandas: int) -> Findings:
    came = manifest.row_counts[entity]
    has = read.names(connection, manifest.extract_id, entity=entity)
    columns = tuple(dict.fromkeys((*REQUIRED[entity], *has)))
    name, expected = f"landing.{entity}", landing.suite(entity, columns, rows=came, as_of=manifest.extracted_at)
    rows = read.landed_columns(manifest.extract_id, entity=entity, columns=columns)
    if came > most_in_pandas:
        return ask_rows(name, expected, connection, rows, key=read.ROW_NUMBER)
    return ask(name, expected, _frame(connection, rows), key=read.ROW_NUMBER)


def _frame(connection: sa.Connection, rows: sa.Select[Any]) -> pd.DataFrame:
    found = connection.execute(rows)
    return pd.DataFrame(list(found.tuples()), columns=list(found.keys()), dtype=object)
