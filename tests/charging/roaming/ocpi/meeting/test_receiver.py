import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from charging.database.operations import registration as write
from charging.database.queries.receiving import pushed_cdrs
from charging.roaming.ocpi.credentials_desk import fingerprint
from charging.roaming.registration import Purpose
from charging.secret import Secret

TOKEN = "a-token-that-we-gave"
NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
SESSION = {
    "country_code": "NL",
    "party_id": "ROA",
    "id": "S1",
    "status": "ACTIVE",
    "kwh": 1.25,
    "charging_periods": [{"start_date_time": "2026-11-01T12:00:00Z", "dimensions": []}],
    "last_updated": "2026-11-01T12:00:00Z",
}
PLACE = "2.2.1/sessions/NL/ROA/S1"


@pytest.fixture
def us(both):
    """Our receiver, with a partner that has a token."""
    ours, theirs = both
    ours.knows(theirs, name="roa")
    with ours.engine.begin() as connection:
        write.give(
            connection,
            "roa",
            token_sha256=fingerprint(Secret(TOKEN)),
            purpose=Purpose.ACCESS,
            reference="",
            at=ours.clock(),
        )
    return ours


@pytest.fixture
def push(us):
    def ask(method, path, body=None, **headers):
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        return us.ask(method, path, TOKEN, content=content, headers=headers)

    return ask


def rows(side, table):
    with side.engine.connect() as connection:
        return connection.execute(sa.text(f"SELECT * FROM roaming.{table}")).mappings().all()


def code(response):
    return response.json()["status_code"]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(f"Token {TOKEN}", id="raw, as in 2.1.1"),
        pytest.param(f"Token {b64encode(TOKEN.encode()).decode()}", id="in Base64"),
        pytest.param("Token " + b64encode(TOKEN.encode() + b"\n").decode(), id="with the newline of the samples"),
        pytest.param(f"token {b64encode(TOKEN.encode()).decode().rstrip('=')}", id="without padding, in small letters"),
    ],
)
def test_a_token_is_known_however_it_is_written(us, header):
    assert us.ask("GET", "versions", "", headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize("header", ["", "Token", "Token wrong", f"Bearer {TOKEN}", "Token \xff"])
def test_nobody_else_comes_in(us, header):
    answer = us.ask("GET", "versions", "", headers={"Authorization": header.encode("latin-1")})

    assert (answer.status_code, code(answer)) == (401, 2001)


def test_whoever_guesses_tokens_is_slowed_down_and_others_are_not(us, push):
    answers = [us.ask("GET", "versions", f"guess-{number}").status_code for number in range(32)]

    assert answers[:30] == [401] * 30
    assert answers[-1] == 429
    assert push("GET", "versions").status_code == 200


def test_a_partner_that_comes_too_often_is_told_when_to_come_again(us, push):
    file = us.file("roa")
    file.write_text("requests_per_minute = 3\n" + file.read_text())
    answers = [push("GET", "versions") for _ in range(4)]
    us.now += timedelta(seconds=61)

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 61
    assert push("GET", "versions").status_code == 200


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
def test_says_what_it_takes(us, push, version):
    versions = push("GET", "versions").json()["data"]
    details = push("GET", version).json()["data"]

    assert {one["version"]: one["url"] for one in versions}[version] == f"{us.url}/{version}"
    found = {one["identifier"]: one.get("role") for one in details["endpoints"]}
    assert set(found) == {"credentials", "cdrs", "sessions", "locations", "tariffs", "tokens"}
    assert found["cdrs"] == (None if version == "2.1.1" else "RECEIVER")


def test_repeats_the_ids_of_a_request_and_swaps_whom_it_is_from_and_to(push):
    answer = push(
        "GET",
        "versions",
        **{"X-Request-ID": "r-1", "X-Correlation-ID": "c-1", "OCPI-from-party-id": "ROA", "OCPI-to-party-id": "EVN"},
    )

    assert (answer.headers["x-request-id"], answer.headers["x-correlation-id"]) == ("r-1", "c-1")
    assert (answer.headers["ocpi-to-party-id"], answer.headers["ocpi-from-party-id"]) == ("ROA", "EVN")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing", 404),
        ("GET", "2.2.1/commands", 404),
        ("GET", "2.0/cdrs/x", 404),
        ("PUT", "2.2.1/cdrs", 405),
        ("POST", "versions", 405),
        ("DELETE", PLACE, 405),
        ("GET", "2.2.1/cdrs/bm90aGluZw", 404),
        ("GET", "2.2.1/cdrs/%00%ff", 404),
        ("GET", "2.2.1/tokens/NL/ROA", 404),
        ("GET", "2.2.1/tokens/NL/ROA/%2e%2e%2f", 404),
        ("POST", "2.2.1/credentials", 405),
    ],
)
def test_what_is_not_there_is_said_in_the_protocols_form(push, method, path, status):
    answer = push(method, path, b"{}" if method != "GET" else None)

    assert answer.status_code == status
    assert 2000 <= code(answer) < 3000


