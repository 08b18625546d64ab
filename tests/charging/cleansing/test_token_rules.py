from datetime import UTC, datetime

import pytest

from charging.cleansing import Owner
from charging.cleansing.population import Facts


@pytest.mark.parametrize(
    ("uid", "rule"),
    [
        ("4.1E+13", "tok.excel"),
        ("12345678", "tok.decimal"),
        ("EDBA996", "tok.leading_zeros"),
        ("F6E5D4C3B2A104", "tok.reversed"),
        ("A1B2C3D4E5F6", "tok.truncated"),
        ("88A1B2C3", "tok.cascade_tag"),
        ("08A1B2C3", "tok.random_uid"),
        ("", "row.no_key"),
    ],
)
def test_sets_an_ambiguous_uid_aside_for_the_owner_of_the_cards(token, uid, rule):
    found = token({"token_uid": uid})

    assert [row.rule for row in found.quarantined] == [rule]
    assert uid == "" or found.quarantined[0].owner is Owner.NETWORK_OWNER


@pytest.mark.parametrize(
    ("uid", "known", "rule"),
    [("EDBA996", "ED0BA996", "tok.leading_zeros"), ("3976964502", "ED0BA996", "tok.decimal")],
)
def test_resolves_an_ambiguous_uid_by_a_better_source_and_logs_it(token, uid, known, rule):
    found = token({"token_uid": uid}, known_token_uids=frozenset({known}))

    assert [clean.token_uid for clean in found.clean] == [known]
    assert [(fix.rule, fix.before, fix.after) for fix in found.fixes] == [(rule, uid, known)]


@pytest.mark.parametrize(("kind", "rules"), [("pseudonym", []), ("card", ["tok.decimal"]), (None, ["tok.decimal"])])
def test_asks_no_card_number_of_a_pseudonym(token, kind, rules):
    assert token.rules({"token_uid": "35897499", "token_kind": kind}) == rules


@pytest.mark.parametrize(
    ("written", "canonical", "rules"),
    [
        ("04A1B2C3D4E5F6", "04A1B2C3D4E5F6", []),
        ("04:a1:b2:c3:d4:e5:f6", "04A1B2C3D4E5F6", ["tok.format"]),
        ("DD17380AF8", "DD17380A", ["tok.bcc"]),
    ],
)
def test_writes_a_card_number_canonically(token, written, canonical, rules):
    found = token({"token_uid": written})

    assert [clean.token_uid for clean in found.clean] == [canonical]
    assert [fix.rule for fix in found.fixes] == rules


@pytest.mark.parametrize(
    ("other", "rules", "merged"),
    [
        pytest.param({"contract_id": "NL-TNM-C00000001-X"}, ["tok.many_owners"] * 2, 0, id="two contracts"),
        pytest.param({"contract_id": None, "owner_count": "1"}, ["tok.many_owners"] * 2, 0, id="a contract and none"),
        pytest.param({"contract_id": "NLTNMC00122045"}, [], 1, id="one contract, written twice"),
        pytest.param({"is_blocked": "1"}, ["tok.dup"] * 2, 0, id="blocked, and not"),
        pytest.param({"expires_at": "2027-01-01T00:00:00Z"}, ["tok.dup"] * 2, 0, id="expiring, and not"),
        pytest.param({"token_uid": "04a1b2c3d4e5f6"}, [], 1, id="in lower case"),
        pytest.param({"token_uid": "04A1B2C3D4E5F7"}, [], 0, id="another card"),
    ],
)
def test_judges_a_uid_that_is_listed_twice(token, other, rules, merged):
    found = token({}, other)

    assert [row.rule for row in found.quarantined] == rules
    assert found.merged == merged


@pytest.mark.parametrize(
    ("rows", "rules"),
    [
        pytest.param([{}, {"token_uid": "B7B7B7B7", "contract_id": None}], ["tok.orphan"], id="one of two"),
        pytest.param([{"contract_id": None}], [], id="a source that names no holders"),
        pytest.param([{}, {"token_uid": "B7B7B7B7", "contract_id": None, "owner_count": "1"}], [], id="a user"),
        pytest.param(
            [{}, {"token_uid": "B7B7B7B7", "contract_id": None, "owner_count": "0"}], ["tok.orphan"], id="no user"
        ),
    ],
)
def test_sets_a_token_aside_that_nobody_holds(token, rows, rules):
    assert token.rules(*rows) == rules


@pytest.mark.parametrize(
    ("written", "expires_at", "fixes"),
    [
        ("9999-12-31T00:00:00Z", None, ["tok.max_date"]),
        ("1970-01-01T00:00:00Z", None, ["tok.max_date"]),
        ("2038-01-19T03:14:07Z", None, ["tok.max_date"]),
        ("2038-01-18T00:00:00Z", datetime(2038, 1, 18, tzinfo=UTC), []),
        ("2020-01-01T00:00:00Z", datetime(2020, 1, 1, tzinfo=UTC), ["tok.expired"]),
        (None, None, []),
    ],
)
def test_takes_a_date_that_means_never_for_none(token, written, expires_at, fixes):
    found = token({"expires_at": written})

    assert [clean.expires_at for clean in found.clean] == [expires_at]
    assert [fix.rule for fix in found.fixes] == fixes


