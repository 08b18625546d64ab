"""Who was forgotten is known again by a keyed hash alone, and stands in a row as somebody who is nobody."""

import json

import pytest

from charging.identifiers import contract_id
from charging.personal.forgetting import Kind, Pseudonyms, Redaction, writings
from charging.secret import Secret

PSEUDONYMS = Pseudonyms(Secret("a key of no importance"))
TOKEN, CONTRACT = "04A1B2C3D4E5F6", "NL-TNM-C00122045-K"


def redaction(**names):
    known = [(kind, PSEUDONYMS.hash_of(Kind(kind), name)) for kind, name in names.items()]
    return Redaction(PSEUDONYMS, known)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (Kind.TOKEN, TOKEN, "04:a1:b2:c3:d4:e5:f6"),
        (Kind.CONTRACT, CONTRACT, "nltnmc00122045"),
        (Kind.EMAIL, "Jo@Example.org", " jo@example.org"),
        (Kind.CUSTOMER, "12", "12 "),
    ],
)
def test_knows_a_name_however_it_is_written(kind, one, other):
    assert PSEUDONYMS.hash_of(kind, one) == PSEUDONYMS.hash_of(kind, other)
    assert PSEUDONYMS.of(kind, one) == PSEUDONYMS.of(kind, other)


def test_another_key_knows_nobody():
    other = Pseudonyms(Secret("another key"))

    assert PSEUDONYMS.hash_of(Kind.TOKEN, TOKEN) != other.hash_of(Kind.TOKEN, TOKEN)
    assert PSEUDONYMS.of(Kind.TOKEN, TOKEN) != other.of(Kind.TOKEN, TOKEN)


def test_a_contract_stays_with_its_party_and_has_a_right_check_digit():
    parsed = contract_id.parse(PSEUDONYMS.of(Kind.CONTRACT, CONTRACT))

    assert (parsed.party, parsed.is_check_ok) == ("NL-TNM", True)


def test_a_row_of_nobody_who_was_forgotten_is_the_very_same():
    row = {"token_uid": "04FFFFFFFFFFFF", "contract_id": None, "note": "blue"}

    assert redaction(token=TOKEN)("token", row) is row


def test_takes_a_person_out_of_every_row():
    redact = redaction(customer="12", contract=CONTRACT, token=TOKEN)

    customer = redact("customer", {"customer_id": "12", "name": "Jo", "email": "jo@example.org", "phone": "1"})
    contract = redact("contract", {"contract_id": CONTRACT, "customer_id": "12", "issuer": "NL-TNM"})
    token = redact("token", {"token_uid": "04:A1:B2:C3:D4:E5:F6", "contract_id": CONTRACT, "note": "Jo's"})
    session = redact("session", {"session_id": "1", "token_uid": TOKEN, "energy_kwh": "7"})

    assert customer == {"customer_id": PSEUDONYMS.of(Kind.CUSTOMER, "12"), "name": None, "email": None, "phone": None}
    assert contract["customer_id"] == customer["customer_id"]
    assert token["contract_id"] == contract["contract_id"]
    assert (token["note"], token["token_kind"]) == (None, "pseudonym")
    assert (session["token_uid"], session["energy_kwh"]) == (token["token_uid"], "7")


def test_a_contract_that_only_the_note_names_goes_with_it():
    row = redaction(token=TOKEN)("token", {"token_uid": TOKEN, "contract_id": None, "note": f"card of {CONTRACT}"})

    assert (row["contract_id"], row["note"]) == (PSEUDONYMS.of(Kind.CONTRACT, CONTRACT), None)


def test_an_address_alone_brings_a_person_to_mind():
    row = redaction(email="jo@example.org")("customer", {"customer_id": "99", "name": "Jo", "email": "JO@example.org"})

    assert (row["name"], row["customer_id"]) == (None, PSEUDONYMS.of(Kind.CUSTOMER, "99"))


def test_knows_a_contract_by_its_id_of_another_standard():
    din, emi3 = "NL-TNM-012204-5", "NLTNMC00122045"
    names = writings(Kind.CONTRACT, din)

    assert emi3 in names
    assert {PSEUDONYMS.hash_of(Kind.CONTRACT, name) for name in names} >= {PSEUDONYMS.hash_of(Kind.CONTRACT, emi3)}


def test_takes_names_out_of_text_and_leaves_the_rest():
    redact = redaction(token=TOKEN, contract=CONTRACT)
    text = '{"uid": "04:a1:b2:c3:d4:e5:f6", "contract_id": "nltnmc00122045", "evse_id": "NL*EVN*E1", "kwh": 7.5}'

    kept = redact.text(text)

    assert json.loads(kept) == {
        "uid": PSEUDONYMS.of(Kind.TOKEN, TOKEN),
        "contract_id": PSEUDONYMS.of(Kind.CONTRACT, CONTRACT),
        "evse_id": "NL*EVN*E1",
        "kwh": 7.5,
    }
    assert redact.text(kept) == kept


@pytest.mark.parametrize(
    ("written", "known", "kind"),
    [
        pytest.param("04A1B2C3D4E5F6", "04A1B2C3D4E5F6", "pseudonym", id="sure"),
        pytest.param("3158495942", "3158495942", "pseudonym tok.decimal", id="in doubt"),
        pytest.param("3158495942", "BC42D2C6", "pseudonym", id="one candidate is that person's"),
    ],
)
def test_a_tokens_row_keeps_the_doubt_that_it_waits_for(written, known, kind):
    row = redaction(token=known)("token", {"token_uid": written, "is_blocked": "0"})

    assert (row["token_kind"], row["token_uid"]) == (kind, PSEUDONYMS.of(Kind.TOKEN, known))
    assert redaction(token=known)("session", {"token_uid": written})["token_kind"] == "pseudonym"
