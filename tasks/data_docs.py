"""Publishing Data Docs: a static site of everything that suites were asked, beside the reports."""

from pathlib import Path

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.settings import Settings
from reports.collected.data_docs import data_docs
from reports.site import publish_site
from tasks import opening

FOLDER = "data-docs"


@task
def publish_data_docs() -> str:
    """Bring Data Docs up to what has been asked until now; return where their index is."""
    settings = configuration.load()
    with opening.engine(settings) as engine:
        return str(publish_docs(engine, settings))


def publish_docs(engine: sa.Engine, settings: Settings) -> Path:
    """Bring Data Docs up to what has been asked until now; return where their index is, or would be."""
    folder = settings.home / settings.reports / FOLDER
    with engine.connect() as connection:
        docs = data_docs(connection, settings)
    return folder / "index.html" if docs is None else publish_site(docs, folder)