def test_sets_a_token_aside_whose_expiry_is_no_date(token):
    assert token.rules({"expires_at": "soon"}) == ["tok.expiry"]


@pytest.mark.parametrize(
    ("written", "is_blocked"),
    [("1", True), ("true", True), ("yes", True), ("0", False), ("False", False), (None, False)],
)
def test_reads_whether_a_token_is_blocked(token, written, is_blocked):
    assert [clean.is_blocked for clean in token({"is_blocked": written}).clean] == [is_blocked]


def test_never_assumes_access(token):
    assert token.rules({"is_blocked": "perhaps"}) == ["tok.access"]


@pytest.mark.parametrize(
    ("note", "contract", "rules"),
    [
        ("NL-TNM-C00122045-K", "NL-TNM-C00122045-K", ["tok.contract_in_note"]),
        ("NL-TNM-C00122045-K bel 06-12345678", "NL-TNM-C00122045-K", ["tok.contract_in_note", "pii.note"]),
        ("red card", None, []),
    ],
)
def test_finds_a_contract_in_the_note_and_drops_particulars(token, note, contract, rules):
    found = token({"contract_id": None, "note": note})

    assert [clean.contract_id for clean in found.clean] == [contract]
    assert [fix.rule for fix in found.fixes] == rules
    assert "12345678" not in str(found.fixes)


@pytest.mark.parametrize(
    ("contract", "asked"), [("NL-TNM-C00122045-K", 0), ("NL-TNM-C00122045-X", 1), ("NLTNMC00122045", 0)]
)
def test_asks_about_a_wrong_check_digit_and_loads_the_token(token, contract, asked):
    found = token({"contract_id": contract})

    assert [question.rule for question in found.questions] == ["con.check_digit"] * asked
    assert len(found.clean) == 1


@pytest.mark.parametrize(
    ("row", "own", "issuer"),
    [
        ({}, frozenset(), "NL-TNM"),
        ({}, frozenset({"NL-TNM"}), None),
        ({"issuer": "DE-8AA"}, frozenset(), "DE-8AA"),
        ({"contract_id": "card 7"}, frozenset(), None),
    ],
)
def test_tells_the_issuer_by_the_contract(token, row, own, issuer):
    assert token(row, own_parties=own).clean[0].issuer == issuer


def test_writes_a_parent_as_its_own_row_has_it(token):
    assert token({"parent_uid": "ed:0b:a9:96"}).clean[0].parent_uid == "ED0BA996"
    assert token({"parent_uid": "FLEET 7"}).clean[0].parent_uid == "FLEET 7"


@pytest.mark.parametrize(
    ("expires_at", "is_blocked", "rules"),
    [
        pytest.param("2026-11-20T05:59:59Z", "0", ["tok.expired"], id="a second ago"),
        pytest.param("2026-11-20T06:00:00Z", "0", [], id="this instant"),
        pytest.param("2026-11-20T05:59:59Z", "1", [], id="blocked anyway"),
        pytest.param(None, "0", [], id="never"),
    ],
)
def test_moves_an_expired_token_as_a_blocked_one(token, expires_at, is_blocked, rules):
    found = token({"expires_at": expires_at, "is_blocked": is_blocked})

    assert [fix.rule for fix in found.fixes] == rules
    assert found.clean[0].is_blocked is (bool(rules) or is_blocked == "1")


@pytest.mark.parametrize(
    ("used", "is_urgent"),
    [
        pytest.param("2025-11-20T06:00:00Z", True, id="a year ago"),
        pytest.param("2025-11-20T05:59:59Z", False, id="longer ago"),
        pytest.param("2026-11-01T10:00:00", True, id="this month, in a zone that is not said"),
        pytest.param(None, False, id="never"),
    ],
)
def test_an_orphan_that_somebody_uses_is_urgent(token, used, is_urgent):
    facts = Facts(last_used={"04FFFFFFFFFFFF": used} if used else {})
    found = token({}, {"token_uid": "04FFFFFFFFFFFF", "contract_id": None}, facts=facts)

    assert [(row.rule, row.reason.startswith("urgent")) for row in found.quarantined] == [("tok.orphan", is_urgent)]


@pytest.mark.parametrize(
    ("uid", "rules"),
    [
        ("REMOTE-17", ["tok.virtual"]),
        ("vid:0017", ["tok.virtual"]),
        ("6f1c2a34-7d10-4a44-9f6e-0d6f5a0b1c2d", ["tok.virtual"]),
        ("04A1B2C3D4E5F6", []),
        ("GARAGE 7", []),
    ],
)
def test_asks_whether_an_apps_key_is_a_card(token, uid, rules):
    assert [question.rule for question in token({"token_uid": uid}).questions] == rules


@pytest.mark.parametrize(
    ("uid", "contract", "rules"),
    [
        ("Jan de Vries", None, ["pii.in_name"]),
        ("Jan de Vries", "NL-TNM-C00122045-K", []),
        ("GARAGE ZUID", None, []),
        ("Garage 7", None, []),
    ],
)
def test_asks_about_a_persons_name_without_a_contract(token, uid, contract, rules):
    found = token({"token_uid": uid, "contract_id": contract, "owner_count": "1"})

    assert [question.rule for question in found.questions] == rules
