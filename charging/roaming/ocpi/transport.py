"""One OCPI request: headers, size and time limits, retries, and which answers mean what."""

import time
from base64 import b64encode
from collections.abc import Callable, Mapping

import httpx
import stamina

from charging.clock import Clock
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi.parse import UnreadablePage, read_envelope
from charging.roaming.ocpi.transport_answer import Answer, Limits, Peer
from charging.roaming.ocpi.transport_body import TooLarge, in_utf8, read_body
from charging.roaming.ocpi.transport_judging import judge_envelope, judge_status
from charging.roaming.ocpi.transport_redaction import Redaction
from charging.roaming.ocpi.transport_waiting import Passing, wait
from charging.roaming.partner import TokenEncoding, origin
from charging.secret import Secret

_REDIRECTS = 5
__all__ = ["Answer", "Limits", "Peer", "Transport"]


class Transport:
    """Requests to one partner, and to nobody else: the token is sent to the partner's own origins only."""

    def __init__(
        self,
        partner: Peer,
        *,
        http: httpx.Client,
        token: Secret,
        clock: Clock,
        correlation_id: str,
        limits: Limits,
        to_party: str | None = None,
        ends_token_with_newline: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._partner, self._http, self._token, self._clock = partner, http, token, clock
        self._correlation_id, self._limits, self._sent = correlation_id, limits, 0
        self._to_party, self._now = to_party or partner.party, now
        self._waited, self._ending = 0.0, "\n" if ends_token_with_newline else ""
        self.version = partner.version
        """The headers differ between versions; whoever agrees on another one sets it."""
        self.redaction = Redaction(token)

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        is_functional: bool = False,
        attempts: int | None = None,
    ) -> Answer:
        """Return the answer to a GET, after as many attempts as the limits allow.

        Routing headers go with functional modules only (OCPI 2.2.1 transport_and_format). A redirect is followed within
        the partner's own origins.

        Raises:
            PartnerRefused: if the partner says no, or the address is not the partner's.
            PartnerUnavailable: if no attempt gave an answer that can be understood.
        """
        return self._ask("GET", url, params=params, is_functional=is_functional, attempts=attempts)

    def put(self, url: str, body: bytes, *, is_functional: bool = True) -> Answer:
        """Return the answer to a PUT of a JSON document. A PUT may be repeated.

        Raises:
            PartnerRefused: if the partner says no, or the address is not the partner's.
            PartnerUnavailable: if no attempt gave an answer that can be understood.
        """
        return self._ask("PUT", url, body=body, is_functional=is_functional)

    def post(self, url: str, body: bytes, *, is_functional: bool = True) -> Answer:
        """Return the answer to a POST of a JSON document, sent once: whether a lost one arrived is for the caller.

        Raises:
            PartnerRefused: if the partner says no, or the address is not the partner's.
            PartnerUnavailable: if no answer came that can be understood.
        """
        return self._ask("POST", url, body=body, is_functional=is_functional, attempts=1)

    def delete(self, url: str, *, is_functional: bool = True) -> Answer:
        """Return the answer to a DELETE. A DELETE may be repeated.

        Raises:
            PartnerRefused: if the partner says no (HTTP 404: it is not there), or the address is not the partner's.
            PartnerUnavailable: if no attempt gave an answer that can be understood.
        """
        return self._ask("DELETE", url, is_functional=is_functional)

    def _ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        is_functional: bool,
        attempts: int | None = None,
    ) -> Answer:
        target = self._own(url)
        target = target.copy_merge_params(dict(params)) if params else target
        try:
            tries = attempts or self._limits.attempts
            for attempt in stamina.retry_context(on=self._wait, attempts=tries, timeout=None):
                with attempt:
                    return self._attempt(method, target, sent=body, is_functional=is_functional)
        except Passing as failure:
            raise PartnerUnavailable(
                self._partner.name,
                self.redaction.of_text(
                    failure.problem if _bare(url) in failure.problem else f"{failure.problem} at {_bare(url)}"
                ),
                "the pull is repeated with the next run",
            ) from failure
        raise AssertionError("stamina ends with a result or the last failure")

    def _own(self, url: str) -> httpx.URL:
        try:
            place, target = origin(url), httpx.URL(url)
        except (ValueError, httpx.InvalidURL) as problem:
            raise PartnerRefused(
                self._partner.name, "it points to what is no address", "show the partner its list of endpoints"
            ) from problem
        if place not in self._partner.origins:
            raise PartnerRefused(
                self._partner.name,
                self.redaction.of_text(f"it points to {place}, which is not its own"),
                "if it is, add it to `origins` in the partner file",
            )
        return target

    def _attempt(self, method: str, url: httpx.URL, *, sent: bytes | None, is_functional: bool) -> Answer:
        target, mask = url, self.redaction.of_text
        for _ in range(_REDIRECTS):
            headers = self._headers(is_functional=is_functional, has_body=sent is not None)
            try:
                with self._http.stream(
                    method, target, content=sent, headers=headers, follow_redirects=False
                ) as response:
                    if onward := self._onward(method, target, response):
                        target = onward
                        continue
                    judge_status(response, partner=self._partner.name, mask=mask, now=self._clock())
                    raw = self._body(response)
            except httpx.TimeoutException as failure:
                raise Passing("no answer in time") from failure
            except httpx.HTTPError as failure:
                raise Passing(f"{type(failure).__name__}: {failure}") from failure
            return self._answer(raw, response)
        raise PartnerRefused(
            self._partner.name, f"it redirects in a circle from {_bare(str(url))}", "show the partner this address"
        )

    def _answer(self, raw: bytes, response: httpx.Response) -> Answer:
        url, mask = str(response.url), self.redaction.of_text
        text = in_utf8(raw, content_type=response.headers.get("content-type", ""))
        body = self.redaction.of_bytes(text)
        try:
            envelope = read_envelope(body)
        except UnreadablePage as failure:
            raise Passing(str(failure)) from failure
        judge_envelope(envelope, _bare(url), partner=self._partner.name, mask=mask)
        return Answer(
            url=mask(url),
            status=response.status_code,
            headers={name.lower(): mask(value) for name, value in response.headers.items()},
            body=body,
            fetched_at=self._clock(),
            envelope=envelope,
            was_masked=body != text,
        )

    def _body(self, response: httpx.Response) -> bytes:
        limits = self._limits
        try:
            return read_body(
                response, max_bytes=limits.max_bytes, max_seconds=limits.max_duration.total_seconds(), now=self._now
            )
        except TooLarge as failure:
            raise PartnerUnavailable(
                self._partner.name,
                f"an answer of more than {limits.max_bytes} bytes at {_bare(str(response.url))}",
                "ask for a shorter period, or raise max_answer_bytes in the partner file",
            ) from failure

    def _headers(self, *, is_functional: bool, has_body: bool) -> dict[str, str]:
        self._sent += 1
        token = self._token.reveal()
        if self._partner.token_encoding is TokenEncoding.BASE64:
            token = b64encode(f"{token}{self._ending}".encode()).decode()
        headers = {"Authorization": f"Token {token}", "Accept-Encoding": "gzip"}
        if has_body:
            headers["Content-Type"] = "application/json"
        if self.version.startswith("2.1"):  # the headers below are of OCPI 2.2 and later
            return headers
        headers |= {
            "X-Request-ID": f"{self._correlation_id}-{self._sent}",
            "X-Correlation-ID": self._correlation_id,
        }
        if is_functional:
            for name, party in (("from", self._partner.owner), ("to", self._to_party)):
                country_code, party_id = party.split("-", 1)
                headers[f"OCPI-{name}-country-code"] = country_code
                headers[f"OCPI-{name}-party-id"] = party_id
        return headers

    def _onward(self, method: str, asked: httpx.URL, response: httpx.Response) -> httpx.URL | None:
        """Return where a redirect leads within the partner's own origins; elsewhere the token does not go."""
        place = response.headers.get("location")
        if response.status_code not in {301, 302, 303, 307, 308} or method != "GET" or not place:
            return None
        try:
            onward = asked.join(place)
            is_own = origin(str(onward)) in self._partner.origins
        except (ValueError, httpx.InvalidURL):
            return None
        if not is_own:
            return None
        return onward if onward.query else onward.copy_with(query=asked.query)

    def _wait(self, failure: Exception) -> bool | float:
        waiting = wait(failure)
        if isinstance(waiting, float):
            self._waited += waiting
            if self._waited > self._limits.max_waiting.total_seconds():
                return False
        return waiting


def _bare(url: str) -> str:
    """An address without its query, for a message."""
    return url.split("?", 1)[0]
