"""A station's opening handshake: bytes to a request, and what it asks for. Pure.

OCPP-J 1.6 §3 and OCPP 2.0.1 part 4 §3: the path ends in the percent-encoded identity; the sub-protocol names the
version; without a common one the handshake is completed without the header, and the link is closed.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

MAX_BYTES = 8_192
MAX_IDENTITY = 48
"""OCPP 2.1's limit; 1.6 and 2.0.1 have shorter ones of their own making."""
SUBPROTOCOLS = ("ocpp2.1", "ocpp2.0.1", "ocpp1.6")
"""The newest first: where a station offers several, it takes what we choose."""


@dataclass(frozen=True, slots=True)
class Request:
    """An opening handshake. Names of headers are in small letters; of a repeated one, the values are joined."""

    path: str
    headers: Mapping[str, str]

    @property
    def protocol(self) -> str | None:
        """The sub-protocol that both sides speak, if any."""
        offered = {each.strip().casefold() for each in self.headers.get("sec-websocket-protocol", "").split(",")}
        return next((ours for ours in SUBPROTOCOLS if ours in offered), None)

    @property
    def host(self) -> str:
        """The name by which our host was called (RFC 9110 §7.2), in small letters and without its port."""
        return self.headers.get("host", "").rpartition("@")[2].partition(":")[0].rstrip(".").casefold()

    @property
    def login(self) -> tuple[str, str] | None:
        """User and password of basic authentication (RFC 7617), if they were given and can be read."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "basic":
            return None
        try:
            user, found, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        return (user, password) if found else None

    def canonical(self) -> bytes:
        """Return the request as the strictest reader takes it: what it says of the WebSocket, and nothing else."""
        key = self.headers.get("sec-websocket-key", "")
        return (
            b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: " + key.encode("ascii", "replace") + b"\r\n\r\n"
        )


@dataclass(frozen=True, slots=True)
class OldAddress:
    """Where stations called their back-office before: its host name, if only that one is meant, and its path."""

    host: str
    """In small letters, without a port; empty for any."""
    path: str
    """Before a station's identity."""

    def __str__(self) -> str:
        return f"{self.host}{self.path}"

    def is_called(self, request: Request) -> bool:
        """Whether a request names our host by the old name; any does, where no name is meant."""
        return self.host in {"", request.host}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A handshake that ends here, and why: `reason` is for us, the other side gets the status alone."""

    status: HTTPStatus
    reason: str
    headers: Sequence[tuple[str, str]] = ()

    def response(self) -> bytes:
        """Return it as it goes on the wire."""
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            "Connection: close",
            "Content-Length: 0",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join([*lines, "", ""]).encode()


UNAUTHORIZED = (("WWW-Authenticate", 'Basic realm="OCPP", charset="UTF-8"'),)


def read(head: bytes) -> Request | Refusal:
    """Return the request that the bytes hold, up to and without its empty line, or how it is refused."""
    try:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, version = first.split(" ")
    except ValueError:
        return Refusal(HTTPStatus.BAD_REQUEST, "it sent no HTTP request")
    if version != "HTTP/1.1":
        return Refusal(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "it does not speak HTTP/1.1")
    if method != "GET":
        return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "it did not send GET")
    headers: dict[str, str] = {}
    for line in lines:
        name, found, value = line.partition(":")
        if not found or not name or name != name.strip() or not name.isascii():
            return Refusal(HTTPStatus.BAD_REQUEST, "one of its headers is none")
        name = name.casefold()
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    return _websocket(Request(path, headers))


def old_address(request: Request, old_addresses: Sequence[OldAddress]) -> OldAddress | None:
    """Return the old address that a station still calls, if it does; of several, the longest path."""
    called = [old for old in old_addresses if old.is_called(request) and identity(request.path, old.path) is not None]
    return max(called, key=lambda old: (len(old.path), len(old.host)), default=None)


def identity(path: str, endpoint: str) -> str | None:
    """Return the identity at the end of a path below our endpoint; None if there is none that a station may have.

    Stations come with a doubled slash before their identity, or one after it: both are taken for what was meant.
    """
    below = path.partition("?")[0]
    base = endpoint.rstrip("/")
    if not below.startswith(f"{base}/"):
        return None
    try:
        found = unquote_to_bytes(below[len(base) :].strip("/")).decode()
    except ValueError:
        return None
    is_right = 0 < len(found) <= MAX_IDENTITY and found.isprintable() and "/" not in found and found == found.strip()
    return found if is_right else None


def _websocket(request: Request) -> Request | Refusal:
    headers = request.headers
    connection = {each.strip().casefold() for each in headers.get("connection", "").split(",")}
    if headers.get("upgrade", "").casefold() != "websocket" or "upgrade" not in connection:
        return Refusal(HTTPStatus.UPGRADE_REQUIRED, "it asked for no WebSocket", (("Upgrade", "websocket"),))
    if headers.get("sec-websocket-version") != "13":
        return Refusal(
            HTTPStatus.UPGRADE_REQUIRED, "it speaks another version of WebSocket", (("Sec-WebSocket-Version", "13"),)
        )
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        return Refusal(HTTPStatus.BAD_REQUEST, "its request has a body")
    try:
        is_key = len(base64.b64decode(headers.get("sec-websocket-key", ""), validate=True)) == 16
    except ValueError:
        is_key = False
    return request if is_key else Refusal(HTTPStatus.BAD_REQUEST, "its WebSocket key is none")
