"""Whether a Link to the next page can be trusted: partners' Links name internal hosts, lose filters, skip and loop."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import httpx

from charging.roaming.ocpi.transport_redaction import MASK
from charging.roaming.partner import origin

_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A Link that is followed, or why it is not."""

    url: str = ""
    offset: int | None = None
    """Where it leads by counting; None for one that is opaque."""
    distrusted_because: str | None = None

    @property
    def is_followed(self) -> bool:
        """Whether it is."""
        return self.distrusted_because is None


def judge(url: str, *, origins: Collection[str], filters: Iterable[str], between: tuple[int, int]) -> Link:
    """Judge a Link. One that counts must lead between two positions of the list: behind the first, up to the second."""
    try:
        place, query = origin(url), httpx.URL(url).params
    except (ValueError, httpx.InvalidURL):
        return Link(distrusted_because="a Link that is no address was not followed")
    offset = _counted(query.get("offset", ""))
    lost = [name for name in filters if name.startswith("date_") and name not in query]
    because = None
    if place not in origins:
        because = f"a Link to {place} was not followed"
    elif MASK in url:
        because = "a Link with our token in it was not followed"
    elif offset is not None and lost:
        because = f"a Link without {' and '.join(lost)} was not followed: the offset was counted"
    elif offset is not None and not between[0] < offset <= between[1]:
        because = "a Link that skips records, or goes back, was not followed: the offset was counted"
    return Link(url=url, offset=offset, distrusted_because=because)


def _counted(stated: str) -> int | None:
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) <= _DIGITS else None
