import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.identifiers import evse_id
from charging.identifiers.remap import Collision, propose
from charging.network import Evse


def evse(station_id="CS-0042", connector_id=1, *, published=None):
    uid = f"{station_id}*{connector_id}"
    return Evse(evse_uid=uid, station_id=station_id, connector_id=connector_id, evse_id=published)


@pytest.mark.parametrize(
    ("published", "after", "rule", "needs_owner"),
    [
        pytest.param(None, "NL*EVN*ECS0042*1", "id.none", False, id="none"),
        pytest.param("", "NL*EVN*ECS0042*1", "id.none", False, id="empty"),
        pytest.param("nl*abc*e7*1", "NL*ABC*E7*1", "id.notation", False, id="lower case"),
        pytest.param("NLABCE71", "NL*ABC*E71", "id.notation", False, id="no separators"),
        pytest.param("pole 7 left", "NL*EVN*ECS0042*1", "id.nonconforming", True, id="no id at all"),
        pytest.param("UK*ABC*E7", "NL*EVN*ECS0042*1", "id.nonconforming", True, id="a country that is none"),
        pytest.param("+31*123*7", "NL*EVN*ECS0042*1", "id.nonconforming", True, id="DIN of an unpaired operator"),
        pytest.param("+31*456*7", "NL*ABC*E7", "id.din", True, id="DIN of a paired operator"),
    ],
)
def test_proposes_an_id_where_one_is_needed(published, after, rule, needs_owner):
    (proposal,) = propose([evse(published=published)], din_operators={"31*456": "ABC"}).proposals

    assert (proposal.before, proposal.after) == (published or None, after)
    assert (proposal.rule, proposal.needs_owner) == (rule, needs_owner)
    assert proposal.reason


def test_says_which_operator_of_din_waits_for_its_pair():
    (proposal,) = propose([evse(published="+31*123*7")]).proposals

    assert '"31*123"' in proposal.reason
    assert "[remap.din_operators]" in proposal.reason


def test_keeps_an_id_that_conforms():
    remap = propose([evse(published="FR*A23*E45B*78C")])

    assert remap.proposals == ()
    assert remap.kept == ("CS-0042*1",)


def test_gives_connector_zero_no_id():
    remap = propose([evse(connector_id=0)])

    assert (remap.proposals, remap.kept, remap.collisions) == ((), (), ())


def test_refuses_to_change_evses_that_would_answer_to_one_identifier():
    remap = propose([evse("CS-1", 23), evse("CS-12", 3), evse("CS-7", 1)])

    assert [proposal.evse_uid for proposal in remap.proposals] == ["CS-7*1"]
    assert remap.collisions == (
        Collision(
            compact="NLEVNECS123",
            evse_uids=("CS-1*23", "CS-12*3"),
            evse_ids=("NL*EVN*ECS1*23", "NL*EVN*ECS12*3"),
        ),
    )


def test_refuses_a_proposal_that_collides_with_an_id_in_use():
    remap = propose([evse("A1", 1), evse("B", 1, published="NL*EVN*EA*11")])

    assert remap.proposals == remap.kept == ()
    assert remap.collisions[0].evse_uids == ("B*1", "A1*1")


def test_names_two_ids_in_use_that_are_one():
    (collision,) = propose([evse("A", published="DE*ABC*E1*23"), evse("B", published="DE*ABC*E12*3")]).collisions

    assert collision.compact == "DEABCE123"


def test_tells_long_identities_apart_by_a_hash():
    first, second = propose([evse("STATION-" + "0" * 40 + "1"), evse("STATION-" + "0" * 40 + "2")]).proposals

    assert first.after != second.after
    assert len(first.after.removeprefix("NL*EVN*E")) == evse_id.MAX_OUTLET


@given(st.text(min_size=1, max_size=60), st.integers(1, 99))
def test_every_proposal_is_publishable_and_stays_once_it_is_taken(station_id, connector_id):
    (proposal,) = propose([evse(station_id, connector_id)]).proposals

    assert evse_id.parse(proposal.after).is_publishable
    assert propose([evse(station_id, connector_id, published=proposal.after)]).proposals == ()
