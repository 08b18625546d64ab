import pytest


def said(made):
    """Everything that a cleansing says outside the clean rows."""
    return repr((made.fixes, made.questions))


def test_a_log_and_a_question_hold_nothing_personal(customer):
    made = customer(
        {"name": " M\u00c3\u00bcller ", "phone": " 06-12345678 ", "note": "ex-wife pays", "email": "jansen@"},
        {"customer_id": "2"},
        {"customer_id": "3"},
    )
    assert made.clean[0].name == "M\u00fcller"
    for personal in ("ller", "12345678", "wife", "jansen"):
        assert personal not in said(made)
    assert [fix.rule for fix in made.fixes if fix.field == "name"] == ["txt.space", "txt.mojibake"]


def test_a_note_does_not_move(customer):
    made = customer({"note": "pays late"})
    assert [(fix.rule, fix.field, fix.after) for fix in made.fixes] == [("pii.note", "note", None)]
    assert customer({"note": None}).fixes == ()


@pytest.mark.parametrize(
    ("email", "rules"),
    [
        pytest.param("jansen@example.org", [], id="an address"),
        pytest.param(None, [], id="none"),
        pytest.param("jansen@example", ["cust.email"], id="no domain"),
        pytest.param("jansen at example.org", ["cust.email"], id="no at"),
    ],
)
def test_an_address_that_no_letter_reaches_is_asked_about(customer, email, rules):
    assert [question.rule for question in customer({"email": email}).questions] == rules


def test_customers_who_share_an_address_are_asked_about_once(customer):
    made = customer({}, {"customer_id": "2", "email": "JANSEN@example.org"}, {"customer_id": "3", "email": None})
    assert len(made.clean) == 3
    assert [(each.key, each.rule) for each in made.questions] == [("1", "cust.same_email")]
    assert "2 customers" in made.questions[0].question


def test_a_customer_listed_twice_merges_only_if_the_words_are_the_same(customer):
    assert customer({}, {"customer_id": " 1 "}).merged == 1
    assert customer.rules({}, {"name": "Smit"}) == ["cust.dup", "cust.dup"]
