import pytest

from charging.network.personal import masked


@pytest.mark.parametrize(
    ("entity", "key", "shown"),
    [
        pytest.param("token", "04A1B2C3D4E5F6", "04…F6", id="a token keeps how it begins and ends"),
        pytest.param("tokens", "04A1B2C3", "04…C3", id="so it does under its suite's name"),
        pytest.param("token", "04A1B2C", "…", id="of a short one nothing is left"),
        pytest.param("contract", "NL-TNM-C00000001-5", "NL…-5", id="a contract"),
        pytest.param("customer", "17", "…", id="a customer"),
        pytest.param("station", "CS-1", "CS-1", id="a station is no person"),
        pytest.param("session", "4711", "4711", id="nor is a session's number"),
    ],
)
def test_masks_what_leads_to_a_person(entity, key, shown):
    assert masked(entity, key) == shown
