import pytest

from charging.network.personal import masked, masked_text


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("it is the same as 04A1B2C3D4E5F6, twice", "it is the same as 04…F6, twice", id="a card"),
        pytest.param("is '04:A1:B2:C3' blocked?", "is '04…C3' blocked?", id="a card with colons"),
        pytest.param("tag 35897499?", "tag 35…99?", id="a card in digits"),
        pytest.param("contract NL-TNM-C00122045-K is another's", "contract NL…-K is another's", id="a contract"),
        pytest.param("ask jo@example.org.", "ask jo…rg.", id="an address"),
        pytest.param("it ended on 2026-03-01 at CS-1, EVSE NL*EVN*E1", None, id="days, stations and EVSEs stay"),
        pytest.param("a spreadsheet has rounded it: export it again", None, id="words stay"),
        pytest.param("back from 16614569 to 16613319 Wh", None, id="a register's readings stay"),
        pytest.param("from 16614569 to 16613319 today", "from 16…69 to 16…19 today", id="numbers alone do not"),
        pytest.param("ICCIDs are whole. 12.5 kWh in 0:21:54", None, id="quantities stay"),
    ],
)
def test_masks_what_leads_to_a_person_in_a_sentence(text, shown):
    assert masked_text(text) == (text if shown is None else shown)
