"""The impact sheet of new EVSE ids and the artwork of its stickers, written where reports are."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import evidence as write
from charging.settings import Settings
from reports import labels
from reports.collected.impact import impact
from reports.impact import Impact
from reports.render import publish
from tasks import opening

KIND = "impact of new ids"
FOLDER = "stickers"


@task(name="publish-impact")
def publish_impact() -> dict[str, Any]:
    """Publish the sheet and its artwork."""
    settings = configuration.load()
    with opening.engine(settings) as engine:
        return published(engine, settings)


def published(engine: sa.Engine, settings: Settings) -> dict[str, Any]:
    """Write the sheet, one SVG for each sticker, and A4 sheets of them; return where, and what it comes to."""
    now = system_clock()
    folder = settings.home / settings.reports
    with engine.begin() as connection:
        report = impact(connection, settings, as_of=now)
        path = publish(report, folder)
        content = sha256(path.read_bytes()).hexdigest()
        write.store_report(connection, name=path.stem, kind=KIND, path=str(path), content_sha256=content, at=now)
    artwork = _artwork(report)
    _write(folder / FOLDER, artwork)
    return told(report) | {"path": str(path), "stickers_folder": str(folder / FOLDER), "artwork": len(artwork)}


def told(report: Impact) -> dict[str, Any]:
    """Return the sheet as plain data."""
    return {
        "headline": report.headline,
        "changes": list(report.changes),
        "visits": list(report.visits),
        "recipients": list(report.recipients),
        "costs": list(report.costs),
        "totals": {way: report.total(way) for way in ("sticker", "alias")},
        "alias_days": report.alias_days,
    }


def _artwork(report: Impact) -> dict[str, str]:
    single = {each.artwork: labels.label(each.after, each.qr) for each in report.sheets}
    pages = labels.sheets([(each.after, each.qr) for each in report.sheets])
    return single | {f"sheet-{number}.svg": page for number, page in enumerate(pages, start=1)}


def _write(folder: Path, artwork: Mapping[str, str]) -> None:
    """Make the folder hold exactly these files: an old sticker that lies about would be printed some day."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in artwork.items():
        unfinished = folder / f".{name}.unfinished"
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(folder / name)
    for file in folder.glob("*.svg"):
        if file.name not in artwork:
            file.unlink()
