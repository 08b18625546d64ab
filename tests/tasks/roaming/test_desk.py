"""What people do about a case is written down with their name, and leaves us only when somebody lets it go."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from charging.database.queries import cases as read
from charging.errors import IllegalStep, SettingsError, UnknownThing
from charging.reconciliation.follow_up.lifecycle import Event
from charging.reconciliation.follow_up.propose import ProposalKind
from charging.roaming import partner_file
from charging.roaming.ocpi.parse import parse_cdrs
from tasks import desk

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
WORD = desk.Word(by="the desk", reason="as agreed")


@pytest.fixture
def case(reconciled, make_record, engine):
    """A case that is proposed as a dispute: the partner bills 0.80 for 0.90 kWh."""
    reconciled(make_record(8), make_record(9, total_cost={"excl_vat": 0.80}))
    with engine.connect() as connection:
        (found,) = read.cases(connection, read.Wanted(is_open=True))
    return found


@pytest.fixture
def partner(settings, partner_network):
    return partner_file.read(settings.home / settings.partners / "roa.toml")


@pytest.fixture
def released(engine, partner, tmp_path):
    """What releases proposals of a kind, dry or not."""

    def done(kind=ProposalKind.DISPUTE, *, dry_run=False, word=WORD, form="json"):
        return desk.release(engine, partner, kind=kind, folder=tmp_path, word=word, now=NOW, dry_run=dry_run, form=form)

    return done


def test_lets_nothing_go_before_somebody_says_so(case, released, tmp_path, engine):
    told = released(dry_run=True)

    assert (told["proposals"], told["file"], list(tmp_path.iterdir())) == (1, None, [])
    with engine.connect() as connection:
        assert read.case(connection, case.case_key).state == "proposed"


def test_disputes_with_a_file_that_holds_the_recomputation(case, released, engine, tmp_path):
    told = released()

    (letter,) = json.loads(Path(told["file"]).read_bytes())
    assert letter["evidence"]["recomputed"]["theirs"]["net"] == "0.36"
    assert "04A1B2C3" not in json.dumps(letter)
    with engine.connect() as connection:
        assert read.case(connection, case.case_key).state == "disputed"
        assert [one["event"] for one in read.history(connection, case.case_key)] == ["opened", "proposed", "disputed"]
        assert read.proposals(connection)[0]["file_sha256"] == told["file_sha256"]
    assert released()["proposals"] == 0


def test_writes_a_list_for_spreadsheets(case, released):
    told = released(form="csv")

    assert Path(told["file"]).read_text().splitlines()[0].startswith("proposal_id,case_key,kind,currency,amount")


def test_sends_again_only_what_can_be_written(reconciled, make_record, released, engine):
    reconciled(make_record(8), at="2026-03-09T04:30:00+00:00")

    told = released(ProposalKind.RESEND, dry_run=True)

    assert told["proposals"] == 0
    assert "connector_standard of EVSE NL*EVN*E1" in told["refused"][0]["reason"]


def test_sends_what_the_partner_lacks_in_its_own_version(reconciled, partner_network, make_record, released, plug):
    partner_network(plug)
    reconciled(make_record(8), at="2026-03-09T04:30:00+00:00")

    told = released(ProposalKind.RESEND)

    body = Path(told["file"]).read_bytes()
    (cdr,) = parse_cdrs(body, partner="roa").cdrs
    assert (cdr.cdr_id, str(cdr.net), cdr.token_uid) == ("9", "0.36", "04A1B2C3D4E5F6")


@pytest.mark.parametrize(
    ("events", "state"),
    [
        pytest.param([Event.SETTLED], "settled", id="settled at once"),
        pytest.param([Event.WRITTEN_OFF, Event.REOPENED], "found", id="written off and taken up again"),
    ],
)
def test_moves_by_a_persons_word(case, engine, events, state):
    for event in events:
        desk.step(engine, case.case_key, event, WORD, now=NOW)

    with engine.connect() as connection:
        assert read.case(connection, case.case_key[:6]).state == state
        assert read.history(connection, case.case_key)[-1]["by"] == "the desk"


def test_refuses_a_word_that_is_nobodys(case, engine):
    with pytest.raises(SettingsError, match="--by names nobody"):
        desk.step(engine, case.case_key, Event.SETTLED, desk.Word(by=" ", reason="x"), now=NOW)


def test_refuses_an_answer_before_anything_was_sent(case, engine):
    with pytest.raises(IllegalStep, match="is proposed and cannot be answered"):
        desk.step(engine, case.case_key, Event.ANSWERED, WORD, now=NOW)


def test_knows_no_case_of_that_name(engine, case):
    with pytest.raises(UnknownThing, match="there is no case 'R-none'"):
        desk.step(engine, "R-none", Event.SETTLED, WORD, now=NOW)
