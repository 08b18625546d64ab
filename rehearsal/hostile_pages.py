"""How a hostile partner lists its CDRs when it is honest: what a behaviour changes is all that is hostile about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from rehearsal.hostile_cdrs import Truth, record
from rehearsal.hostile_play import Play
from rehearsal.hostile_wire import Asked, Reply

_JSON = msgspec.json.Encoder(decimal_format="number")
SIZE = 5
AS_IT_IS: Any = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request for the list, in the play that it belongs to."""

    play: Play
    asked: Asked
    number: int
    """How many requests for the list have come with this one."""

    @property
    def offset(self) -> int:
        """Where it wants to begin."""
        return int(self.asked.query.get("offset", "0"))

    def danger(self) -> None:
        """Note that what the behaviour is about has really happened now."""
        self.play.dangers += 1

    def listed(self, truths: Iterable[Truth]) -> list[Truth]:
        """Return those that were last updated in the period asked for."""
        bounds = [_instant(self.asked.query.get(name)) for name in ("date_from", "date_to")]
        return [
            truth
            for truth in truths
            if (bounds[0] is None or truth.last_updated >= bounds[0])
            and (bounds[1] is None or truth.last_updated < bounds[1])
        ]

    def url(self, **changes: str | None) -> str:
        """Return this request's own address with other parameters; None leaves one out."""
        query = {**self.asked.query, **changes}
        return f"{self.play.base}/cdrs?{urlencode({name: text for name, text in query.items() if text is not None})}"


def page(
    ask: Ask,
    *,
    truths: Sequence[Truth] | None = None,
    size: int = SIZE,
    offset: int | None = None,
    total: Any = AS_IT_IS,
    link: Any = AS_IT_IS,
) -> Reply:
    """Return one page of the list; `total` and `link` may be another than the right one, or None for none."""
    listed = ask.listed(ask.play.truths if truths is None else truths)
    first = ask.offset if offset is None else offset
    shown = listed[first : first + size]
    following = ask.url(offset=str(first + size)) if first + size < len(listed) else None
    target = following if link is AS_IT_IS else link
    headers = {"X-Limit": str(size)}
    if (stated := len(listed) if total is AS_IT_IS else total) is not None:
        headers["X-Total-Count"] = str(stated)
    if target is not None:
        headers["Link"] = f'<{target}>; rel="next"'
    return Reply(headers=headers, body=envelope([record(truth, version=ask.play.version) for truth in shown]))


def envelope(data: object, *, code: object = 1000, message: str = "ok") -> bytes:
    """Return what every answer is wrapped in."""
    return _JSON.encode(
        {"data": data, "status_code": code, "status_message": message, "timestamp": "2026-01-01T00:00:00Z"}
    )


def answered(data: object, **stated: Any) -> Reply:
    """Return an answer that is an envelope, and nothing odd."""
    return Reply(body=envelope(data, **stated))


def with_headers(reply: Reply, headers: Mapping[str, str], *, body: bytes | None = None) -> Reply:
    """Return an answer with other headers, and perhaps another body."""
    return Reply(status=reply.status, headers={**reply.headers, **headers}, body=reply.body if body is None else body)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
