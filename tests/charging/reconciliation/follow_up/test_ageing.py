"""Nobody has to remember to look: reminders and escalations are data, and fall due once each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from charging.reconciliation.follow_up.ageing import Ageing, age, agreed, grown_old
from charging.reconciliation.follow_up.lifecycle import State, Turn
from charging.roaming.partner import Ids, Partner, TokenEncoding

AGEING = Ageing()


@pytest.fixture
def case(book, ours):
    book.after([ours()], [])
    return book.only()


@pytest.mark.parametrize(
    ("days", "reminders", "escalation"),
    [
        pytest.param(6.99, 0, 0, id="not yet"),
        pytest.param(7, 1, 0, id="a week"),
        pytest.param(21, 3, 0, id="three weeks"),
        pytest.param(29.99, 3, 0, id="nearly a month"),
        pytest.param(30, 3, 1, id="a month"),
        pytest.param(90, 3, 2, id="a quarter"),
    ],
)
def test_counts_from_the_state_and_from_the_sessions_end(case, days, reminders, escalation):
    case = replace(case, changed_at=case.ended_at)

    found = age(case, as_of=case.ended_at + timedelta(days=days), ageing=AGEING)

    assert (found.reminders, found.escalation, found.days_open) == (reminders, escalation, int(days))


def test_reminds_once(case):
    late = case.changed_at + timedelta(days=7)
    case = replace(case, ended_at=case.changed_at)

    ((reminded, entry),) = grown_old([case], as_of=late, ageing=AGEING)

    assert (entry.event, entry.reason) == ("reminded", "found for 7 days: it waits for us")
    assert grown_old([reminded], as_of=late, ageing=AGEING) == []


def test_goes_to_the_committee_at_last(case):
    ((later, entry),) = grown_old([case], as_of=case.ended_at + timedelta(days=90), ageing=AGEING)

    assert (later.turn, later.escalation, entry.event) == (Turn.COMMITTEE, 2, "escalated")
    assert entry.reason == "open for 90 days: decide whether to write it off"


@pytest.mark.parametrize("state", [State.WAITING, State.SETTLED, State.WRITTEN_OFF])
def test_reminds_nobody_of_what_rests(case, state):
    assert grown_old([replace(case, state=state)], as_of=case.ended_at + timedelta(days=400), ageing=AGEING) == []


def test_says_when_the_next_thing_is_due(case):
    assert age(case, as_of=case.changed_at, ageing=AGEING).next_at == min(
        case.changed_at + timedelta(days=7), case.ended_at + timedelta(days=30)
    )
    assert age(case, as_of=case.changed_at + timedelta(days=400), ageing=AGEING).next_at is None


def test_goes_by_what_the_partners_file_says(case, terms_and_tariffs):
    partner = Partner(
        name="roa",
        party="NL-ROA",
        owner="NL-EVN",
        versions_url="https://roa.example/versions",
        origins=(),
        token="env:T",
        token_encoding=TokenEncoding.RAW,
        ids=Ids(),
        former_operators=(),
        reminder_days=(3,),
        escalation_days=(),
        tariffs=tuple(terms_and_tariffs["tariffs"]),
        terms=terms_and_tariffs["terms"],
    )
    steps = agreed(partner)

    found = age(case, as_of=case.changed_at + timedelta(days=40), ageing=steps)

    assert (found.reminders, found.escalation, found.next_at) == (1, 0, None)
