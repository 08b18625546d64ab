"""Reports as pages: one file each, complete in itself, the same bytes for the same value."""

import os
import re
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

import jinja2

from reports import formats
from reports.pages import AGREEMENT, OUTCOMES, PAGES, SIDES, Report
from reports.status import WORDS, Status


def render(report: Report) -> str:
    """Return the report as one HTML page that loads nothing and runs nothing."""
    page = PAGES[type(report)]
    html = _environment().get_template(page.template).render(report=report, charts=page.charts(report))
    return formats.readable(html)


def publish(report: Report, folder: Path) -> Path:
    """Write the page into a folder, whole or not at all, and return where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(report)
    descriptor, unfinished = tempfile.mkstemp(dir=folder, prefix=f".{path.stem}-", suffix=".unfinished")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(render(report))
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return path


def file_name(report: Report) -> str:
    """Return the name of the report's file: always the same for the same plan, wave, partner and period."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", report.stem)[:120]
    if stem != report.stem:  # two names that differ only in what a file name cannot hold must not share a file
        stem = f"{stem}-{sha256(report.stem.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return f"{stem}.html"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        anchor=formats.anchor,
        cell=formats.cell,
        enclose=formats.enclose,
        look=formats.look,
        outcomes=[Status(word, "■", tone) for _, word, tone in OUTCOMES],
        agreement=[Status(word, "■", tone) for word, tone in AGREEMENT],
        both_sides=[Status(word.capitalize(), "■", tone) for word, tone in SIDES],
    )
    environment.filters.update(
        counted=formats.counted,
        day=formats.day,
        instant=formats.instant,
        money=formats.money,
        number=formats.number,
        tag=formats.tag,
    )
    environment.filters["status"] = lambda word, kind: formats.status(kind, word)
    environment.filters["tone"] = lambda word, kind: WORDS[kind][word].tone
    return environment
