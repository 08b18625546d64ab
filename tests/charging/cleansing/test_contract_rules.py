from datetime import UTC, datetime

import pytest

AS_OF = datetime(2026, 11, 20, 6, tzinfo=UTC)
ENDED = {"T1": datetime(2026, 11, 20, 6, tzinfo=UTC)}


def asked(made):
    return [question.rule for question in made.questions]


def test_a_contract_without_a_fault_is_loaded_in_silence(contract):
    made = contract({}, customer_ids=frozenset({"1"}), tariff_ids=frozenset())
    assert (made.questions, made.fixes) == ((), ())
    assert (made.clean[0].contract_id, made.clean[0].issuer) == ("NL-TNM-C00122045-K", "NL-TNM")


@pytest.mark.parametrize(
    ("written", "rules"),
    [
        pytest.param("NL-TNM-C00122045-K", [], id="right"),
        pytest.param("NL-TNM-C00122045", [], id="no digit"),
        pytest.param("NL-TNM-C00122045-A", ["con.check_digit"], id="wrong"),
        pytest.param("NL-TNM-012204-5", [], id="right by DIN"),
        pytest.param("NL-TNM-012204-6", ["con.check_digit"], id="wrong by DIN"),
        pytest.param("2024-000017", [], id="a number of our own"),
    ],
)
def test_a_wrong_check_digit_is_a_warning(contract, written, rules):
    made = contract({"contract_id": written})
    assert made.clean[0].contract_id == written
    assert asked(made) == rules


def test_a_contract_that_may_have_ten_characters_is_asked_about_as_such(contract):
    (question,) = contract({"contract_id": "DE8ACC12E456L89"}).questions
    assert question.question.endswith("or its last character is part of it")


def test_our_own_party_is_no_issuer(contract):
    assert contract({}, own_parties=frozenset({"NL-TNM"})).clean[0].issuer is None


@pytest.mark.parametrize(
    ("customer", "rules"),
    [
        pytest.param("1", [], id="listed"),
        pytest.param("2", ["con.customer"], id="not listed"),
        pytest.param(None, [], id="nobody is named"),
    ],
)
def test_a_customer_whom_the_source_does_not_list_is_asked_about(contract, customer, rules):
    assert asked(contract({"customer_id": customer}, customer_ids=frozenset({"1"}))) == rules
    assert asked(contract({"customer_id": customer})) == []


@pytest.mark.parametrize(
    ("row", "context", "rules"),
    [
        pytest.param({"tariff_id": "T1"}, {"tariff_ids": frozenset({"T1"})}, [], id="listed"),
        pytest.param({"tariff_id": "T2"}, {"tariff_ids": frozenset({"T1"})}, ["ref.tariff"], id="not listed"),
        pytest.param({"tariff_id": "T1"}, {"tariffs_valid_until": ENDED}, ["ref.tariff"], id="ended this instant"),
        pytest.param({"tariff_id": "T2"}, {"tariffs_valid_until": ENDED}, [], id="does not end"),
        pytest.param(
            {"tariff_id": "T1", "is_blocked": "1"}, {"tariffs_valid_until": ENDED}, [], id="ended, and nobody uses it"
        ),
        pytest.param(
            {"tariff_id": "T1", "valid_until": "2026-11-20T06:00:00Z"},
            {"tariffs_valid_until": ENDED},
            [],
            id="ended with its contract",
        ),
        pytest.param(
            {"tariff_id": "T1", "valid_until": "2026-11-20T06:00:01Z"},
            {"tariffs_valid_until": ENDED},
            ["ref.tariff"],
            id="ended before its contract",
        ),
    ],
)
def test_a_tariff_that_is_used_must_be_there_and_valid(contract, row, context, rules):
    assert asked(contract(row, **context)) == rules


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        pytest.param({"is_blocked": "perhaps"}, ["con.access"], id="blocked or not"),
        pytest.param({"valid_from": "yesterday"}, ["con.validity"], id="no date"),
        pytest.param(
            {"valid_from": "2026-01-02T00:00:00Z", "valid_until": "2026-01-01T00:00:00Z"}, ["con.validity"], id="order"
        ),
        pytest.param({"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2026-01-01T00:00:00Z"}, [], id="a moment"),
    ],
)
def test_access_and_validity_are_never_assumed(contract, row, rules):
    assert contract.rules(row) == rules


def test_ids_that_differ_by_their_check_digit_only_are_one_contract(contract):
    assert contract.rules({}, {"contract_id": "NLTNMC00122045"}) == ["con.dup", "con.dup"]
    assert contract.rules({}, {"contract_id": "NL-TNM-C00122046"}) == []
    assert contract({}, {}).merged == 1
