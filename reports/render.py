"""Reports as pages: one file each, complete in itself, the same bytes for the same value."""

import os
import re
import tempfile
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

import jinja2
from markupsafe import Markup

from reports import formats, labels
from reports.pages import AGREEMENT, OUTCOMES, PAGES, SIDES, TURNS, Report
from reports.status import WORDS, Status


def render(report: Report) -> str:
    """Return the report as one HTML page that loads nothing and runs nothing."""
    page = PAGES[type(report)]
    return fill(page.template, report, page.charts(report))


def fill(template: str, report: object, charts: Mapping[str, Markup] | None = None) -> str:
    """Return a template filled with a report's value, complete in itself."""
    html = _environment().get_template(template).render(report=report, charts=charts or {})
    return formats.readable(html)


def publish(report: Report, folder: Path) -> Path:
    """Write the page into a folder, whole or not at all, and return where it is."""
    return write(folder / file_name(report), render(report))


def write(path: Path, text: str) -> Path:
    """Write a file, whole or not at all, and return where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".unfinished")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return path


def file_name(report: Report) -> str:
    """Return the name of the report's file: always the same for the same plan, wave, partner and period."""
    return f"{safe_name(report.stem)}.html"


def safe_name(name: str) -> str:
    """Return a name as a file or a folder may have it."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:120]
    if stem != name:  # two names that differ only in what a file name cannot hold must not share a file
        stem = f"{stem}-{sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return stem


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
        label=lambda evse_id, content: Markup(labels.label(evse_id, content)),  # noqa: S704 - it escapes what it is given
        look=formats.look,
        outcomes=[Status(word, "■", tone) for _, word, tone in OUTCOMES],
        agreement=[Status(word, "■", tone) for word, tone in AGREEMENT],
        whose_turn=[Status(WORDS["turn"][turn].word, "■", WORDS["turn"][turn].tone) for turn in TURNS],
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
