"""Cases, invoices and money at the command line: what is shown, what is refused, and with which exit status."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from charging.errors import IllegalStep, PartnerFileError, RehomeError, SettingsError, UnknownThing, UnreadableSource
from console.cli import app

PARTNER = """
name = "roa"
party = "NL-ROA"
owner = "NL-EVN"
versions_url = "https://roa.example/ocpi/versions"
token = "env:ROA_TOKEN"
tariff = "roa.json"
currency = "EUR"
time_zone = "UTC"
"""
TARIFF = {
    "id": "T",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.40, "step_size": 1}]}],
}
WORD = ("--by", "the desk", "--reason", "as agreed")


@pytest.fixture
def reached(home, migrated_url, monkeypatch):
    """A home with a partner, whose database has our tables."""
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))
    (home / "partners").mkdir()
    (home / "partners" / "roa.toml").write_text(PARTNER)
    (home / "partners" / "roa.json").write_text(json.dumps(TARIFF))
    return home


@pytest.fixture
def told(reached):
    """What runs a command to its end, and returns its exit status and what it printed."""

    def run(*arguments):
        ended = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if isinstance(ended.exception, RehomeError):
            raise ended.exception
        assert isinstance(ended.exception, SystemExit | None), ended.exception
        return ended.exit_code, json.loads(ended.stdout) if "--json" in arguments else ended.stdout

    return run


def test_follows_a_case_from_proposal_to_settlement(told, open_case):
    key = open_case(9).case_key

    assert told("cdr", "list", "--json")[1]["cases"][0]["state"] == "found"
    assert told("cdr", "propose", "--partner", "roa", "--by", "the desk") == (
        0,
        "1 proposals written for roa; rehome cdr release lets them go\n",
    )
    status, dry = told("cdr", "dispute", key, *WORD, "--json")
    assert (status, dry["dry_run"], dry["proposals"], dry["file"]) == (0, True, 1, None)
    _, sent = told("cdr", "dispute", key, *WORD, "--yes", "--json")
    (letter,) = json.loads(Path(sent["file"]).read_bytes())
    assert letter["evidence"]["recomputed"]["theirs"]["net"] == "0.36"
    assert told("cdr", "list", "--turn", "us")[0] == 0
    assert told("cdr", "answer", key, *WORD)[0] == 0
    assert told("cdr", "list")[0] == 1
    _, case = told("cdr", "settle", key, *WORD, "--json")
    assert (case["state"], case["turn"]) == ("settled", "nobody")
    assert [entry["event"] for entry in case["history"]] == ["opened", "proposed", "disputed", "answered", "settled"]
    assert told("cdr", "list") == (0, "0 cases, 0 of them ours to act on\n")


def test_proposes_anew_what_was_withdrawn_and_taken_up_again(told, open_case):
    key = open_case(9).case_key
    told("cdr", "propose", "--partner", "roa", "--by", "the desk")
    told("cdr", "withdraw", key, *WORD)
    told("cdr", "reopen", key, *WORD)
    told("cdr", "propose", "--partner", "roa", "--by", "the desk")

    assert told("cdr", "dispute", key, *WORD, "--json")[1]["proposals"] == 1


def test_disputes_again_what_was_answered_and_taken_up_again(told, open_case):
    key = open_case(9).case_key
    told("cdr", "propose", "--partner", "roa", "--by", "the desk")
    told("cdr", "dispute", key, *WORD, "--yes")
    told("cdr", "write-off", key, *WORD)
    told("cdr", "reopen", key, *WORD)
    told("cdr", "propose", "--partner", "roa", "--by", "the desk")

    assert told("cdr", "dispute", key, *WORD, "--yes", "--json")[1]["proposals"] == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        pytest.param(["show", "R-none"], UnknownThing, "there is no case 'R-none': rehome cdr list", id="no case"),
        pytest.param(["answer", "R-", *WORD], IllegalStep, "is found and cannot be answered", id="too early"),
        pytest.param(["settle", "R-", "--by", "x", "--reason", "y"], SettingsError, "--by names nobody", id="nobody"),
        pytest.param(["dispute", "R-", *WORD], UnknownThing, "there is no dispute proposed about", id="nothing"),
        pytest.param(
            ["propose", "--partner", "hub", "--by", "the desk"],
            UnknownThing,
            "there is no partner 'hub': there are files for: roa",
            id="no partner",
        ),
        pytest.param(["propose", "--partner", "roa", "--by", " "], SettingsError, "--by names nobody", id="proposer"),
        pytest.param(["list", "--partner", "rao"], UnknownThing, "there is no partner 'rao'", id="listing nobody's"),
        pytest.param(
            ["list", "--verdict", "our_right"], UnknownThing, "there is no verdict 'our_right'", id="no verdict"
        ),
    ],
)
def test_refuses_in_a_sentence_that_says_the_mend(told, open_case, arguments, error, message):
    open_case(9)

    with pytest.raises(error, match=message):
        told("cdr", *arguments)


def test_sums_the_money_at_risk(told, open_case):
    assert told("money") == (0, "at risk: nothing\n")
    open_case(8)
    open_case(9, at_risk="1.5", currency="GBP")

    status, found = told("money", "--json")

    assert (status, found["totals"]) == (1, {"EUR": "0.44", "GBP": "1.5"})
    assert sum(one["cases"] for one in found["at_risk"]) == 2
    with pytest.raises(UnknownThing, match="there is no partner 'rao'"):
        told("money", "--partner", "rao")


def test_ties_an_invoice_out_and_names_what_differs(told, open_case, tmp_path):
    open_case(9)
    path = tmp_path / "invoice.csv"
    path.write_text("invoice_id,cdr_id,currency,net\nI-1,CDR-9,EUR,0.90\nI-1,CDR-99,EUR,1.00\n")

    assert told("invoice", "import", path, "--partner", "roa") == (0, "I-1: 1.90 EUR, 2 CDRs\n")
    status, found = told("invoice", "tie-out", "--json")

    assert status == 1
    (one,) = found["invoices"]
    named = {each["difference"]: each["amount"] for each in one["tie_out"]["differences"]}
    assert named == {"line_amount": "0.10", "unknown_cdr": "1.00", "open_case": "0"}
    assert found["totals"][0]["difference"] == "1.10"


@pytest.mark.parametrize(
    ("name", "content", "arguments", "error", "message"),
    [
        pytest.param(
            "i.csv", "a,b\n1,2\n", ["--partner", "roa"], UnreadableSource, "it has no invoice_id", id="columns"
        ),
        pytest.param("i.json", "{", ["--partner", "roa"], UnreadableSource, "see the README", id="broken"),
        pytest.param(
            "i.json",
            '{"invoice_id": "1", "cdrs": []}',
            ["--partner", "roa"],
            UnreadableSource,
            "lists no CDR",
            id="empty",
        ),
        pytest.param(
            "i.json",
            '{"invoice_id": "1", "cdrs": ["C"]}',
            ["--partner", "rao"],
            UnknownThing,
            "no partner",
            id="nobody's",
        ),
        pytest.param(
            "i.json",
            '{"invoice_id": "1", "cdrs": ["C"]}',
            ["--partner", "roa", "--net", "1,5"],
            SettingsError,
            "write it as 1234.50",
            id="amount",
        ),
        pytest.param(
            "i.json",
            '{"invoice_id": "1", "cdrs": ["C"]}',
            ["--partner", "roa", "--currency", "euros"],
            SettingsError,
            "write it as EUR",
            id="currency",
        ),
    ],
)
def test_refuses_an_invoice_that_it_cannot_take_in(told, tmp_path, name, content, arguments, error, message):
    path = tmp_path / name
    path.write_text(content)

    with pytest.raises(error, match=message):
        told("invoice", "import", path, *arguments)


def test_says_that_no_invoice_is_there(told):
    with pytest.raises(UnknownThing, match="rehome invoice import takes one in"):
        told("invoice", "tie-out")


def test_lists_cases_of_a_partner_whose_file_is_broken(told, reached, open_case):
    open_case(9)
    (reached / "partners" / "roa.toml").write_text("name = ")

    assert told("cdr", "list", "--partner", "roa", "--json")[1]["count"] == 1
    with pytest.raises(PartnerFileError, match="is no TOML"):
        told("cdr", "propose", "--partner", "roa", "--by", "the desk")
