"""Tokens through SteVe's REST API, `/api/v1/ocppTags`: it tells SteVe's own caches, which SQL cannot."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import httpx
import stamina

from charging.clock import Clock
from charging.errors import BackOfficeUnavailable
from charging.secret import Secret
from charging.targets.change import Action, Applied, Change, Plain

_PATH = "/api/v1/ocppTags"
_FIELDS = {
    "id_tag": "idTag",
    "parent_id_tag": "parentIdTag",
    "expiry_date": "expiration",
    "max_active_transaction_count": "maxActiveTransactionCount",
    "note": "note",
}


class _Passing(Exception):
    """A failure that another attempt may not meet."""


class SteveTags:
    """The REST API of one SteVe. An update replaces the whole tag, so it is sent whole."""

    def __init__(self, http: httpx.Client, rest: str, *, user: str, password: Secret, clock: Clock) -> None:
        self._http, self._url, self._clock = http, rest.rstrip("/") + _PATH, clock
        self._auth = httpx.BasicAuth(user, password.reveal())

    def apply(self, changes: Sequence[Change]) -> Iterator[Applied]:
        """Send each tag; one that is refused keeps the API's sentence and costs itself alone.

        Raises:
            BackOfficeUnavailable: if nobody answers.
        """
        for change in changes:
            error, status = self._sent(change) if change.action.is_sent else (_unsent(change), None)
            yield Applied(entity=change.entity, key=change.key, action=change.action, error=error, http_status=status)

    def _sent(self, change: Change) -> tuple[str | None, int | None]:
        values = dict(change.fields) | {"id_tag": change.key} | dict(change.kept)
        expiry = values.get("expiry_date")
        if isinstance(expiry, str) and datetime.fromisoformat(expiry) <= self._clock():
            return 'SteVe\'s API takes no tag that has expired: load it by SQL (tags = "sql")', None
        try:
            return self._put(change.key, {_FIELDS[name]: _spoken(name, value) for name, value in values.items()})
        except (httpx.HTTPError, _Passing) as failure:
            if isinstance(failure, httpx.ConnectError):
                raise BackOfficeUnavailable("target", f"its REST API does not answer: {failure}") from None
            return str(failure) or type(failure).__name__, None

    def _put(self, id_tag: str, form: Mapping[str, Plain]) -> tuple[str | None, int | None]:
        """Create the tag, or replace it where it is there: what a run before this one has sent is found again."""
        known = self._ask("GET", self._url, params={"idTag": id_tag})
        if known.status_code != 200:
            return _told(known), known.status_code
        pks = [row["ocppTagPk"] for row in known.json() if row.get("idTag") == id_tag]
        answer = (
            self._ask("PUT", f"{self._url}/{pks[0]}", json=form) if pks else self._ask("POST", self._url, json=form)
        )
        return (None if answer.is_success else _told(answer)), answer.status_code

    @stamina.retry(on=_Passing, attempts=4, timeout=None)
    def _ask(
        self, method: str, url: str, *, params: Mapping[str, str] | None = None, json: Mapping[str, Plain] | None = None
    ) -> httpx.Response:
        try:
            answer = self._http.request(method, url, params=params, json=json, auth=self._auth)
        except httpx.TimeoutException as failure:
            raise _Passing("no answer in time") from failure
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _Passing(_told(answer))
        return answer


def _unsent(change: Change) -> str | None:
    return None if change.action is Action.SAME else change.reason


def _spoken(name: str, value: Plain) -> Plain:
    """Return a value as the API wants it: its times have no zone, and are UTC."""
    if name == "expiry_date" and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    return value


def _told(answer: httpx.Response) -> str:
    return f"HTTP {answer.status_code}: {' '.join(answer.text.split())[:200] or 'no message'}"
