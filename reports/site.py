"""Data Docs as a static site: an index, a page per suite, a page per suite and run. It loads and runs nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from reports.data_docs import DataDocs
from reports.render import fill, write

INDEX = "index.html"


def publish_site(docs: DataDocs, folder: Path) -> Path:
    """Write every page whose bytes are not there yet, the index last, and return where it is.

    Then the pages of older runs go, to which nothing leads any more, and those of suites that only these asked.
    """
    written = set()
    for name, text in pages(docs):
        path = folder / name
        written.add(path)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write(path, text)
    for run in docs.older_folders:
        if (folder / "runs" / run).is_dir():
            shutil.rmtree(folder / "runs" / run)
    for path in (folder / "suites").glob("*.html"):
        if path not in written:
            path.unlink(missing_ok=True)
    return folder / INDEX


def pages(docs: DataDocs) -> Iterator[tuple[str, str]]:
    """Yield every page's place and text."""
    for one in docs.validations:
        yield f"runs/{one.run_folder}/{one.page}", fill("data_docs_validation.html.j2", one)
    for suite in docs.suites:
        yield f"suites/{suite.page}", fill("data_docs_suite.html.j2", suite)
    yield INDEX, fill("data_docs_index.html.j2", docs)
