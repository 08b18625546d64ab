"""Where somebody who was forgotten still stands: in evidence, which stays byte for byte and is shown to nobody."""

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from charging.database import tables
from charging.database.columns import Document, Words

EVIDENCE: Mapping[tuple[str, str], str] = {
    ("clean.meter_value", "signed"): "what a meter signed stays byte for byte (metering evidence); it is not shown",
    ("roaming.page", "body"): "what a partner sent is evidence until its dispute window ends; it is not shown",
}
WHY: Mapping[str, str] = {
    **{".".join(place): why for place, why in EVIDENCE.items()},
    "landing.landed_row.fields": "what a meter signed, as it was landed, stays byte for byte; it is not shown",
}
"""Why it still stands there."""
Names = Callable[[str], bool]
"""Whether a text names the person."""
_ROWS_AT_ONCE = 500


def left(connection: sa.Connection, names: Sequence[str], is_named: Names) -> dict[str, int]:
    """Return where a person still stands, and in how many rows: in text, in pages and in what meters signed."""
    found = {
        "roaming.page.body": _pages(connection, is_named),
        "clean.meter_value.signed": _signed(connection, is_named),
    }
    for table in tables.metadata.sorted_tables:
        for column in table.columns if names else ():
            if isinstance(column.type, Words | Document | JSON) and (str(table), column.name) not in EVIDENCE:
                written = sa.cast(column, sa.Text)
                holds = sa.or_(*(written.icontains(json.dumps(name)[1:-1], autoescape=True) for name in names))
                counted = sa.select(sa.func.count()).select_from(table).where(holds)
                found[f"{table.schema}.{table.name}.{column.name}"] = connection.scalar(counted) or 0
    return {place: rows for place, rows in found.items() if rows}


def _pages(connection: sa.Connection, is_named: Names) -> int:
    """Count the pages, each unpacked alone."""
    bodies = connection.execute(sa.select(tables.page.c.body), execution_options={"yield_per": 10}).scalars()
    return sum(is_named(zlib.decompress(body).decode("utf-8", errors="replace")) for body in bodies)


def _signed(connection: sa.Connection, is_named: Names) -> int:
    row = tables.meter_value.c
    chosen = sa.select(row.signed).where(row.signed.is_not(None))
    values = connection.execute(chosen, execution_options={"yield_per": _ROWS_AT_ONCE}).scalars()
    return sum(any(map(is_named, readings(value))) for value in values)


def readings(signed: str) -> Iterator[str]:
    """Yield what a meter signed as it is written, and as it reads where it is written in hex or in Base64."""
    yield signed
    for decoded in (bytes.fromhex, lambda text: base64.b64decode(text, validate=True)):
        try:
            yield decoded(signed.strip()).decode()
        except (ValueError, binascii.Error):
            continue
