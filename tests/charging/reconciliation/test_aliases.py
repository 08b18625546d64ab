from datetime import UTC, datetime, timedelta

import pytest

from charging.identifiers.ledger import Ledger
from charging.reconciliation.aliases import former_ids, of_ledger

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def ledger():
    """A was X and is Y; B bears X since A was removed from it a year later."""
    made = Ledger()
    made.open("A*1", "NL*EVN*EX", rule="id.found")
    made.rename("A*1", "NL*EVN*EY", at=START, rule="id.owner", alias_for=30 * DAY)
    made.rename("B*1", "NL*EVN*EX", at=START + 365 * DAY, rule="id.owner", alias_for=30 * DAY)
    return made


def test_an_old_id_stands_for_the_evse_until_another_one_bears_it(ledger):
    ((compact, (alias,)),) = of_ledger(ledger).items()

    assert (compact, alias.evse_compact) == ("NLEVNEX", "NLEVNEY")
    assert alias.holds(START - 5000 * DAY)
    assert alias.holds(START + 364 * DAY)
    assert not alias.holds(START + 365 * DAY)
    assert alias.expires_at == START + 30 * DAY


def test_an_id_that_never_changed_needs_no_alias():
    ledger = Ledger()
    ledger.open("A*1", "NL*EVN*EX", rule="id.found")

    assert of_ledger(ledger) == {}


def test_ids_of_a_former_operator_stand_for_those_of_now():
    (found,) = former_ids(["NL*EVN*E1"], former_operators=["NL*EVX"])["NLEVXE1"]

    assert found.evse_compact == "NLEVNE1"
