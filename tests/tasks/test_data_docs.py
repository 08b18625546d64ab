"""Data Docs keep the pages of as many runs as the settings say."""

from datetime import UTC, datetime, timedelta

import pytest

from charging import settings as configuration
from charging.database.operations.validations import store_validation
from charging.database.queries import validations as read
from tasks.data_docs import publish_docs

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.fixture
def ask(engine):
    """What writes down that something was asked of a target, some hours later."""

    def asked(run, *, hours, suite="outgoing.csv.token"):
        named = {"run": run, "suite": suite, "stage": "outgoing", "source": "target", "engine": "pandas"}
        said = {"rows": 1, "set_aside": 0, "results": [], "unasked": [], "score": None}
        with engine.begin() as connection:
            store_validation(connection, named | said | {"asked_at": AT + timedelta(hours=hours)})

    return asked


def test_keep_the_latest_runs(engine, settings, ask):
    (settings.home / "rehome.toml").write_text("data_docs_runs = 2")
    for number in range(3):
        ask(f"load-{number}", hours=number)
    two = configuration.load()

    index = publish_docs(engine, two)

    assert sorted(path.name for path in (index.parent / "runs").iterdir()) == ["load-1", "load-2"]
    ask("load-3", hours=3)
    publish_docs(engine, two)
    assert sorted(path.name for path in (index.parent / "runs").iterdir()) == ["load-2", "load-3"]
    assert "2 older runs have no pages here" in index.read_text(encoding="utf-8")
    publish_docs(engine, settings)
    assert len(list((index.parent / "runs").iterdir())) == 4


def test_go_by_what_was_asked_last_in_a_run(engine, ask):
    ask("a", hours=1)
    ask("b", hours=2)
    ask("a", hours=3, suite="outgoing.csv.station")

    with engine.connect() as connection:
        assert read.runs(connection) == ["a", "b"]
