"""One request to a hub that speaks OICP: size and time limits, retries, and which answers mean what."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
import msgspec
import stamina

from charging.clock import Clock
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi.parse import UNREADABLE
from charging.roaming.ocpi.transport_answer import Limits
from charging.roaming.ocpi.transport_body import TooLarge, in_utf8, read_body
from charging.roaming.ocpi.transport_waiting import Passing, retry_after, wait
from charging.roaming.oicp.wire import Listed, Status

_LISTED = msgspec.json.Decoder(Listed)
_MAY_PASS = frozenset({408, 425, 429})
_TROUBLE = frozenset({"021", "310"})
"""The hub's own trouble, or a partner behind it that does not answer (OICP 2.3, CodeType)."""
_MENDS = {
    "017": "check that client_certificate is the one that the hub knows, and `owner` in the partner file",
    "210": "ask the hub for the contract that is missing",
    "300": "check `owner` in the partner file: the hub knows no such provider",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAnswer:
    """A page that is a success, as it came, out of its compression and in UTF-8."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    fetched_at: datetime
    listed: Listed


class HubTransport:
    """Requests to one hub. It is known by our certificate, which the HTTP client shows: no token is sent."""

    def __init__(
        self,
        name: str,
        *,
        http: httpx.Client,
        clock: Clock,
        limits: Limits,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._http, self._clock, self._limits, self._now = name, http, clock, limits, now

    def post(self, url: httpx.URL, body: bytes) -> HubAnswer:
        """Return the answer to a question, which is safe to ask again.

        Raises:
            PartnerRefused: if the hub says no.
            PartnerUnavailable: if no attempt gave an answer that can be understood.
        """
        try:
            for attempt in stamina.retry_context(on=wait, attempts=self._limits.attempts, timeout=None):
                with attempt:
                    return self._attempt(url, body)
        except Passing as failure:
            mend = "the pull is repeated with the next run"
            raise PartnerUnavailable(self._name, f"{failure.problem} at {_bare(url)}", mend) from failure
        raise AssertionError("stamina ends with a result or the last failure")

    def _attempt(self, url: httpx.URL, sent: bytes) -> HubAnswer:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "gzip"}
        try:
            with self._http.stream("POST", url, content=sent, headers=headers, follow_redirects=False) as response:
                self._judge(response)
                raw = self._body(response)
        except httpx.TimeoutException as failure:
            raise Passing("no answer in time") from failure
        except httpx.HTTPError as failure:
            raise Passing(f"{type(failure).__name__}: {failure}") from failure
        body = in_utf8(raw, content_type=response.headers.get("content-type", ""))
        try:
            listed = _LISTED.decode(body)
        except UNREADABLE as failure:
            raise Passing(f"no OICP answer: {failure}") from failure
        self._judge_code(listed.status, has_list=bytes(listed.content).startswith(b"["))
        return HubAnswer(
            url=str(url),
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
            fetched_at=self._clock(),
            listed=listed,
        )

    def _judge(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        said = f"HTTP {status} at {_bare(response.url)}"
        if status in _MAY_PASS or status >= 500:
            raise Passing(
                f"HTTP {status}", wait_seconds=retry_after(response.headers.get("retry-after", ""), now=self._clock())
            )
        if status in {401, 403}:
            mend = _MENDS["017"]
        elif 300 <= status < 400:
            mend = "it redirects: write the final address in the partner file"
        else:
            mend = "check endpoints.cdrs in the partner file, and show the hub this request"
        raise PartnerRefused(self._name, said, mend, status=status)

    def _judge_code(self, status: Status | None, *, has_list: bool) -> None:
        """Go on only with `000`; a list without a code is taken for what it is."""
        if (status is None and has_list) or (status is not None and status.code == "000" and has_list):
            return
        if status is None or status.code == "000":
            raise Passing("an answer without a list")
        words = (status.description or "no description", status.additional_info or "")
        said = f"OICP code {status.code} ({', '.join(filter(None, words))[:500]})"
        if status.code in _TROUBLE:
            raise Passing(said)
        mend = _MENDS.get(status.code, "an HTTP 200 that says no is a no: ask the hub")
        code = int(status.code) if status.code.isascii() and status.code.isdecimal() else None
        raise PartnerRefused(self._name, said, mend, status=200, code=code)

    def _body(self, response: httpx.Response) -> bytes:
        limits = self._limits
        try:
            return read_body(
                response, max_bytes=limits.max_bytes, max_seconds=limits.max_duration.total_seconds(), now=self._now
            )
        except TooLarge as failure:
            raise PartnerUnavailable(
                self._name,
                f"an answer of more than {limits.max_bytes} bytes at {_bare(response.url)}",
                "lower page_limit, or raise max_answer_bytes in the partner file",
            ) from failure


def _bare(url: httpx.URL) -> str:
    """An address without its query, for a message."""
    return str(url).split("?", 1)[0]
