"""One OCPI request: headers, size and time limits, retries, and which answers mean what."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Protocol

import httpx
import stamina

from charging.clock import Clock
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi.parse import UnreadablePage, read_envelope
from charging.roaming.ocpi.wire import Envelope
from charging.roaming.partner import TokenEncoding, origin
from charging.secret import Secret

_MAX_WAIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much we let a partner keep us busy with one answer."""

    attempts: int = 4
    max_bytes: int = 50_000_000
    """Of the body as decoded: what is compressed on the way counts in full."""
    max_duration: timedelta = timedelta(seconds=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that is an OCPI success, kept as it came."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    envelope: Envelope = field(compare=False)

    @property
    def sha256(self) -> str:
        """The hash of the raw bytes."""
        return sha256(self.body).hexdigest()


class Peer(Protocol):
    """What a transport must know of the other side."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def party(self) -> str:
        """Its country and party: NL-ROA."""

    @property
    def owner(self) -> str:
        """Ours."""

    @property
    def origins(self) -> tuple[str, ...]:
        """Where its addresses may lie; the token goes nowhere else."""

    @property
    def token_encoding(self) -> TokenEncoding:
        """How the token stands in the header."""


class _Passing(Exception):
    """A failure that another attempt may not meet."""

    def __init__(self, problem: str, *, wait_seconds: float | None = None) -> None:
        self.problem, self.wait_seconds = problem, wait_seconds
        super().__init__(problem)


class Transport:
    """Requests to one partner, and to nobody else: the token is sent to the partner's own origins only."""

    def __init__(
        self, partner: Peer, *, http: httpx.Client, token: Secret, clock: Clock, correlation_id: str, limits: Limits
    ) -> None:
        self._partner, self._http, self._token, self._clock = partner, http, token, clock
        self._correlation_id, self._limits, self._sent = correlation_id, limits, 0

    def get(self, url: str, *, params: Mapping[str, str] | None = None, is_functional: bool = False) -> Answer:
        """Return the answer to a GET, after as many attempts as the limits allow.

        Routing headers go with functional modules only (OCPI 2.2.1 transport_and_format).

        Raises:
            PartnerRefused: if the partner says no, or the address is not the partner's.
            PartnerUnavailable: if no attempt gave an answer that can be understood.
        """
        return self._ask("GET", url, params=params, is_functional=is_functional)

    def put(self, url: str, body: bytes) -> Answer:
        """Return the answer to a PUT of a JSON document to a functional module. A PUT may be repeated.

        Raises:
            PartnerRefused: if the partner says no, or the address is not the partner's.
            PartnerUnavailable: if no attempt gave an answer that can be understood.
        """
        return self._ask("PUT", url, body=body, is_functional=True)

    def _ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        is_functional: bool,
    ) -> Answer:
        if origin(url) not in self._partner.origins:
            raise PartnerRefused(
                self._partner.name,
                f"it points to {origin(url)}, which is not its own",
                "if it is, add it to `origins` in the partner file",
            )
        try:
            for attempt in stamina.retry_context(on=_wait, attempts=self._limits.attempts, timeout=None):
                with attempt:
                    return self._attempt(method, url, params=params, sent=body, is_functional=is_functional)
        except _Passing as failure:
            raise PartnerUnavailable(
                self._partner.name, f"{failure.problem} at {_bare(url)}", "the pull is repeated with the next run"
            ) from failure
        raise AssertionError("stamina ends with a result or the last failure")

    def _attempt(
        self, method: str, url: str, *, params: Mapping[str, str] | None, sent: bytes | None, is_functional: bool
    ) -> Answer:
        headers = self._headers(is_functional=is_functional) | ({"Content-Type": "application/json"} if sent else {})
        try:
            with self._http.stream(
                method, url, params=params, content=sent, headers=headers, follow_redirects=False
            ) as response:
                self._judge_status(response)
                body = b"".join(self._chunks(response))
                answered_url = str(response.url)
        except httpx.TimeoutException as failure:
            raise _Passing("no answer in time") from failure
        except httpx.HTTPError as failure:
            raise _Passing(f"{type(failure).__name__}: {failure}") from failure
        try:
            envelope = read_envelope(body)
        except UnreadablePage as failure:
            raise _Passing(str(failure)) from failure
        self._judge_envelope(envelope, url)
        return Answer(
            url=answered_url,
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
            fetched_at=self._clock(),
            envelope=envelope,
        )

    def _headers(self, *, is_functional: bool) -> dict[str, str]:
        self._sent += 1
        token = self._token.reveal()
        if self._partner.token_encoding is TokenEncoding.BASE64:
            token = b64encode(token.encode()).decode()
        headers = {
            "Authorization": f"Token {token}",
            "X-Request-ID": f"{self._correlation_id}-{self._sent}",
            "X-Correlation-ID": self._correlation_id,
        }
        if is_functional:
            for name, party in (("from", self._partner.owner), ("to", self._partner.party)):
                country_code, party_id = party.split("-", 1)
                headers[f"OCPI-{name}-country-code"] = country_code
                headers[f"OCPI-{name}-party-id"] = party_id
        return headers

    def _judge_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in {200, 201}:
            return
        where = f"HTTP {status} at {_bare(str(response.url))}"
        if status in {401, 403}:
            raise PartnerRefused(self._partner.name, where, "check the token and `token_encoding` in the partner file")
        if status == 429 or status >= 500:
            raise _Passing(where, wait_seconds=self._retry_after(response.headers.get("retry-after", "")))
        if 300 <= status < 400:
            raise PartnerRefused(
                self._partner.name, f"{where}: it redirects", "write the final address in the partner file"
            )
        raise PartnerRefused(
            self._partner.name, where, "show the partner this request; it is not one that heals", status=status
        )

    def _judge_envelope(self, envelope: Envelope, url: str) -> None:
        if 1000 <= envelope.status_code < 2000:
            return
        said = f"OCPI status {envelope.status_code} ({envelope.status_message or 'no message'}) at {_bare(url)}"
        if envelope.status_code >= 3000:  # the server's or the hub's trouble, which may pass
            raise _Passing(said)
        raise PartnerRefused(
            self._partner.name,
            said,
            "an HTTP 200 that says no is a no: ask the partner",
            status=200,
            code=envelope.status_code,
        )

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        deadline, size = self._clock() + self._limits.max_duration, 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self._limits.max_bytes:
                raise PartnerUnavailable(
                    self._partner.name,
                    f"an answer of more than {self._limits.max_bytes} bytes at {_bare(str(response.url))}",
                    "ask for a shorter period",
                )
            if self._clock() > deadline:
                raise _Passing(f"an answer that took longer than {self._limits.max_duration}")
            yield chunk

    def _retry_after(self, stated: str) -> float | None:
        """Return how long to wait: seconds or an HTTP date, within reason."""
        if stated.isdecimal():
            return min(float(stated), _MAX_WAIT_SECONDS)
        try:
            wait = (parsedate_to_datetime(stated) - self._clock()).total_seconds()
        except (ValueError, TypeError):
            return None
        return min(max(wait, 0.0), _MAX_WAIT_SECONDS)


def _wait(failure: Exception) -> bool | float:
    if not isinstance(failure, _Passing):
        return False
    return True if failure.wait_seconds is None else failure.wait_seconds


def _bare(url: str) -> str:
    """An address without its query, for a message."""
    return url.split("?", 1)[0]
