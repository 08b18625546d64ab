"""Hostile answers: errors, redirects, waits, and doors that open onto something else."""

from dataclasses import replace
from typing import Any

from rehearsal.hostile_behaviour import Behaviour, Outcome, Place, behaviour
from rehearsal.hostile_pages import Ask, answered, page, with_headers
from rehearsal.hostile_play import TOKEN
from rehearsal.hostile_wire import Reply

ANSWERS: dict[str, Behaviour] = {}
_YEARS = "1000000000000"


def _once(ask: Ask, trouble: Reply, *, at: int = 2) -> Reply:
    if ask.number == at:
        ask.danger()
        return trouble
    return page(ask)


def _from(ask: Ask, trouble: Reply, *, at: int = 1) -> Reply:
    if ask.number >= at:
        ask.danger()
        return trouble
    return page(ask)


@behaviour(ANSWERS, Outcome.ALL)
def too_many_requests_once(ask: Ask) -> Reply:
    return _once(ask, Reply(status=429, headers={"Retry-After": "3"}))


@behaviour(ANSWERS, Outcome.ALL)
def too_many_requests_until_a_date(ask: Ask) -> Reply:
    return _once(ask, Reply(status=429, headers={"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}))


@behaviour(ANSWERS, Outcome.ALL)
def too_many_requests_for_thirty_thousand_years(ask: Ask) -> Reply:
    return _once(ask, Reply(status=429, headers={"Retry-After": _YEARS}))


@behaviour(ANSWERS, Outcome.ALL)
def too_many_requests_until_the_past(ask: Ask) -> Reply:
    return _once(ask, Reply(status=429, headers={"Retry-After": "-5"}), at=1)


@behaviour(ANSWERS, Outcome.SAID)
def too_many_requests_for_ever(ask: Ask) -> Reply:
    return _from(ask, Reply(status=429, headers={"Retry-After": "60"}), at=2)


@behaviour(ANSWERS, Outcome.ALL)
def unavailable_once(ask: Ask) -> Reply:
    return _once(ask, Reply(status=503, body=b"<html>busy</html>"))


@behaviour(ANSWERS, Outcome.SAID)
def unavailable_for_ever(ask: Ask) -> Reply:
    return _from(ask, Reply(status=503))


@behaviour(ANSWERS, Outcome.SAID)
def server_error_on_a_later_page(ask: Ask) -> Reply:
    return _from(ask, Reply(status=500), at=3)


@behaviour(ANSWERS, Outcome.SAID)
def not_found(ask: Ask) -> Reply:
    return _from(ask, Reply(status=404))


@behaviour(ANSWERS, Outcome.SAID)
def unauthorised(ask: Ask) -> Reply:
    return _from(ask, Reply(status=401))


@behaviour(ANSWERS, Outcome.SAID)
def forbidden_on_a_later_page(ask: Ask) -> Reply:
    return _from(ask, Reply(status=403), at=3)


@behaviour(ANSWERS, Outcome.ALL)
def server_error_in_a_success_once(ask: Ask) -> Reply:
    return _once(ask, answered([], code=3000, message="database down"), at=1)


@behaviour(ANSWERS, Outcome.SAID)
def server_error_in_a_success(ask: Ask) -> Reply:
    return _from(ask, answered([], code=3000, message="database down"))


@behaviour(ANSWERS, Outcome.SAID)
def hub_error_in_a_success_on_a_later_page(ask: Ask) -> Reply:
    return _from(ask, answered([], code=4002, message="timeout"), at=2)


@behaviour(ANSWERS, Outcome.SAID)
def client_error_in_a_success(ask: Ask) -> Reply:
    return _from(ask, answered([], code=2001, message="invalid parameter"))


@behaviour(ANSWERS, Outcome.SAID)
def status_code_missing(ask: Ask) -> Reply:
    return _from(ask, Reply(body=b'{"data": []}'))


@behaviour(ANSWERS, Outcome.SAID)
def status_code_is_a_word(ask: Ask) -> Reply:
    return _from(ask, answered([], code="OK"))


@behaviour(ANSWERS, Outcome.SAID)
def no_content(ask: Ask) -> Reply:
    return _from(ask, Reply(verbatim=b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"))


@behaviour(ANSWERS, Outcome.SAID)
def login_page(ask: Ask) -> Reply:
    return _from(ask, Reply(headers={"Content-Type": "text/html"}, body=b"<html><form>Sign in</form></html>"))


@behaviour(ANSWERS, Outcome.ALL)
def answer_calls_itself_html(ask: Ask) -> Reply:
    ask.danger()
    return with_headers(page(ask), {"Content-Type": "text/html"})


@behaviour(ANSWERS, Outcome.SAID)
def redirect_to_another_host(ask: Ask) -> Reply:
    return _from(ask, Reply(status=302, headers={"Location": f"{ask.play.stranger}/cdrs"}))


@behaviour(ANSWERS, Outcome.SAID)
def redirect_to_another_host_on_a_later_page(ask: Ask) -> Reply:
    return _from(ask, Reply(status=307, headers={"Location": f"{ask.play.stranger}/cdrs"}), at=2)


@behaviour(ANSWERS, Outcome.SAID)
def redirect_to_a_file(ask: Ask) -> Reply:
    return _from(ask, Reply(status=301, headers={"Location": "file:///etc/passwd"}))


@behaviour(ANSWERS, Outcome.ALL)
def redirect_on_its_own_host(ask: Ask) -> Reply:
    if "moved" in ask.asked.query:
        return page(ask)
    ask.danger()
    return Reply(status=308, headers={"Location": ask.url(moved="1")})


@behaviour(ANSWERS, Outcome.ALL)
def redirect_that_loses_the_query(ask: Ask) -> Reply:
    if ask.asked.path.endswith("/cdrs/"):
        return page(ask, link=None)
    ask.danger()
    return Reply(status=301, headers={"Location": f"{ask.play.base}/cdrs/"})


@behaviour(ANSWERS, Outcome.SAID)
def redirect_in_a_circle(ask: Ask) -> Reply:
    return _from(ask, Reply(status=302, headers={"Location": ask.url()}))


@behaviour(ANSWERS, Outcome.ALL, is_slow=True)
def silence_once(ask: Ask) -> Reply:
    return _once(ask, Reply(pause=60))


@behaviour(ANSWERS, Outcome.SAID, is_slow=True)
def silence_for_ever(ask: Ask) -> Reply:
    return _from(ask, Reply(pause=60))


@behaviour(ANSWERS, Outcome.SAID, is_slow=True)
def body_drips(ask: Ask) -> Reply:
    return _from(ask, Reply(verbatim=b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 1_000_000, between=0.02))


@behaviour(ANSWERS, Outcome.SAID, is_slow=True)
def headers_drip(ask: Ask) -> Reply:
    return _from(ask, Reply(verbatim=b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 60_000, between=0.02))


@behaviour(ANSWERS, Outcome.SAID)
def headers_without_end(ask: Ask) -> Reply:
    return _from(ask, Reply(verbatim=b"HTTP/1.1 200 OK\r\n" + b"X-More: and more\r\n" * 60_000))


@behaviour(ANSWERS, Outcome.SAID)
def no_http_at_all(ask: Ask) -> Reply:
    return _from(ask, Reply(verbatim=b"SSH-2.0-OpenSSH_9.6\r\n"))


@behaviour(ANSWERS, Outcome.ALL)
def connection_is_cut_once(ask: Ask) -> Reply:
    return _once(ask, Reply(verbatim=b""))


@behaviour(ANSWERS, Outcome.SAID, place=Place.VERSIONS)
def versions_lead_to_another_host(ask: Ask) -> Reply:
    return _from(ask, answered([{"version": ask.play.version, "url": f"{ask.play.stranger}/details"}]))


@behaviour(ANSWERS, Outcome.SAID, place=Place.VERSIONS)
def versions_are_no_list(ask: Ask) -> Reply:
    return _from(ask, answered({"versions": "all"}))


@behaviour(ANSWERS, Outcome.SAID, place=Place.VERSIONS)
def versions_of_long_ago(ask: Ask) -> Reply:
    return _from(ask, answered([{"version": "2.0", "url": f"{ask.play.base}/details"}]))


@behaviour(ANSWERS, Outcome.SAID, place=Place.DETAILS)
def endpoint_on_another_host(ask: Ask) -> Reply:
    return _details(ask, cdrs=f"{ask.play.stranger}/cdrs")


@behaviour(ANSWERS, Outcome.SAID, place=Place.DETAILS)
def endpoint_in_the_clouds_own_network(ask: Ask) -> Reply:
    return _details(ask, cdrs="http://169.254.169.254/latest/meta-data/")


@behaviour(ANSWERS, Outcome.SAID, place=Place.DETAILS)
def endpoint_with_another_users_name(ask: Ask) -> Reply:
    return _details(ask, cdrs=ask.play.base.replace("://", "://somebody:secret@") + "/cdrs")


@behaviour(ANSWERS, Outcome.SAID, place=Place.DETAILS)
def endpoint_missing(ask: Ask) -> Reply:
    return _details(ask, cdrs=None)


@behaviour(ANSWERS, Outcome.SAID, place=Place.DETAILS, versions=("2.2.1", "2.3.0"))
def endpoint_takes_and_does_not_give(ask: Ask) -> Reply:
    return _details(ask, cdrs=f"{ask.play.base}/cdrs", role="RECEIVER")


def _details(ask: Ask, *, cdrs: str | None, role: str = "SENDER") -> Reply:
    ask.danger()
    credentials = {"identifier": "credentials", "role": "RECEIVER", "url": f"{ask.play.base}/credentials"}
    offered: list[dict[str, Any]] = [{"identifier": "cdrs", "role": role, "url": cdrs}] if cdrs else []
    return answered({"version": ask.play.version, "endpoints": [credentials, *offered]})


@behaviour(ANSWERS, Outcome.SAID, place=Place.CREDENTIALS)
def credentials_of_another_party(ask: Ask) -> Reply:
    party = {"country_code": "DE", "party_id": "XYZ"}
    return _from(ask, answered({"token": TOKEN, "url": "u", "roles": [{"role": "EMSP", **party}], **party}))


@behaviour(ANSWERS, Outcome.SAID)
def our_token_in_an_error_message(ask: Ask) -> Reply:
    return _from(ask, answered(None, code=2001, message=f"{ask.asked.headers['authorization']} of {TOKEN} is odd"))


@behaviour(ANSWERS, Outcome.ALL)
def our_token_in_headers(ask: Ask) -> Reply:
    ask.danger()
    return with_headers(page(ask), {"X-You-Sent": ask.asked.headers["authorization"], "Set-Cookie": f"t={TOKEN}"})


@behaviour(ANSWERS, Outcome.SAID)
def created_but_empty(ask: Ask) -> Reply:
    return _from(ask, replace(Reply(status=201), body=b""))
