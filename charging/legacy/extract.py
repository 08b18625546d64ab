"""One extraction: everything a source has, as it is, into landing, with a manifest that says what came."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256

import sqlalchemy as sa

from charging.clock import Clock
from charging.database.operations import landing as write
from charging.database.operations.landing import Landing, Manifest
from charging.database.queries import landing as read
from charging.database.turns import take_turns
from charging.legacy.parts import key_of, part_of
from charging.legacy.source import COLUMNS, Inspection, LandedRow, Source
from charging.legacy.tally import Tally
from charging.legacy.written import written

Told = Callable[[str, int], None]
Redact = Callable[[str, Mapping[str, str | None]], Mapping[str, str | None]]
"""What is kept of an entity's row; the very same where nothing is to be left out (see `charging.personal`)."""


def extract(
    source: Source,
    engine: sa.Engine,
    *,
    clock: Clock,
    code_version: str,
    entities: Sequence[str] | None = None,
    after: Manifest | None = None,
    redact: Redact | None = None,
    tell: Told | None = None,
    settle: Callable[[sa.Connection, str], None] | None = None,
) -> tuple[Manifest, bool]:
    """Land every row of a source in one transaction; return the manifest, and whether it is new.

    `entities` narrows what is read; without it everything that the source says it has. `after` is an earlier extract:
    of entities that have a watermark, only what came since is read; all others come whole.

    The same content of the same source is the same extract: nothing lands twice, and the earlier manifest is returned.
    That is judged by what came: `redact` only changes what is kept of it, and so does `settle`, which has the last word
    on the rows of a new extract, by its id, in their own transaction.

    Raises:
        SourceError: if the source cannot be read to its end; nothing has been landed then.
    """
    inspection = source.inspect()
    begun = {} if after is None else after.watermarks
    extract_id = f"{source.name}-{clock():%Y%m%dT%H%M%S%f}"
    content, counts, tally = sha256(), {}, Tally()
    with engine.connect() as connection, connection.begin() as transaction:
        take_turns(connection, f"extract {source.name}")
        for entity in (entity for entity in COLUMNS if entity in (entities or inspection.entities)):
            content.update(f"\n{entity}\n".encode())
            found = _every(source, entity, after=begun.get(entity), tally=tally, tell=tell)
            landing = _landing(found, entity, digest=content.update, redact=redact)
            counts[entity] = write.store_rows(connection, extract_id=extract_id, entity=entity, landing=landing)
        before = read.extract_with(connection, source=source.name, content_sha256=content.hexdigest())
        if before is not None:
            transaction.rollback()
        else:
            manifest = Manifest(
                extract_id=extract_id,
                source=source.name,
                kind=source.kind,
                schema_generation=inspection.schema_generation,
                notes=list(inspection.notes),
                row_counts=counts,
                content_sha256=content.hexdigest(),
                code_version=code_version,
                extracted_at=clock(),  # after the last row: a source that lives has nothing then that is later
                file_counts={entity: dict(files) for entity, files in tally.files.items()},
                window_from=tally.window[0],
                window_until=tally.window[1],
                kwh=tally.total_kwh if "session" in counts else None,
                kwh_by_month=tally.kwh_by_month,
                watermarks=_watermarks(inspection, counts, begun),
                after_extract_id=None if after is None else after.extract_id,
            )
            if settle is not None:
                settle(connection, extract_id)
            write.store_manifest(connection, manifest)
            return manifest, True
    with engine.connect() as connection:
        same = read.manifest(connection, before)
    assert same is not None  # noqa: S101 - manifests are never deleted
    return same, False


def _every(source: Source, entity: str, *, after: str | None, tally: Tally, tell: Told | None) -> Iterator[LandedRow]:
    number = 0
    for chunk in source.rows(entity) if after is None else source.rows(entity, after=after):
        for row in chunk:
            tally.count(row)
            yield row
        number += len(chunk)
        if tell is not None:
            tell(entity, number)


def _landing(
    rows: Iterator[LandedRow], entity: str, *, digest: Callable[[bytes], None], redact: Redact | None
) -> Iterator[Landing]:
    for number, row in enumerate(rows, start=1):
        fields, row_hash = written(row.values)
        digest(row_hash.encode())
        values = row.values
        if redact is not None and (values := redact(entity, row.values)) is not row.values:
            fields, _ = written(values)
        key, part = key_of(entity, values), part_of(entity, values)
        yield Landing(number, row.file, row.line, row_hash, key, part, fields)


def _watermarks(inspection: Inspection, counts: Mapping[str, int], begun: Mapping[str, str]) -> dict[str, str]:
    """Return how far the source went before it was read; where a delta finds nothing, as far as before."""
    told = {entity: mark.highest for entity, mark in inspection.watermarks.items() if entity in counts}
    return {entity: mark for entity in told if (mark := told[entity] or begun.get(entity)) is not None}
