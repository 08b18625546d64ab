"""Secrets and their hashes, certificates' names, and how often somebody may try."""

import pytest

from charging.ocpp.gateway.attempts import Attempts
from charging.ocpp.gateway.credential import certified_names, hashed, is_quick, is_secret
from charging.ocpp.gateway.stored import stored

SALT = bytes(16)


@pytest.mark.parametrize("secret", ["short", "a-secret-of-sixteen-or-more", "pässword-with-ümlauts!"])
def test_a_secret_is_recognised_by_its_hash_and_no_other_is(secret):
    kept = hashed(secret, salt=SALT)

    assert secret not in kept
    assert is_secret(secret, kept)
    assert not is_secret(secret + "x", kept)
    assert not is_secret("", kept)
    assert not is_secret(secret * 100, kept)


def test_the_same_secret_with_another_salt_is_stored_otherwise():
    assert hashed("a-secret-of-sixteen", salt=SALT) != hashed("a-secret-of-sixteen", salt=b"1" * 16)


def test_a_secret_that_could_be_guessed_costs_the_guesser_time():
    assert not is_quick(hashed("x" * 15, salt=SALT))
    assert is_quick(hashed("x" * 16, salt=SALT))


def test_a_certificate_is_for_its_common_name_and_its_dns_names():
    certificate = {
        "subject": ((("organizationName", "Maker"),), (("commonName", "CS-1"),)),
        "subjectAltName": (("DNS", "cs-1.example"), ("IP Address", "10.0.0.1")),
    }

    assert certified_names(certificate) == {"CS-1", "cs-1.example"}
    assert certified_names({}) == frozenset()


def test_five_failures_within_a_minute_are_too_many_for_one_name_alone():
    attempts = Attempts(per_minute=5)
    for second in range(5):
        assert not attempts.are_spent(["a"], now=second)
        attempts.fail(["a"], now=second)

    assert attempts.are_spent(["a"], now=5)
    assert attempts.are_spent(["a"], now=59.9)
    assert not attempts.are_spent(["b"], now=5)
    assert not attempts.are_spent(["a"], now=60)


def test_a_success_forgets_the_failures():
    attempts = Attempts(per_minute=1)
    attempts.fail(["a"], now=0)
    attempts.succeed(["a"])

    assert not attempts.are_spent(["a"], now=0)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        pytest.param(b'[2,"1","Heartbeat", {} ]', '[2,"1","Heartbeat", {} ]', id="untouched"),
        pytest.param(
            b'[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"abc"}]',
            '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"****"}]',
            id="a key's value",
        ),
        pytest.param(
            b'[2,"1","Authorize",{"idTag":"04A1B2C3D4"}]', '[2,"1","Authorize",{"idTag":"04A1…D4"}]', id="a token"
        ),
        pytest.param(
            b'[2,"1","X",{"password":"abc","n":1.50}]', '[2,"1","X",{"password":"****","n":1.50}]', id="numbers stay"
        ),
        pytest.param(
            b'[2,"1","X",{"p\\u0061ssword":"abc"}]', '[2,"1","X",{"password":"****"}]', id="an escaped letter"
        ),
        pytest.param(
            b'{"password":"abc', '{"passw… (9 bytes that are not kept: it is no JSON)', id="no JSON, and suspicious"
        ),
        pytest.param(b"no JSON \xff", "no JSON \ufffd", id="no JSON"),
        pytest.param(b'[2,"1","X",{"a":"\x00"}]', '[2,"1","X",{"a":"\ufffd"}]', id="what PostgreSQL cannot hold"),
        pytest.param(b"[" * 100_000 + b'"pin"', None, id="deep"),
    ],
)
def test_frames_are_stored_without_secrets_and_otherwise_as_they_came(raw, kept):
    found = stored(raw)

    assert "abc" not in found
    if kept is not None:
        assert found == kept
