"""One extraction: everything a source has, as it is, into landing, with a manifest that says what came."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

import sqlalchemy as sa

from charging.clock import Clock
from charging.database.operations import landing as write
from charging.database.operations.landing import Manifest
from charging.database.queries import landing as read
from charging.database.turns import take_turns
from charging.legacy.source import COLUMNS, LandedRow, Source

Told = Callable[[str, int], None]


def extract(
    source: Source,
    engine: sa.Engine,
    *,
    clock: Clock,
    code_version: str,
    entities: Sequence[str] | None = None,
    tell: Told | None = None,
) -> tuple[Manifest, bool]:
    """Land every row of a source in one transaction; return the manifest, and whether it is new.

    `entities` narrows what is read; without it everything that the source says it has.

    The same content of the same source is the same extract: nothing lands twice, and the earlier manifest is returned.

    Raises:
        SourceError: if the source cannot be read to its end; nothing has been landed then.
    """
    inspection = source.inspect()
    extract_id = f"{source.name}-{clock():%Y%m%dT%H%M%S%f}"
    content, counts = sha256(), {}
    with engine.connect() as connection, connection.begin() as transaction:
        take_turns(connection, f"extract {source.name}")
        for entity in (entity for entity in COLUMNS if entity in (entities or inspection.entities)):
            content.update(f"\n{entity}\n".encode())
            numbered = _numbered(source, entity, digest=content.update, tell=tell)
            counts[entity] = write.store_rows(connection, extract_id=extract_id, entity=entity, numbered=numbered)
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
            )
            write.store_manifest(connection, manifest)
            return manifest, True
    with engine.connect() as connection:
        found = read.manifest(connection, before)
    assert found is not None  # noqa: S101 - manifests are never deleted
    return found, False


def _numbered(
    source: Source, entity: str, *, digest: Callable[[bytes], None], tell: Told | None
) -> Iterator[tuple[int, LandedRow]]:
    number = 0
    for chunk in source.rows(entity):
        for row in chunk:
            number += 1
            digest(row.row_hash.encode())
            yield number, row
        if tell is not None:
            tell(entity, number)
