"""Data Docs are a site that loads nothing, shows every run, and is the same for the same findings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest

from reports.data_docs import Asked, DataDocs, Failing, FieldScore, Score, Validation
from reports.site import pages, publish_site

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\" onmouseover='x' https://evil.example/ =cmd"


def asked(verdict="met", **values):
    return Asked(
        **{
            "expectation_id": f"session.{verdict}",
            "column": "session_id",
            "sentence": "No session id occurs twice.",
            "consequence": "block" if verdict == "met" else verdict,
            "is_met": verdict == "met",
            "unexpected_count": 0 if verdict == "met" else 2,
        }
        | values
    )


def validation(run="legacy-1", suite="clean.session", *, at=AT, **values):
    return Validation(
        **{
            "network": "NL*EVN",
            "time_zone": "Europe/Amsterdam",
            "run": run,
            "run_folder": run,
            "suite": suite,
            "page": f"{suite.replace('.', '-')}.html",
            "stage": suite.partition(".")[0],
            "source": "legacy",
            "engine": "pandas",
            "rows": 7,
            "set_aside": 0,
            "as_of": at,
            "asked": (asked(),),
        }
        | values
    )


def docs(*validations):
    return DataDocs(network="NL*EVN", time_zone="Europe/Amsterdam", validations=validations)


MANY = docs(
    validation(
        asked=(asked("quarantine"),), failing=(Failing(key=HOSTILE, sentence=HOSTILE, consequence="quarantine"),)
    ),
    validation(suite="landing.session", source=HOSTILE, unasked=(HOSTILE,)),
    validation("legacy-2", at=AT + timedelta(days=1)),
    validation(
        "published-1",
        "published.location",
        score=Score(
            score=None,
            completeness=None,
            correctness=None,
            of_all=None,
            fields=(FieldScore(entity="location", field="id", weight=2, rows=3, filled=2, correct=0),),
        ),
    ),
    validation("load-1", "outgoing.steve.token", asked=(asked("refuse"),)),
)


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.tags = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert not [name for name, _ in attributes if name.startswith("on")]
        self.links += [value for name, value in attributes if name in {"href", "src", "srcset", "action"}]


@pytest.mark.parametrize(("place", "text"), pages(MANY), ids=lambda value: value if value.endswith(".html") else "")
def test_loads_nothing_from_outside_and_runs_nothing(place, text):
    seen = Links(text)

    assert not seen.tags & {"script", "link", "iframe", "img", "object", "embed", "form"}
    written = {name for name, _ in pages(MANY)}
    for link in seen.links:
        if not link.startswith("data:text/csv"):
            target = PurePosixPath(place).parent / link
            assert str(target.relative_to(".") if ".." not in link else _resolved(target)) in written


def _resolved(path):
    parts = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return PurePosixPath(*parts)


def test_has_a_page_for_each_suite_and_for_each_run_of_it():
    assert [name for name, _ in pages(MANY)] == [
        "runs/legacy-1/clean-session.html",
        "runs/legacy-1/landing-session.html",
        "runs/legacy-2/clean-session.html",
        "runs/published-1/published-location.html",
        "runs/load-1/outgoing-steve-token.html",
        "suites/landing-session.html",
        "suites/clean-session.html",
        "suites/published-location.html",
        "suites/outgoing-steve-token.html",
        "index.html",
    ]


def test_shows_the_latest_run_first():
    index = dict(pages(MANY))["index.html"]

    assert index.index("legacy-2") < index.index("legacy-1")


def test_is_the_same_for_the_same_findings_and_is_then_not_written_again(tmp_path):
    index = publish_site(MANY, tmp_path)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.html")}

    publish_site(MANY, tmp_path)

    assert index == tmp_path / "index.html"
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.html")} == before


def test_keeps_the_pages_of_a_run_when_the_next_one_is_added(tmp_path):
    publish_site(docs(validation()), tmp_path)

    publish_site(docs(validation(), validation("legacy-2", at=AT + timedelta(days=1))), tmp_path)

    assert (tmp_path / "runs/legacy-1/clean-session.html").is_file()
    assert "legacy-1" in (tmp_path / "suites/clean-session.html").read_text(encoding="utf-8")


def test_takes_the_pages_of_older_runs_out_and_says_so(tmp_path):
    older = validation(suite="clean.token")
    publish_site(docs(older, validation()), tmp_path)
    (tmp_path / "runs" / "kept-by-hand").mkdir()
    latest = docs(validation("legacy-2", at=AT + timedelta(days=1)))

    index = publish_site(replace(latest, older_folders=("legacy-1", "legacy-0")), tmp_path)

    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.html")} == {
        "index.html",
        "runs/legacy-2/clean-session.html",
        "suites/clean-session.html",
    }
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["kept-by-hand", "legacy-2"]
    assert "This is the latest run. 2 older runs have no pages here" in index.read_text(encoding="utf-8")


def test_says_nothing_of_older_runs_where_there_are_none():
    assert "older" not in dict(pages(docs(validation())))["index.html"]


@pytest.mark.parametrize(
    ("verdicts", "values", "headline"),
    [
        pytest.param(["met"], {}, "All 1 expectation hold.", id="all met"),
        pytest.param(["met", "block", "warn"], {}, "Nothing of it goes on: 1 expectation blocks.", id="a block"),
        pytest.param(["quarantine", "warn"], {"set_aside": 1}, "1 row is set aside, each with its reason.", id="aside"),
        pytest.param(["refuse"], {"set_aside": 2}, "2 rows are refused, each with its reason.", id="refused"),
        pytest.param(["warn"], {}, "Everything goes on, with 1 warning.", id="a warning"),
        pytest.param(["met"], {"rows": 0}, "There are no rows.", id="nothing there"),
        pytest.param([], {}, "Nothing could be asked.", id="nothing asked"),
    ],
)
def test_says_in_one_sentence_what_follows(verdicts, values, headline):
    assert replace(validation(), asked=tuple(asked(each) for each in verdicts), **values).headline == headline
