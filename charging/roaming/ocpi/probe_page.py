"""One page of a partner's list, as far as a probe cares."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx
import msgspec

from charging.errors import PartnerUnavailable
from charging.roaming.ocpi.transport import Answer, Transport
from charging.roaming.ocpi.wire import as_utc
from charging.roaming.partner import Partner

_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


class _Record(msgspec.Struct):
    id: str = ""
    uid: str = ""
    last_updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One page, as far as a probe cares."""

    keys: tuple[str, ...]
    """One for each record, in order; of unreadable ones, too."""
    instants: tuple[datetime, ...]
    total: int | None
    limit: int | None
    next_url: str | None
    url: str

    @property
    def is_all(self) -> bool:
        """Whether nothing says that there is more."""
        return self.next_url is None and (self.total is None or self.total <= len(self.keys))


@dataclass(frozen=True, slots=True)
class Lister:
    """One list of a partner, in a period."""

    partner: Partner
    transport: Transport
    module: str
    url: str
    date_from: datetime
    date_to: datetime

    def page(self, **params: str) -> Seen:
        """Return a page of the period; parameters that are given go before.

        Raises:
            PartnerRefused: if it says no.
            PartnerUnavailable: if it does not answer with a list.
        """
        asked = {"date_from": stamp(self.date_from), "date_to": stamp(self.date_to)} | params
        return self.at(self.url, asked)

    def at(self, url: str, params: Mapping[str, str] | None = None) -> Seen:
        """Return the page at an address."""
        answer = self.transport.get(url, params=params, is_functional=True)
        return _seen(answer, self.partner.name)


def stamp(instant: datetime) -> str:
    """Return an instant as OCPI writes it."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def _seen(answer: Answer, name: str) -> Seen:
    try:
        raws = msgspec.json.decode(answer.envelope.data, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise PartnerUnavailable(name, f"{answer.url} is no list", "show the partner this answer") from problem
    records = [_record(bytes(raw)) for raw in raws]
    link = _NEXT.search(answer.headers.get("link", ""))
    return Seen(
        keys=tuple(one.id or one.uid or f"record {number}" for number, one in enumerate(records)),
        instants=tuple(as_utc(one.last_updated) for one in records if one.last_updated),
        total=_number(answer.headers.get("x-total-count", "")),
        limit=_number(answer.headers.get("x-limit", "")),
        next_url=_joined(answer.url, link.group(1)) if link else None,
        url=answer.url,
    )


def _record(raw: bytes) -> _Record:
    try:
        return msgspec.json.decode(raw, type=_Record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Record()


def _number(stated: str) -> int | None:
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 19 else None


def _joined(url: str, link: str) -> str | None:
    try:
        return str(httpx.URL(url).join(link))
    except httpx.InvalidURL:
        return None
