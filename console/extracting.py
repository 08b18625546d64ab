"""`rehome extract`: one source from file to clean rows, with the counts that prove it."""

from pathlib import Path
from typing import Any

from charging import canonical
from charging import settings as configuration
from charging.legacy.named import currency_of
from charging.legacy.source import Source
from console import stack
from console.progress import Telling
from tasks import cleansing, extraction, reporting
from tasks.data_docs import publish_docs


def extract(
    home: Path, source: Source, *, time_zone: str | None, telling: Telling, delta: bool = False
) -> dict[str, Any]:
    """Extract a source, cleanse it, and return the accounts, what was mended, and what waits for whom.

    Raises:
        MachineError: if there is no database to put it in.
        SourceError: if the source cannot be read to its end; nothing has been landed then.
    """
    settings = configuration.load(home)
    telling.begin("database", "PostgreSQL")
    home.mkdir(parents=True, exist_ok=True)
    engine = stack.start_database(home)
    telling.end("database", "up")
    telling.begin("extract", f"extract {source.name}")
    landed = extraction.land(
        source, engine, delta=delta, tell=lambda entity, rows: telling.advance("extract", rows, rows, entity)
    )
    telling.end("extract", f"{sum(landed['row_counts'].values())} rows" + ("" if landed["is_new"] else ", as before"))
    telling.begin("cleanse", "cleanse and check")
    cleansed = cleansing.cleanse_extract(
        engine, settings, landed["extract_id"], time_zone=time_zone, currency=currency_of(source)
    )
    quality = reporting.publish_data_quality(engine, settings, landed["source"], extract_id=landed["extract_id"])
    docs = publish_docs(engine, settings)
    engine.dispose()
    telling.end("cleanse", "done")
    return {
        "notes": landed["notes"],
        "extract_id": landed["extract_id"],
        "content_sha256": landed["content_sha256"],
        "rows": cleansed["accounts"],
        "fixes": cleansed["fixes"],
        "quarantine": cleansed["quarantine"],
        "questions": cleansed["questions"],
        "warnings": cleansed["warnings"],
        "suites": canonical.plain(cleansed["suites"]),
        "data_quality": quality["path"],
        "data_docs": str(docs),
        "adds_up": all(
            row["rows_in"] == row["loaded"] + row["merged"] + row["quarantined"] for row in cleansed["accounts"]
        ),
    }