class TestCdr:
    def test_is_taken_once_and_given_back_as_it_came(self, us, push, cdr):
        body = json.dumps(cdr("C/1 ü")).encode()

        first = push("POST", "2.2.1/cdrs", body)
        again = push("POST", "2.2.1/cdrs", body)
        there = us.ask("GET", first.headers["location"].removeprefix(f"{us.url}/"), TOKEN)

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.headers["location"] == again.headers["location"]
        assert there.json()["data"] == cdr("C/1 ü")
        assert len(rows(us, "pushed_record")) == len(rows(us, "pushed_body")) == 1

    def test_joins_the_night_after_it_came(self, us, push, cdr):
        push("POST", "2.2.1/cdrs", cdr("1"))
        us.now = NOVEMBER[1]
        push("POST", "2.2.1/cdrs", cdr("2"))

        with us.engine.connect() as connection:
            parsed = pushed_cdrs(connection, "roa", NOVEMBER)

        assert [one.cdr_id for one in parsed.cdrs] == ["1"]
        assert parsed.rejected == ()

    def test_that_is_changed_is_refused_and_kept(self, us, push, cdr):
        push("POST", "2.2.1/cdrs", cdr("1"))
        changed = push("POST", "2.2.1/cdrs", cdr("1", {"total_energy": 99}))

        assert (changed.status_code, code(changed)) == (200, 2000)
        with us.engine.connect() as connection:
            parsed = pushed_cdrs(connection, "roa", NOVEMBER)
        assert [str(one.energy_kwh) for one in parsed.cdrs] == ["10.123"]
        assert [(one.cdr_id, "other content" in one.reason) for one in parsed.rejected] == [("1", True)]

    def test_that_is_sent_again_is_taken_where_that_was_agreed(self, us, push, cdr):
        us.file("roa").write_text('credit_policy = "resent_id"\n' + us.file("roa").read_text())
        push("POST", "2.2.1/cdrs", cdr("1"))
        push("POST", "2.2.1/cdrs", cdr("1", {"total_energy": 99}))

        with us.engine.connect() as connection:
            parsed = pushed_cdrs(connection, "roa", NOVEMBER)
        assert [str(one.energy_kwh) for one in parsed.cdrs] == ["99"]

    def test_that_nobody_can_read_costs_itself(self, us, push, cdr):
        broken = push("POST", "2.2.1/cdrs", cdr("2", {"currency": None}))
        push("POST", "2.2.1/cdrs", cdr("1"))

        assert (broken.status_code, code(broken)) == (200, 2001)
        assert "currency" in broken.json()["status_message"]
        with us.engine.connect() as connection:
            parsed = pushed_cdrs(connection, "roa", NOVEMBER)
        assert ([one.cdr_id for one in parsed.cdrs], [one.cdr_id for one in parsed.rejected]) == (["1"], ["2"])

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            pytest.param(b"{", 400, id="no JSON"),
            pytest.param(b"\xff", 400, id="no text"),
            pytest.param(b"[" * 5000, 400, id="too deep"),
            pytest.param(b"[]", 200, id="a list"),
            pytest.param(b"null", 200, id="nothing"),
        ],
    )
    def test_that_is_none_is_kept_and_refused(self, us, push, body, status):
        answer = push("POST", "2.2.1/cdrs", body)

        assert (answer.status_code, code(answer)) == (status, 2001)
        assert len(rows(us, "pushed_body")) == 1

    def test_with_an_endless_id_is_kept_and_refused(self, us, push, cdr):
        assert code(push("POST", "2.2.1/cdrs", cdr("x" * 201))) == 2001
        assert code(push("POST", "2.2.1/cdrs", cdr("x" * 200))) == 1000
        assert {row["state"] for row in rows(us, "pushed_record")} == {"unreadable", "current"}

    def test_of_a_third_party_is_refused(self, push, cdr):
        assert code(push("POST", "2.2.1/cdrs", cdr("1", {"party_id": "XXX"}))) == 2001

    def test_of_another_partner_is_not_shown(self, us, push, cdr):
        place = push("POST", "2.2.1/cdrs", cdr("1")).headers["location"].removeprefix(f"{us.url}/")
        us.file("hub").write_text(us.file("roa").read_text().replace('name = "roa"', 'name = "hub"'))
        with us.engine.begin() as connection:
            other = fingerprint(Secret("of-the-hub"))
            write.give(connection, "hub", token_sha256=other, purpose=Purpose.ACCESS, reference="", at=us.clock())

        assert us.ask("GET", place, "of-the-hub").status_code == 404

    def test_is_not_answered_for_where_it_cannot_be_stored(self, us, push, cdr):
        with us.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE roaming.pushed_record RENAME TO away"))
        try:
            answer = push("POST", "2.2.1/cdrs", cdr("1"))
        finally:
            with us.engine.begin() as connection:
                connection.execute(sa.text("ALTER TABLE roaming.away RENAME TO pushed_record"))

        assert (answer.status_code, code(answer)) == (503, 3000)
        assert push("POST", "2.2.1/cdrs", cdr("1")).status_code == 201


