"""What is in quarantine is seen and answered from the shell; what is missing is said in one sentence."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from charging.cleansing.answers import Choice
from charging.database.operations.landing import Manifest, store_manifest
from charging.errors import AnswerRefused, SettingsError, SourceNotFound, UnknownThing, UnreadableSource
from console import forgetting, quarantining
from console.quarantining import Word

MANIFEST = Manifest(
    extract_id="legacy-1",
    source="legacy",
    kind="csv",
    notes=[],
    row_counts={},
    content_sha256="0",
    schema_generation=None,
    code_version="1",
    extracted_at=datetime(2026, 3, 1, tzinfo=UTC),
)
WORD = Word(choice=Choice.RELEASED, by="the fitter", because="the car was full")


@pytest.fixture
def reached(home, migrated_url, monkeypatch):
    """A home whose database has our tables and nothing in them."""
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))
    return home


@pytest.mark.parametrize("rule", ["tx.zero", "station.identity_fits"], ids=["of cleansing", "of a suite"])
def test_a_rule_that_has_set_nothing_aside_is_known_all_the_same(rule):
    assert quarantining.meant(rule=rule).rule == rule


def test_an_empty_quarantine_is_told_as_one(reached, tmp_path):
    meant = quarantining.meant(entity="session")

    assert list(quarantining.list_lines(quarantining.listed(reached, meant))) == [
        "nothing of that kind is in quarantine"
    ]
    done = quarantining.decide(reached, meant, WORD, dry_run=True)
    assert [line.strip() for line in quarantining.decision_lines(done)] == [
        "as before  nothing of that kind waits, or all of it was decided so before",
        "dry run  nothing was changed; --yes does it",
    ]
    assert quarantining.export(reached, meant, tmp_path / "new" / "list.xlsx")["cases"] == 0
    taken = quarantining.take_in(reached, tmp_path / "new" / "list.xlsx", dry_run=True, only_good=False)
    assert (taken["lines"], taken["problems"]) == (0, [])


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        pytest.param(
            lambda home, _: quarantining.decide(home, quarantining.meant(), WORD, dry_run=True),
            AnswerRefused,
            "nothing says which cases are meant; name one",
            id="nothing meant",
        ),
        pytest.param(
            lambda *_: quarantining.meant(owner="maintenanze"),
            UnknownThing,
            "there is no party 'maintenanze': choose one of data team, station maker",
            id="no party",
        ),
        pytest.param(
            lambda *_: quarantining.meant(entity="sessions"),
            UnknownThing,
            "there is no entity 'sessions'",
            id="no entity",
        ),
        pytest.param(
            lambda *_: quarantining.meant(rule="tx.zro"),
            UnknownThing,
            "there is no rule 'tx.zro': near it are tx.zero",
            id="no rule",
        ),
        pytest.param(
            lambda *_: quarantining.meant(rule="cp.nothing_like_it"),
            UnknownThing,
            "near it are cp.case_space, cp.dead",
            id="no rule, of stations",
        ),
        pytest.param(
            lambda *_: quarantining.meant(rule="?"), UnknownThing, "see the column rule of", id="no rule, of nothing"
        ),
        pytest.param(
            lambda home, _: quarantining.shown(home, "Q-0"), UnknownThing, "there is no case 'Q-0'", id="no case"
        ),
        pytest.param(
            lambda home, _: quarantining.take_in(home, Path("none.xlsx"), dry_run=True, only_good=False),
            SourceNotFound,
            "there is no source 'none.xlsx'",
            id="no list",
        ),
        pytest.param(
            lambda home, file: quarantining.take_in(home, file, dry_run=True, only_good=False),
            UnreadableSource,
            "it is no text with a column Key",
            id="another file",
        ),
        pytest.param(
            lambda home, _: quarantining.export(home, quarantining.meant(), Path("list.pdf")),
            SettingsError,
            "neither .xlsx nor .csv",
            id="no form",
        ),
        pytest.param(
            lambda home, _: forgetting.forget(home, {"customer": "", "token": " "}, by="x", reason="y", dry_run=True),
            AnswerRefused,
            "a person is named in one way",
            id="nobody named",
        ),
        pytest.param(
            lambda home, _: forgetting.forget(home, {"token": "04A1"}, by="The officer", reason="y", dry_run=True),
            SettingsError,
            "pseudonym_key is missing",
            id="no key",
        ),
    ],
)
def test_says_what_is_wrong(reached, tmp_path, act, error, message):
    file = tmp_path / "depot.csv"
    file.write_text("session_id,station_id\n1,CS-1\n")

    with pytest.raises(error, match=message):
        act(reached, file)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(quarantining.listed, id="listing"),
        pytest.param(lambda home, meant: quarantining.decide(home, meant, WORD, dry_run=True), id="deciding"),
        pytest.param(lambda home, meant: quarantining.export(home, meant, home / "list.csv"), id="exporting"),
    ],
)
def test_a_source_that_was_never_extracted_is_unknown(reached, engine, act):
    meant = quarantining.meant(source="legcy")

    with pytest.raises(UnknownThing, match="there is no source 'legcy': there are extracts of: none"):
        act(reached, meant)
    with engine.begin() as connection:
        store_manifest(connection, MANIFEST)
    with pytest.raises(UnknownThing, match="there are extracts of: legacy"):
        act(reached, meant)
    assert quarantining.listed(reached, quarantining.meant(source="legacy"))["cases"] == []
