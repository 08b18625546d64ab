"""Who was forgotten is known again by a keyed hash alone, and stands in a row as somebody who is nobody."""

import pytest

from charging.identifiers import contract_id
from charging.personal.forgetting import Kind, Pseudonyms, Redaction
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
