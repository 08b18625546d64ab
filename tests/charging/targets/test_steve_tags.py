"""SteVe's REST API for tags, played as its controller has it: a list by idTag, POST for new, PUT for the whole tag."""

import json
from datetime import UTC, datetime

import httpx
import pytest
import stamina

from charging.errors import BackOfficeUnavailable
from charging.secret import Secret
from charging.targets.change import Action, Change
from charging.targets.steve_tags import SteveTags

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(autouse=True)
def impatient():
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


class Steve:
    """The API's side: tags by number, and answers that come before its own."""

    def __init__(self, *before):
        self.tags, self.before, self.requests = {}, list(before), []

    def __call__(self, request):
        self.requests.append(f"{request.method} {request.url.path.rpartition('/')[2]}")
        if request.headers.get("authorization") != httpx.BasicAuth("ops", "hunter2")._auth_header:
            return httpx.Response(401, text="who are you?")
        if self.before:
            answer = self.before.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if request.method == "GET":
            wanted = request.url.params["idTag"]
            rows = [{"ocppTagPk": pk, "idTag": tag["idTag"]} for pk, tag in self.tags.items() if tag["idTag"] == wanted]
            return httpx.Response(200, json=rows)
        form = json.loads(request.content)
        if form["note"] == "bad":
            return httpx.Response(422, json={"message": "Note is not liked"})
        pk = int(request.url.path.rpartition("/")[2]) if request.method == "PUT" else len(self.tags) + 1
        self.tags[pk] = form
        return httpx.Response(200 if request.method == "PUT" else 201, json=form)


@pytest.fixture
def send():
    def sent(steve, *changes):
        with httpx.Client(transport=httpx.MockTransport(steve)) as http:
            tags = SteveTags(http, "http://steve/steve/", user="ops", password=Secret("hunter2"), clock=lambda: NOW)
            return list(tags.apply(changes))

    return sent


def change(key="A", *, action=Action.CREATE, expiry=None, note="C-1", kept=None):
    fields = {"parent_id_tag": None, "expiry_date": expiry, "max_active_transaction_count": 1, "note": note}
    return Change(entity="token", key=key, action=action, reason="why", after=fields, fields=fields, kept=kept or {})


def test_creates_a_tag_and_replaces_it_the_second_time(send):
    steve = Steve()

    first = send(steve, change(expiry="2027-05-01T02:00:00+02:00"))
    again = send(steve, change(action=Action.UPDATE, kept={"max_active_transaction_count": -1}))

    assert [(one.error, one.http_status) for one in (*first, *again)] == [(None, 201), (None, 200)]
    assert steve.requests == ["GET ocppTags", "POST ocppTags", "GET ocppTags", "PUT 1"]
    assert steve.tags[1]["maxActiveTransactionCount"] == -1


def test_says_times_without_a_zone_in_utc(send):
    steve = Steve()

    send(steve, change(expiry="2027-05-01T02:00:00+02:00"))

    assert steve.tags[1]["expiration"] == "2027-05-01T00:00:00"


def test_a_tag_that_is_refused_costs_itself_alone(send):
    refused, taken = send(Steve(), change("A", note="bad"), change("B"))

    assert (refused.http_status, "Note is not liked" in refused.error, taken.error) == (422, True, None)


def test_does_not_send_a_tag_that_has_expired_because_the_api_takes_none(send):
    steve = Steve()

    (applied,) = send(steve, change(expiry="2026-11-20T00:00:00+00:00"))

    assert "sql" in applied.error
    assert steve.requests == []


@pytest.mark.parametrize(
    "passing", [httpx.Response(503), httpx.Response(429), httpx.ReadTimeout("late")], ids=["503", "429", "timeout"]
)
def test_tries_again_what_may_pass(send, passing):
    (applied,) = send(Steve(passing), change())

    assert applied.error is None


def test_sends_nothing_for_what_is_the_same_or_refused(send):
    steve = Steve()

    same, refused = send(steve, change(action=Action.SAME), change("B", action=Action.REFUSE))

    assert (same.error, refused.error, steve.requests) == (None, "why", [])


def test_gives_up_where_nobody_listens(send):
    with pytest.raises(BackOfficeUnavailable):
        send(Steve(httpx.ConnectError("refused")), change())
