"""Questions to one GraphQL API: retries, which answers mean what, and GraphQL's habit of saying no in an HTTP 200."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec
import stamina

from charging.errors import PartnerRefused, PartnerUnavailable
from charging.secret import Secret
from charging.targets import ocpi_paths

_WHO = "target"
_PASSING = frozenset({"unexpected", "postgres-error"})
"""Hasura's codes for a database that is away for a moment."""
_ACCESS = frozenset({"access-denied", "invalid-headers", "invalid-jwt"})
_JSON = msgspec.json.Encoder(decimal_format="number")
_MAX_WAIT_SECONDS = 120.0
Answer = dict[str, Any]


class _Passing(Exception):
    """A failure that another attempt may not meet."""

    def __init__(self, problem: str, *, wait_seconds: float | None = None) -> None:
        self.problem, self.wait_seconds = problem, wait_seconds
        super().__init__(problem)


class GraphQl:
    """The HTTP client is handed in and stays the caller's."""

    def __init__(self, http: httpx.Client, url: str, *, secret: Secret | None, attempts: int = 4) -> None:
        self._http, self._url, self._attempts = http, url, attempts
        self._headers = {"Content-Type": "application/json"}
        if secret is not None:
            self._headers["x-hasura-admin-secret"] = secret.reveal()

    def ask(
        self, query: str, variables: Mapping[str, Any], *, arrived: Callable[[], Answer | None] | None = None
    ) -> Answer:
        """Return the data of an answer. Before a mutation is repeated, `arrived` says what has come of it meanwhile.

        Raises:
            PartnerRefused: if the answer is no.
            PartnerUnavailable: if no attempt gave an answer that can be understood.
        """
        try:
            for attempt in stamina.retry_context(on=_wait, attempts=self._attempts, timeout=None):
                with attempt:
                    known = arrived() if arrived is not None and attempt.num > 1 else None
                    return self._attempt(query, variables) if known is None else known
        except _Passing as failure:
            raise PartnerUnavailable(_WHO, failure.problem, "the row is sent with the next run") from failure
        raise AssertionError("stamina ends with a result or the last failure")

    def once(self, query: str, variables: Mapping[str, Any]) -> Answer:
        """Return the data of an answer to a question that is part of another one's attempts."""
        return self._attempt(query, variables)

    def _attempt(self, query: str, variables: Mapping[str, Any]) -> Answer:
        sent = _JSON.encode({"query": query, "variables": variables})
        try:
            response = self._http.post(self._url, content=sent, headers=self._headers, follow_redirects=False)
        except httpx.TimeoutException as failure:
            raise _Passing("no answer in time") from failure
        except httpx.HTTPError as failure:
            raise _Passing(f"{type(failure).__name__}: {failure}") from failure
        status = response.status_code
        if status == 429 or status >= 500:
            raise _Passing(f"HTTP {status}", wait_seconds=_retry_after(response.headers.get("retry-after", "")))
        if status != 200:
            text = " ".join(response.text.split())[:200]
            raise PartnerRefused(_WHO, f"HTTP {status}: {text or 'no message'}", "see target.graphql", status=status)
        return _judged(response.content)


def _judged(body: bytes) -> Answer:
    try:
        told = ocpi_paths.read(body)
    except ValueError as failure:
        raise _Passing("an answer that is no JSON") from failure
    if not isinstance(told, dict):
        raise _Passing("an answer that is no GraphQL")
    if errors := told.get("errors"):
        said = "; ".join(str(one.get("message")) for one in errors)
        codes = {str((one.get("extensions") or {}).get("code")) for one in errors}
        if codes & _PASSING:
            raise _Passing(said)
        mend = "check target.secret" if codes & _ACCESS else "the target's own sentence says what it does not take"
        raise PartnerRefused(_WHO, said, mend, status=200)
    if not isinstance(told.get("data"), dict):
        raise _Passing("an answer without data")
    data: Answer = told["data"]
    return data


def _retry_after(stated: str) -> float | None:
    return min(float(stated), _MAX_WAIT_SECONDS) if stated.isdecimal() else None


def _wait(failure: Exception) -> bool | float:
    if not isinstance(failure, _Passing):
        return False
    return True if failure.wait_seconds is None else failure.wait_seconds
