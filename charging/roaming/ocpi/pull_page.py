"""One answer of a list endpoint, and where it says that the list goes on."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

import httpx
import msgspec

from charging.roaming.ocpi.parse import records
from charging.roaming.ocpi.pull_record import Head, heads
from charging.roaming.ocpi.transport_answer import Answer

if TYPE_CHECKING:  # who takes in no CDRs needs no compiled loops
    from charging.roaming.ocpi.columns_page import CdrPage

ReadCdrs: TypeAlias = "Callable[[msgspec.Raw], CdrPage]"
"""Reads the CDRs of a page's `data`."""
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)
_DIGITS = 18
"""A longer number of records is none; Python itself refuses to read numbers of thousands of digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer as it came, with what tells its records apart."""

    answer: Answer
    heads: tuple[Head, ...]
    next_url: str | None
    """From the Link header, as stated, made absolute; None where there is none that can be read."""
    total_count: int | None
    """From X-Total-Count."""
    cdrs: "CdrPage | None" = field(default=None, compare=False, repr=False)
    """Its CDRs, where they were read when it came."""

    def __len__(self) -> int:
        return len(self.heads)

    def records(self) -> Iterator[bytes]:
        """Yield each record as it stood on the wire."""
        return records(self.answer.envelope.data)

    @property
    def fingerprint(self) -> bytes:
        """The same for pages of the same records in the same order."""
        return sha256(b"".join(head.content.to_bytes(8, "big") for head in self.heads)).digest()[:16]


def read_page(answer: Answer, *, read: "ReadCdrs | None" = None) -> Page:
    """Return the page that an answer is; its CDRs are read at once where it is said how.

    Raises:
        UnreadablePage: if its data is no list.
    """
    link = _NEXT.search(answer.headers.get("link", ""))
    total = answer.headers.get("x-total-count", "").strip()
    cdrs = read(answer.envelope.data) if read else None
    return Page(
        answer=answer,
        heads=tuple(heads(records(answer.envelope.data))) if cdrs is None else cdrs.heads(),
        cdrs=cdrs,
        next_url=_absolute(answer.url, link.group(1)) if link else None,
        total_count=int(total) if total.isascii() and total.isdecimal() and len(total) <= _DIGITS else None,
    )


def _absolute(base: str, link: str) -> str | None:
    try:
        return str(httpx.URL(base).join(link.strip()))
    except (httpx.InvalidURL, ValueError):
        return None
