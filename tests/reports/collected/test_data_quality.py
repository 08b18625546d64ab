from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from charging.errors import UnknownThing
from reports.collected.data_quality import data_quality
from reports.render import render
from tasks import reporting

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOSTILE = "</td><script>alert(1)</script>"
ASIDE = [
    ("S1", "cp.id", "it has no id"),
    ("S2", "suite", "ICCIDs are whole. Locations are known."),
]


@pytest.fixture
def quality(migration):
    def read(source="legacy", **chosen):
        with migration.engine.connect() as connection:
            return data_quality(connection, migration.settings, source, **chosen)

    return read


def test_tells_what_every_expectation_answered(quality):
    (first, second) = quality().answers

    assert (first.suite, first.sentence, first.verdict) == ("stations", "There is at least one row.", "met")
    assert (second.sentence, second.verdict, second.unexpected_count) == (
        "At least 98\u202f% of the ICCIDs are whole.",
        "quarantine",
        2,
    )


def test_rows_in_are_merged_set_aside_and_loaded(migration, quality):
    migration.quarantine("legacy-1", ASIDE)

    (table,) = quality().suites

    assert (table.rows_in, table.merged, table.by_rules, table.failing, table.loaded) == (8, 0, 1, 1, 6)
    assert quality().headline == "No table is blocked. 2 rows are set aside, each with its reason."


def test_lists_rows_that_an_expectation_set_aside_and_counts_those_of_rules(migration, quality):
    migration.quarantine("legacy-1", ASIDE)

    assert [(one.key, one.sentence) for one in quality().failing] == [("S2", "ICCIDs are whole. Locations are known.")]
    assert [(one.rule, one.rows, one.owner) for one in quality().by_rule] == [("cp.id", 1, "data team")]


def test_takes_each_table_from_its_latest_extract(migration, quality):
    migration.extract("legacy-2", entities=("session",), at=BEGAN + HOUR, loaded=60)
    migration.extract("target-1", source="target", at=BEGAN + 2 * HOUR)

    assert [(one.suite, one.extract_id) for one in quality().suites] == [
        ("sessions", "legacy-2"),
        ("stations", "legacy-1"),
    ]
    assert quality().as_of == BEGAN + HOUR


def test_takes_the_extract_that_is_meant(migration, quality):
    migration.extract("legacy-2", at=BEGAN + HOUR, loaded=60)

    assert [one.loaded for one in quality().suites] == [60]
    assert [one.loaded for one in quality(extract_id="legacy-1").suites] == [6]


def test_names_a_source_of_which_nothing_was_cleansed(quality):
    with pytest.raises(UnknownThing, match="elsewhere"):
        quality("elsewhere")


def test_hostile_keys_and_reasons_stay_text(migration, quality):
    migration.quarantine("legacy-1", [(HOSTILE, "suite", HOSTILE), ("S", HOSTILE, HOSTILE)])

    html = render(quality())

    assert "<script" not in html
    assert html.count("&lt;/td&gt;&lt;script&gt;") >= 4


def test_stays_small_however_many_rows_fail_and_says_how_many_are_not_on_it(migration, quality):
    rows = [(f"{sha256(str(number).encode()).hexdigest()}", "suite", "ICCIDs are whole.") for number in range(10_002)]
    migration.quarantine("legacy-1", rows)

    html = render(quality())

    assert len(quality().failing) == 10_000
    assert "2 more rows are in quarantine than this page holds." in html
    assert len(html.encode()) <= 1_000_000


def test_is_published_with_everything_else(migration):
    migration.extract("target-1", source="target", entities=("session",))

    published = reporting.publish_data_quality(migration.engine, migration.settings, "target")

    path = Path(published["path"])
    assert (published["kind"], path.name) == ("data quality", "quality-target.html")
    assert published["content_sha256"] == sha256(path.read_bytes()).hexdigest()


def test_names_no_card_and_no_contract(migration, quality):
    uid, contract = "04A1B2C3D4E5F6", "NL-TNM-C00122045-K"
    migration.extract("legacy-3", entities=("token",), at=BEGAN + HOUR)
    migration.quarantine(
        "legacy-3",
        [(uid, "suite", f"{uid} is not of {contract}."), ("T2", "tok.dup", f"{contract} has {uid} twice")],
        entity="token",
    )

    found = quality()

    assert [(one.key, one.sentence) for one in found.failing] == [("04…F6", "04…F6 is not of NL…-K.")]
    assert not any(text in render(found) for text in (uid, contract))