def test_what_is_too_large_or_compressed_is_not_read(us, push):
    assert push("POST", "2.2.1/cdrs", b" " * 20_001).status_code == 413
    assert push("POST", "2.2.1/cdrs", b"x", **{"Content-Encoding": "gzip"}).status_code == 415
    assert rows(us, "pushed_body") == []


class TestSession:
    def test_is_put_patched_and_read_back(self, push):
        new = push("PUT", PLACE, SESSION)
        more = {"kwh": 2.5, "status": "COMPLETED", "last_updated": "2026-11-01T13:00:00Z"}
        patched = push("PATCH", PLACE, more)

        assert (new.status_code, patched.status_code) == (201, 200)
        assert push("GET", PLACE).json()["data"] == SESSION | more

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            pytest.param({"id": "S2"}, PLACE, id="another id"),
            pytest.param({"party_id": "EVN"}, PLACE, id="another party"),
            pytest.param({"last_updated": None}, PLACE, id="no last_updated"),
            pytest.param({"last_updated": "yesterday"}, PLACE, id="no instant"),
            pytest.param({"party_id": "XXX"}, "2.2.1/sessions/NL/XXX/S1", id="somebody else's"),
        ],
    )
    def test_that_is_not_what_its_address_says_is_refused(self, push, change, path):
        assert code(push("PUT", path, SESSION | change)) == 2001
        assert push("GET", path).status_code == 404

    def test_that_comes_late_does_not_undo_what_is_newer(self, us, push):
        push("PUT", PLACE, SESSION | {"kwh": 9, "last_updated": "2026-11-01T14:00:00Z"})
        late = push("PUT", PLACE, SESSION)

        assert code(late) == 1000
        assert "older" in late.json()["status_message"]
        assert push("GET", PLACE).json()["data"]["kwh"] == 9
        assert {row["state"] for row in rows(us, "pushed_record")} == {"current", "superseded"}

    @pytest.mark.parametrize(
        ("body", "found"),
        [
            pytest.param({"kwh": 2}, 200, id="without last_updated"),
            pytest.param({"id": "S2", "last_updated": "2026-11-01T13:00:00Z"}, 200, id="that changes the id"),
        ],
    )
    def test_patch_is_refused(self, push, body, found):
        push("PUT", PLACE, SESSION)
        answer = push("PATCH", PLACE, body)

        assert (answer.status_code, code(answer)) == (found, 2001)
        assert push("GET", PLACE).json()["data"] == SESSION

    def test_that_is_not_there_cannot_be_patched(self, push):
        assert push("PATCH", PLACE, {"last_updated": "2026-11-01T13:00:00Z"}).status_code == 404


def test_an_evse_is_put_into_its_location_and_a_tariff_is_deleted(push):
    place = "2.2.1/locations/NL/ROA/L1"
    location = {"country_code": "NL", "party_id": "ROA", "id": "L1", "last_updated": "2026-11-01T12:00:00Z"}
    evse = {"uid": "E1", "status": "AVAILABLE", "connectors": [], "last_updated": "2026-11-01T13:00:00Z"}
    assert push("PUT", f"{place}/E1", evse).json()["status_code"] == 2003
    push("PUT", place, location)
    push("PUT", f"{place}/E1", evse)
    push("PATCH", f"{place}/E1", {"status": "CHARGING", "last_updated": "2026-11-01T14:00:00Z"})
    push("PUT", f"{place}/E1/1", {"id": "1", "standard": "IEC_62196_T2", "last_updated": "2026-11-01T15:00:00Z"})

    there = push("GET", place).json()["data"]
    assert there["last_updated"] == there["evses"][0]["last_updated"] == "2026-11-01T15:00:00Z"
    assert push("GET", f"{place}/e1").json()["data"]["status"] == "CHARGING"
    assert push("GET", f"{place}/E1/1").json()["data"]["standard"] == "IEC_62196_T2"

    tariff = {"country_code": "NL", "party_id": "ROA", "id": "T1", "last_updated": "2026-11-01T12:00:00Z"}
    push("PUT", "2.2.1/tariffs/NL/ROA/T1", tariff)
    assert push("DELETE", "2.2.1/tariffs/NL/ROA/T1").status_code == 200
    assert push("GET", "2.2.1/tariffs/NL/ROA/T1").status_code == 404
    assert push("DELETE", "2.2.1/tariffs/NL/ROA/T1").status_code == 404
