"""What our receiver is asked and what it answers: the envelope, the status codes, and the headers that go back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import msgspec

_ECHOED = ("x-request-id", "x-correlation-id")
_SWAPPED = {
    f"ocpi-{here}-{part}": f"ocpi-{there}-{part}"
    for here, there in (("from", "to"), ("to", "from"))
    for part in ("party-id", "country-code")
}
_PLAIN = re.compile(r"[\x20-\x7e]{1,200}")
_JSON = msgspec.json.Encoder(decimal_format="number")
_EXACT = msgspec.json.Decoder(float_hook=Decimal)

OK, CLIENT_ERROR, INVALID, UNKNOWN_LOCATION, UNKNOWN_TOKEN = 1000, 2000, 2001, 2003, 2004
SERVER_ERROR, UNUSABLE_API, UNSUPPORTED_VERSION, MISSING_ENDPOINTS = 3000, 3001, 3002, 3003


class NoJson(ValueError):
    """A body is no JSON: the one thing that is answered with HTTP 400 (transport_and_format)."""


class Declined(Exception):
    """A request is answered with a no, and nothing of it is kept but its body."""

    def __init__(self, reply: "Reply") -> None:
        self.reply = reply
        super().__init__(reply.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, its body read to the end."""

    method: str
    path: tuple[str, ...]
    """Below /ocpi, decoded."""
    headers: Mapping[str, str]
    """By name in small letters."""
    body: bytes
    client: str
    """The address that it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. `data` is JSON as it goes out."""

    data: bytes | None = None
    status: int = 200
    code: int = OK
    message: str = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(code: int, message: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a no: with HTTP 200, as OCPI has it for what is valid JSON and came with a good token."""
    return Reply(status=status, code=code, message=message, headers=headers or {})


def decode(body: bytes) -> object:
    """Return what a JSON body says, its numbers exact.

    Raises:
        NoJson: if it is none.
    """
    try:
        return _EXACT.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError) as problem:
        raise NoJson(f"the body is no JSON: {str(problem)[:200]}") from problem


def encode(value: object) -> bytes:
    """Return JSON, its decimals as numbers."""
    return _JSON.encode(value)


def render(reply: Reply, *, at: datetime) -> bytes:
    """Return the body of an answer."""
    envelope: dict[str, object] = {
        "status_code": reply.code,
        "status_message": reply.message[:255],
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}",
    }
    if reply.data is not None:
        envelope = {"data": msgspec.Raw(reply.data), **envelope}
    return _JSON.encode(envelope)


def headers_back(asked: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that an answer repeats: the ids of the request, and whom it was from and to, swapped."""
    echoed = {name: asked[name] for name in _ECHOED if name in asked}
    swapped = {there: asked[here] for here, there in _SWAPPED.items() if here in asked}
    return {name: value for name, value in (echoed | swapped).items() if _PLAIN.fullmatch(value)}
