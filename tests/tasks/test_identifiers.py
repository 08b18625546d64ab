"""Every EVSE gets an id that partners accept, or a question for its owner; what is approved stays."""

import pytest

from charging.database.operations import clean as write
from charging.database.queries import identifiers as read
from charging.network import Evse
from tasks import identifiers


@pytest.fixture
def evses(engine, settings):
    with engine.begin() as connection:
        write.store_entities(
            connection,
            [
                Evse(evse_uid="CS-1*1", station_id="CS-1", connector_id=1, evse_id="NL*EVN*E1"),
                Evse(evse_uid="CS-2*1", station_id="CS-2", connector_id=1, evse_id=None),
                Evse(evse_uid="CS-3*1", station_id="CS-3", connector_id=1, evse_id="no id at all!"),
            ],
            extract_id="legacy-1",
        )
    return engine


def _ledger(engine):
    with engine.connect() as connection:
        return {row.evse_uid: (row.state, row.before, row.after) for row in read.remappings(connection)}


def test_are_proposed_until_they_are_approved(evses):
    proposed = identifiers.remap.fn(approve=False)
    approved = identifiers.remap.fn(approve=True)

    assert (proposed["proposed"], proposed["approved"]) == (1, 0)
    assert (approved["proposed"], approved["approved"]) == (0, 1)
    assert proposed["evses"] == proposed["kept"] + proposed["proposed"] + proposed["needs_owner"]
    assert _ledger(evses)["CS-2*1"][0] == "approved"


def test_stay_approved_when_they_are_proposed_again(evses):
    identifiers.remap.fn(approve=True)
    before = _ledger(evses)

    identifiers.remap.fn(approve=False)
    again = identifiers.remap.fn(approve=True)

    assert _ledger(evses) == before
    assert again["approved"] == 1


def test_leave_to_the_owner_what_drivers_may_know(evses):
    remapped = identifiers.remap.fn(approve=True)

    assert [question["evse_uid"] for question in remapped["questions"]] == ["CS-3*1"]
    assert _ledger(evses)["CS-3*1"][:2] == ("needs_owner", "no id at all!")


def test_are_carried_by_evses_once_approved(evses):
    identifiers.remap.fn(approve=True)

    with evses.connect() as connection:
        found = read.remapped(
            connection,
            [
                Evse(evse_uid="CS-1*1", station_id="CS-1", connector_id=1, evse_id="NL*EVN*E1"),
                Evse(evse_uid="CS-2*1", station_id="CS-2", connector_id=1, evse_id=None),
                Evse(evse_uid="CS-3*1", station_id="CS-3", connector_id=1, evse_id="no id at all!"),
            ],
        )
    assert [evse.evse_id for evse in found] == ["NL*EVN*E1", _ledger(evses)["CS-2*1"][2], "no id at all!"]
    assert found[1].evse_id.startswith("NL*EVN*E")
