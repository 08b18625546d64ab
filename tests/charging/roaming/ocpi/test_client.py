"""A partner that misbehaves in every way that real ones do, played at the wire."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import stamina

from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi.client import OcpiClient, resume_from
from charging.roaming.ocpi.transport import Limits
from charging.roaming.partner import TokenEncoding
from charging.secret import Secret

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BASE = "https://roa.example/ocpi"
CDRS = f"{BASE}/2.2.1/cdrs"


@pytest.fixture(autouse=True)
def impatient():
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


class Server:
    """Answers the handshake, and gives the answers listed for the CDR endpoint one after the other."""

    def __init__(self, *answers, versions=("2.1.1", "2.2.1"), party="ROA", cdrs_url=CDRS):
        self.answers, self.versions, self.party, self.cdrs_url = list(answers), versions, party, cdrs_url
        self.requests: list[httpx.Request] = []

    def __call__(self, request):
        self.requests.append(request)
        path = request.url.path
        if path.endswith("/versions"):
            return ok([{"version": version, "url": f"{BASE}/{version}"} for version in self.versions])
        if path.endswith("/credentials"):
            return ok(
                {"token": "t", "url": "u", "roles": [{"role": "EMSP", "country_code": "NL", "party_id": self.party}]}
            )
        if path.endswith("/2.2.1"):
            endpoints = [
                {"identifier": "credentials", "role": "RECEIVER", "url": f"{BASE}/2.2.1/credentials"},
                {"identifier": "cdrs", "role": "SENDER", "url": self.cdrs_url},
            ]
            return ok({"version": "2.2.1", "endpoints": endpoints})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def asked(self):
        return [dict(request.url.params) for request in self.requests if request.url.path.endswith("/cdrs")]


def ok(data, *, code=1000, status=200, **headers):
    body = {"data": data, "status_code": code, "status_message": "said"}
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return httpx.Response(status, content=json.dumps(body), headers=named)


def following(offset, *, host=CDRS):
    return f'<{host}?offset={offset}>; rel="next"'


@pytest.fixture
def pull(partner):
    def of(server, *, partner=partner, limits=None, clock=lambda: NOW):
        with httpx.Client(transport=httpx.MockTransport(server)) as http:
            client = OcpiClient(
                partner, http=http, token=Secret("token"), clock=clock, correlation_id="night-1", limits=limits
            )
            return client.pull(date_from=NOW - timedelta(days=2), date_to=NOW)

    return of


def test_asks_for_the_half_open_period_with_the_right_headers(pull, cdr):
    server = Server(ok([cdr()], x_total_count=1), ok([], x_total_count=1))

    pull(server)

    period = {"date_from": "2026-11-19T00:00:00Z", "date_to": "2026-11-21T00:00:00Z"}
    assert server.asked == [period, period | {"offset": "1"}], "the last request proves that nothing lies beyond"
    functional = server.requests[-1].headers
    assert functional["authorization"] == "Token dG9rZW4="
    assert (functional["ocpi-to-party-id"], functional["ocpi-from-party-id"]) == ("ROA", "EVN")
    assert "ocpi-to-party-id" not in server.requests[0].headers
    assert len({request.headers["x-request-id"] for request in server.requests}) == len(server.requests)
    assert {request.headers["x-correlation-id"] for request in server.requests} == {"night-1"}


def test_sends_a_raw_token_where_the_partner_wants_it_so(pull, partner, cdr):
    server = Server(ok([cdr()], x_total_count=1))

    pull(server, partner=replace(partner, token_encoding=TokenEncoding.RAW))

    assert server.requests[0].headers["authorization"] == "Token token"


def test_follows_links_to_the_end_and_keeps_every_page_as_it_came(pull, cdr):
    first = ok([cdr("1"), cdr("2")], x_total_count=3, link=following(2))
    pulled = pull(Server(first, ok([cdr("3")], x_total_count=3)))

    assert pulled.is_complete
    assert [found.cdr_id for found in pulled.cdrs] == ["1", "2", "3"]
    assert pulled.pages[0].answer.body == first.content
    assert len(pulled.pages[0].answer.sha256) == 64


def test_counts_the_offset_itself_where_a_link_is_missing(pull, cdr):
    server = Server(
        ok([cdr("1")], x_total_count=3),
        ok([cdr("2")], x_total_count=3, link=following(2)),
        ok([cdr("3")], x_total_count=3),
    )

    pulled = pull(server)

    assert pulled.is_complete
    assert [asked.get("offset") for asked in server.asked] == [None, "1", "2", "3"]


def test_the_token_never_follows_a_link_to_another_host(pull, cdr):
    server = Server(
        ok([cdr("1")], x_total_count=2, link=following(1, host="https://evil.example/cdrs")),
        ok([cdr("2")], x_total_count=2),
    )

    pulled = pull(server)

    assert {request.url.host for request in server.requests} == {"roa.example"}
    assert pulled.is_complete
    assert "evil.example" in pulled.notes[0]


def test_an_endpoint_on_another_host_is_refused_and_the_mend_named(pull, cdr):
    with pytest.raises(PartnerRefused, match="origins"):
        pull(Server(ok([cdr()]), cdrs_url="https://evil.example/cdrs"))


def test_without_a_total_only_an_empty_page_proves_the_end(pull, cdr):
    pulled = pull(Server(ok([cdr("1")]), ok([cdr("2")]), ok([])))

    assert pulled.is_complete
    assert len(pulled.cdrs) == 2
    assert "X-Total-Count" in pulled.notes[0]


def test_no_cdrs_is_a_complete_answer(pull):
    pulled = pull(Server(ok([], x_total_count=0)))

    assert pulled.is_complete
    assert pulled.cdrs == ()


@pytest.mark.parametrize("link", [None, following(0)], ids=["by offset", "by Link"])
def test_a_server_that_repeats_its_page_for_ever_is_left_and_it_is_said(pull, cdr, link):
    pulled = pull(Server(ok([cdr("1")], x_total_count=9, **({"link": link} if link else {}))))

    assert not pulled.is_complete
    assert "1 records came of the 9" in pulled.incomplete_because


def test_steps_back_where_records_move_up_meanwhile(pull, cdr):
    server = Server(
        ok([cdr("1"), cdr("2")], x_total_count=4, link=following(2)),
        ok([cdr("4")], x_total_count=3, link=None),
        ok([cdr("3"), cdr("4")], x_total_count=3),
    )

    pulled = pull(server)

    assert {found.cdr_id for found in pulled.cdrs} == {"1", "2", "3", "4"}
    assert server.asked[2]["offset"] == "1"


def test_the_same_record_on_two_pages_is_one(pull, cdr):
    pulled = pull(
        Server(ok([cdr("1"), cdr("2")], x_total_count=3, link=following(1)), ok([cdr("2"), cdr("3")], x_total_count=3))
    )

    assert [found.cdr_id for found in pulled.cdrs] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(httpx.Response(503), id="HTTP 503"),
        pytest.param(httpx.Response(429, headers={"retry-after": "0"}), id="HTTP 429"),
        pytest.param(httpx.Response(200, content=b'{"data": [{"id'), id="truncated JSON"),
        pytest.param(httpx.Response(200, content=b'{"data": []}'), id="no status code"),
        pytest.param(httpx.Response(200, content=b"<html>"), id="not JSON"),
        pytest.param(ok([], code=3000), id="HTTP 200 with 3000"),
        pytest.param(httpx.ReadTimeout("slow"), id="timeout"),
        pytest.param(httpx.ConnectError("refused"), id="no connection"),
    ],
)
class TestATroubleThatMayPass:
    def test_is_tried_again(self, pull, cdr, trouble):
        assert pull(Server(trouble, trouble, ok([cdr()], x_total_count=1))).is_complete

    def test_on_the_first_page_is_no_empty_night(self, pull, trouble):
        with pytest.raises(PartnerUnavailable):
            pull(Server(trouble))

    def test_on_a_later_page_makes_the_pull_incomplete(self, pull, cdr, trouble):
        pulled = pull(Server(ok([cdr("1")], x_total_count=2, link=following(1)), trouble))

        assert not pulled.is_complete
        assert "unavailable" in pulled.incomplete_because
        assert len(pulled.cdrs) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(401), id="HTTP 401"),
        pytest.param(httpx.Response(404), id="HTTP 404"),
        pytest.param(httpx.Response(302, headers={"location": "https://evil.example"}), id="a redirect"),
        pytest.param(ok([], code=2001), id="HTTP 200 with 2001"),
    ],
)
def test_a_no_is_asked_once(pull, answer):
    server = Server(answer)
    with pytest.raises(PartnerRefused):
        pull(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("server", "said"),
    [
        pytest.param(Server(ok([]), versions=("2.0",)), "offers 2.0", id="another version"),
        pytest.param(Server(ok([]), party="XYZ"), "NL-XYZ", id="another party"),
    ],
)
def test_refuses_whom_it_does_not_know(pull, server, said):
    with pytest.raises(PartnerRefused, match=said):
        pull(server)


def test_an_endless_answer_is_cut_off(pull):
    with pytest.raises(PartnerUnavailable, match="more than 1000 bytes"):
        pull(Server(httpx.Response(200, content=b" " * 2000)), limits=Limits(max_bytes=1000))


def test_an_answer_that_drips_is_given_up(pull, cdr):
    ticks = iter(range(10_000))

    with pytest.raises(PartnerUnavailable, match="longer than"):
        pull(
            Server(ok([cdr()], x_total_count=1)),
            limits=Limits(max_duration=timedelta(0)),
            clock=lambda: NOW + timedelta(seconds=next(ticks)),
        )


def test_the_token_stands_in_no_message(pull):
    with pytest.raises(PartnerRefused) as refused:
        pull(Server(httpx.Response(401)))
    assert "dG9rZW4" not in str(refused.value)


def test_resumes_before_the_newest_seen():
    assert resume_from(NOW) == NOW - timedelta(hours=48)
