"""A station's opening handshake, as bytes."""

import base64

import pytest

from charging.ocpp.gateway import handshake
from charging.ocpp.gateway.handshake import OldAddress, Refusal, Request

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def head(path="/ocpp/CS-1", first=None, without=(), **headers):
    told = {
        "Host": "gateway",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in told.items() if name not in without]
    return "\r\n".join([first or f"GET {path} HTTP/1.1", *lines]).encode("latin-1")


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        pytest.param("/ocpp/CS-1", "CS-1", id="plain"),
        pytest.param("/ocpp//CS-1", "CS-1", id="doubled slash"),
        pytest.param("/ocpp/CS-1/", "CS-1", id="slash at its end"),
        pytest.param("/ocpp/RDAM%20123", "RDAM 123", id="percent-encoded"),
        pytest.param("/ocpp/%E2%82%AC1", "€1", id="UTF-8"),
        pytest.param("/ocpp/CS-1?token=x", "CS-1", id="query is no part of it"),
        pytest.param(f"/ocpp/{'x' * 48}", "x" * 48, id="as long as it may be"),
        pytest.param(f"/ocpp/{'x' * 49}", None, id="longer"),
        pytest.param("/ocpp/", None, id="none"),
        pytest.param("/ocpp", None, id="endpoint alone"),
        pytest.param("/other/CS-1", None, id="another endpoint"),
        pytest.param("/ocppCS-1", None, id="runs into the endpoint"),
        pytest.param("/ocpp/a/b", None, id="more than a name"),
        pytest.param("/ocpp/a%2Fb", None, id="hidden slash"),
        pytest.param("/ocpp/%FF", None, id="not UTF-8"),
        pytest.param("/ocpp/a%00", None, id="NUL"),
        pytest.param("/ocpp/a%0d%0ab", None, id="line break"),
        pytest.param("/ocpp/%20a", None, id="space around it"),
    ],
)
def test_an_identity_is_the_end_of_the_path(path, identity):
    assert handshake.identity(path, "/ocpp") == identity


STEVE = "/steve/websocket/CentralSystemService"


@pytest.mark.parametrize(
    ("path", "host", "called"),
    [
        pytest.param(f"{STEVE}/CS-1", "any.example", f"{STEVE}", id="by its path, whatever the host"),
        pytest.param(f"{STEVE}/CS-1", "Old.Example:8443", f"old.example{STEVE}", id="by its host and path"),
        pytest.param("/ocpp/CS-1", "old.example.", "old.example/ocpp", id="our own path at the old host"),
        pytest.param("/ocpp/CS-1", "new.example", None, id="our own path at our own host"),
        pytest.param(f"{STEVE}", "old.example", None, id="nobody"),
        pytest.param("/ocpp/CS-1", None, None, id="no host at all"),
    ],
)
def test_an_old_address_is_told_from_ours_by_its_host_and_its_path(path, host, called):
    old = [OldAddress("", STEVE), OldAddress("old.example", STEVE), OldAddress("old.example", "/ocpp")]
    request = Request(path, {} if host is None else {"host": host})

    found = handshake.old_address(request, old)

    assert (found and str(found)) == called


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("ocpp1.6", "ocpp1.6"),
        ("ocpp1.6, ocpp2.0.1", "ocpp2.0.1"),
        ("ocpp2.1,ocpp2.0.1", "ocpp2.1"),
        ("ocpp1.5, ocpp1.6", "ocpp1.6"),
        ("OCPP1.6", "ocpp1.6"),
        ("ocpp1.5", None),
        ("", None),
    ],
)
def test_the_newest_common_protocol_is_chosen(offered, chosen):
    request = handshake.read(head(Sec_WebSocket_Protocol=offered))

    assert isinstance(request, Request)
    assert request.protocol == chosen


@pytest.mark.parametrize(
    ("given", "login"),
    [
        (base64.b64encode(b"CS-1:secret").decode(), ("CS-1", "secret")),
        (base64.b64encode(b"CS-1:a:b").decode(), ("CS-1", "a:b")),
        (base64.b64encode("CS-1:pässword".encode()).decode(), ("CS-1", "pässword")),
        (base64.b64encode(b"CS-1").decode(), None),
        (base64.b64encode(b"\xff:\xff").decode(), None),
        ("not base64", None),
    ],
)
def test_a_login_is_read_or_is_none(given, login):
    assert handshake.read(head(Authorization=f"Basic {given}")).login == login


def test_only_basic_authentication_is_a_login():
    assert handshake.read(head(Authorization="Bearer abc")).login is None
    assert handshake.read(head()).login is None


@pytest.mark.parametrize(
    ("bytes_", "status"),
    [
        pytest.param(b"\x16\x03\x01\x02", 400, id="TLS on the plain listener"),
        pytest.param(head(first="POST /ocpp/CS-1 HTTP/1.1"), 405, id="POST"),
        pytest.param(head(first="GET /ocpp/CS-1 HTTP/1.0"), 505, id="HTTP 1.0"),
        pytest.param(head(first="GET /ocpp/CS 1 HTTP/1.1"), 400, id="space in the path"),
        pytest.param(head(without=("Upgrade",)), 426, id="no upgrade"),
        pytest.param(head(Connection="keep-alive"), 426, id="no connection upgrade"),
        pytest.param(head(Sec_WebSocket_Version="8"), 426, id="old WebSocket"),
        pytest.param(head(without=("Sec-WebSocket-Key",)), 400, id="no key"),
        pytest.param(head(Sec_WebSocket_Key="c2hvcnQ="), 400, id="short key"),
        pytest.param(head(Content_Length="4"), 400, id="a body"),
        pytest.param(head(Transfer_Encoding="chunked"), 400, id="a chunked body"),
        pytest.param(head() + b"\r\n folded", 400, id="folded header"),
        pytest.param(head() + b"\r\nno header", 400, id="no header"),
    ],
)
def test_what_is_no_handshake_is_refused_with_its_status(bytes_, status):
    refusal = handshake.read(bytes_)

    assert isinstance(refusal, Refusal)
    assert refusal.status == status
    assert refusal.response().startswith(f"HTTP/1.1 {status} ".encode())


def test_a_browsers_connection_header_is_understood():
    assert isinstance(handshake.read(head(Connection="keep-alive, Upgrade")), Request)


def test_what_is_handed_on_holds_nothing_but_the_websockets_own():
    request = handshake.read(head(Authorization="Basic eA==", Cookie="x"))

    assert request.canonical().split(b"\r\n")[1:] == [
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {KEY}".encode(),
        b"",
        b"",
    ]
