"""What is proposed about cases, however many at once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import cases as write
from charging.reconciliation.follow_up.case import Case
from charging.reconciliation.follow_up.lifecycle import State
from charging.reconciliation.follow_up.propose import Proposal, ProposalKind
from charging.reconciliation.verdict import Verdict

AT = datetime(2026, 3, 2, tzinfo=UTC)


def case(key):
    return Case(
        case_key=key, partner="roa", subject=key, state=State.FOUND, verdict=Verdict.OURS_RIGHT, kinds=(),
        ours_key=None, theirs_key=None, currency="EUR", difference=None, money_at_risk=Decimal(1), day=date(2026, 3, 1),
        ended_at=AT, opened_at=AT, changed_at=AT, due_at=None, explanation="", next_step="",
    )  # fmt: skip


def proposal(proposal_id, about, *, summary="first"):
    return Proposal(
        proposal_id=proposal_id, case_key=about, partner="roa", kind=ProposalKind.DISPUTE, currency="EUR",
        amount=Decimal(1), summary=summary, evidence={},
    )  # fmt: skip


@pytest.fixture
def store(engine):
    def kept(*proposals):
        with engine.begin() as connection:
            write.store_proposals(connection, proposals, at=AT)
            row = tables.proposal.c
            found = connection.execute(sa.select(row.proposal_id, row.state, row.summary).order_by(row.proposal_id))
            return list(map(tuple, found))

    with engine.begin() as connection:
        write.store(connection, [case("A"), case("B")], [])
    return kept


def test_a_proposal_takes_the_place_of_others_about_its_case_alone(store):
    store(proposal("1", "A"), proposal("2", "B"))

    assert store(proposal("3", "A")) == [
        ("1", "superseded", "first"),
        ("2", "proposed", "first"),
        ("3", "proposed", "first"),
    ]


def test_what_was_proposed_before_stays_as_it_is(store):
    before = store(proposal("1", "A"), proposal("2", "B"))

    assert store(proposal("2", "B", summary="again"), proposal("1", "A", summary="again")) == before
    assert store() == before
