"""A case is opened, changed, joined and settled by what nights find, and never dropped."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from charging.errors import IllegalStep
from charging.reconciliation.follow_up.case import moved, subject
from charging.reconciliation.follow_up.follow import GONE
from charging.reconciliation.follow_up.lifecycle import CLOSED, TRANSITIONS, Event, State, Turn, after, turn
from charging.reconciliation.verdict import SETTLED, Verdict


def test_opens_no_case_where_both_agree(book, ours, theirs):
    assert book.after([ours()], [theirs()]).cases == ()


def test_opens_a_case_with_an_owner_an_age_and_an_amount(book, ours, theirs):
    book.after([ours()], [theirs(net="5.50")])

    case = book.only()
    assert (case.state, case.verdict, case.turn) == (State.FOUND, Verdict.OURS_RIGHT, Turn.US)
    assert (case.money_at_risk, case.currency, case.wave, case.station_id) == (Decimal("1.00"), "EUR", 2, "CS-1")
    assert [entry.event for entry in book.history] == ["opened"]


def test_waits_for_what_is_not_due(book, ours, ended):
    book.after([ours()], [], as_of=ended + timedelta(days=1))

    case = book.only()
    assert (case.state, case.verdict, case.turn) == (State.WAITING, Verdict.LATE, Turn.PARTNER)
    assert case.due_at == ended + timedelta(days=3)


def test_asks_us_for_what_only_they_have(book, theirs, ended):
    book.after([], [theirs()], as_of=ended + timedelta(days=1))

    assert book.only().turn is Turn.US


def test_finds_what_is_overdue(book, ours, ended):
    book.after([ours()], [], as_of=ended + timedelta(days=1))
    book.after([ours()], [])

    case = book.only()
    assert (case.state, case.verdict, case.due_at) == (State.FOUND, Verdict.MISSING_AT_PARTNER, None)
    assert [entry.event for entry in book.history] == ["opened", "changed"]


def test_settles_what_came_late(book, ours, theirs, ended):
    book.after([ours()], [], as_of=ended + timedelta(days=1))
    book.after([ours()], [theirs()])

    assert (book.only().state, book.only().turn, book.only().money_at_risk) == (State.SETTLED, Turn.NOBODY, 0)


def test_changes_nothing_when_the_night_is_judged_again(book, ours, theirs):
    cdrs = [ours("1"), ours("2")], [theirs("1", net="5.50"), theirs("3", evse_compact="X", token_uid="Y")]
    book.after(*cdrs)
    before = dict(book.cases), list(book.history)

    again = book.after(*cdrs)

    assert (book.cases, book.history) == before
    assert again.history == ()


def test_goes_back_to_found_when_the_amount_changes(book, ours, theirs):
    book.after([ours()], [theirs(net="5.50")])
    proposed, _ = moved(book.only(), Event.PROPOSED, at=book.only().opened_at, by="us", reason="")
    book.cases = {proposed.subject: proposed}

    book.after([ours()], [theirs(net="6.50")])

    assert (book.only().state, book.only().money_at_risk) == (State.FOUND, Decimal("2.00"))


def test_leaves_a_decision_alone_until_the_finding_changes(book, ours, theirs):
    book.after([ours()], [theirs(net="5.50")])
    off, _ = moved(book.only(), Event.WRITTEN_OFF, at=book.only().opened_at, by="the desk", reason="small")
    book.cases = {off.subject: off}

    book.after([ours()], [theirs(net="5.50")])
    assert book.only().state is State.WRITTEN_OFF

    book.after([ours()], [theirs(net="9.50")])
    assert book.only().state is State.FOUND


def test_settles_what_had_been_written_off_when_it_comes_after_all(book, ours, theirs):
    book.after([ours()], [])
    off, _ = moved(book.only(), Event.WRITTEN_OFF, at=book.only().opened_at, by="the desk", reason="old")
    book.cases = {off.subject: off}

    book.after([ours()], [theirs()])

    assert book.only().state is State.SETTLED


def test_joins_two_cases_when_their_cdrs_turn_out_to_be_one_session(book, ours, theirs):
    apart = theirs("9", evse_compact="ELSEWHERE", token_uid="OTHER", contract_compact="OTHER", net="5.50")
    book.after([ours()], [apart])
    assert {case.verdict for case in book.cases.values()} == {Verdict.MISSING_AT_PARTNER, Verdict.MISSING_AT_US}

    book.after([ours()], [replace(apart, evse_compact="NLEVNE11", token_uid="04A1B2C3")])

    states = {case.subject: case.state for case in book.cases.values()}
    assert states == {"OURS|ROA|NL-EVN|1": State.FOUND, "THEIRS|ROA|NL-EVN|9": State.WITHDRAWN}
    (joined,) = (case for case in book.cases.values() if case.state is State.WITHDRAWN)
    assert "has taken it up" in book.history[-1].reason
    assert joined.turn is Turn.NOBODY


def test_says_once_that_a_cdr_is_gone_and_keeps_its_case_open(book, ours):
    book.after([ours()], [])
    book.after([], [])
    book.after([], [])

    assert (book.only().state, book.only().explanation) == (State.FOUND, GONE)
    assert [entry.event for entry in book.history] == ["opened", "gone"]


def test_leaves_the_cases_of_other_nights_alone(book, ours):
    book.after([ours()], [])
    before = dict(book.cases)

    book.after([ours("2")], [], day=date(2026, 11, 2))

    assert before.items() <= book.cases.items()


def test_follows_a_cdr_into_the_night_beside(book, ours, theirs, night):
    book.after([], [theirs()])

    book.after([], [], around=night([ours()], [theirs()]).judged)

    assert book.only().state is State.SETTLED


def test_names_a_repetition_by_its_version(book, ours, theirs):
    judged = book.night([ours()], [theirs("1"), theirs("1", net="9.99")]).judged

    names = [subject(one) for one in judged]

    assert len(set(names)) == len(judged)


def test_leaves_a_case_alone_when_an_earlier_state_of_its_record_is_set_aside(book, ours, theirs):
    book.after([ours()], [theirs(net="5.50")])
    (judged,) = book.night([ours()], [theirs(net="5.50")]).judged
    older = replace(judged, verdict=Verdict.SUPERSEDED, ours_key=None, theirs_key=theirs(net="9.50").cdr_key)
    book.night = lambda *_, **__: type("Night", (), {"judged": (judged, older)})()

    book.after([], [])

    assert book.only().state is State.FOUND


@pytest.mark.parametrize("state", State)
def test_never_leaves_an_open_case_without_a_way_to_close_it(state):
    ways = {after("R-1", state, event) for event in TRANSITIONS if state in TRANSITIONS[event]}

    assert state in CLOSED or ways & CLOSED


def test_leaves_no_state_without_a_turn():
    for state in State:
        whose = turn(state, verdict=Verdict.OURS_RIGHT, is_ours=True)
        assert (state in CLOSED) == (whose is Turn.NOBODY)


def test_says_what_is_possible_instead():
    with pytest.raises(IllegalStep, match="R-1 is sent and cannot be disputed: possible now are agreed, answered, ch"):
        after("R-1", State.SENT, Event.DISPUTED)


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - SETTLED))
def test_gives_every_open_verdict_a_case(verdict, book, ours):
    judged = replace(book.night([ours()], []).judged[0], verdict=verdict)
    book.night = lambda *_, **__: type("Night", (), {"judged": (judged,)})()

    book.after([], [])

    assert book.only().is_open
