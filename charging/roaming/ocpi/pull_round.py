"""Reading a list once from end to end: which page is next, and when there is none.

A Link is followed on the partner's own origins only, and only where it keeps the filters and skips nothing. Where it is
missing or leads astray, the offset is counted. Where the total shrinks meanwhile records have moved up, and the page is
asked for again further ahead. The end is an empty page, or the stated total and nothing beyond it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi.pull_link import judge
from charging.roaming.ocpi.pull_page import Page

_STEPS_BACK = 20
_STALE_PAGES = 20
_EMPTY_PAGES = 5
_BEYOND = 1_000


class Fetch(Protocol):
    """Gets a page; raises PartnerRefused and PartnerUnavailable."""

    def __call__(self, url: str, params: Mapping[str, str], *, attempts: int | None = None) -> Page:
        """Return the page at an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which page to ask for next."""

    url: str
    params: Mapping[str, str]
    position: int
    """How many records of the list lie before it, as far as is known."""
    is_link: bool = False
    is_beyond: bool = False
    """Whether the stated total has been reached: what comes of it is a proof, and no answer is no harm."""


@dataclass(slots=True, kw_only=True)
class Round:
    """One reading of a list, and what it showed."""

    url: str
    filters: Mapping[str, str]
    origins: Collection[str]
    fetch: Fetch
    follows_links: bool
    """Where False, a Link is followed only if it is opaque, that is, counts nothing."""
    begins_twice: bool
    """Whether the first page is asked for once more. A partner that turns its list round with every request would show
    the same wrong list in every round of as many requests."""
    overrun: Callable[[], str | None]
    """Says why the pull must end now, if it must."""
    notes: dict[str, None]
    total: int | None = None
    """As last stated."""
    least_total: int | None = None
    """The least that was stated: a record that went while another came is seen by nothing else."""
    position: int = 0
    is_proven: bool = False
    """Whether an empty page was seen at the end."""
    is_stuck: bool = False
    """Whether the same pages came again and again."""
    is_disturbed: bool = False
    """Whether records moved while they were read, or came twice."""
    has_shrunk: bool = False
    """Whether the total fell: what was removed has been counted, and may hide that something else lacks."""
    failure: PartnerRefused | PartnerUnavailable | str | None = None
    pages_read: int = 0
    _keys: set[int] = field(default_factory=set)
    _repeated: int = 0
    _sequence: bytes = b""
    _prints: set[bytes] = field(default_factory=set)
    _asked: set[str] = field(default_factory=set)
    _steps_back: int = 0
    _stale: int = 0
    _empty: int = 0

    @property
    def repeated(self) -> int:
        """How many records came again within this reading."""
        return self._repeated

    @property
    def is_whole(self) -> bool:
        """Whether this reading alone brought as many records as the partner says it has, and nothing moved."""
        return not self.is_disturbed and not self.has_shrunk and len(self._keys) >= (self.total or 0)

    @property
    def sequence(self) -> tuple[bytes, int]:
        """The same for readings that brought the same records in the same order."""
        return self._sequence, self.position

    def pages(self) -> Iterator[Page]:
        """Yield page after page; afterwards the attributes tell how it ended."""
        target: Target | None = Target(url=self.url, params=self.filters, position=0)
        if self.begins_twice:
            if (page := self._fetched(self._counted(0))) is None:
                return
            self._count_total(page)
            yield page
        while target is not None:
            page = self._fetched(target)
            if page is None:
                return
            target = self._taken(page, target)
            yield page
            if target is not None and (said := self.overrun()):
                self.failure = said
                return

    def _fetched(self, target: Target) -> Page | None:
        try:
            return self.fetch(target.url, target.params, attempts=1 if target.is_beyond else None)
        except (PartnerRefused, PartnerUnavailable) as problem:
            if target.is_beyond:
                self.notes[f"beyond its last record it gives no empty page: {problem.problem}"] = None
                return None
            if not target.is_link:
                self.failure = problem
                return None
            self.notes[f"a Link led nowhere ({problem.problem}): the offset was counted"] = None
        return self._fetched(self._counted(target.position))

    def _taken(self, page: Page, target: Target) -> Target | None:
        """Count a page and return what to ask for next."""
        self.pages_read += 1
        self._asked.add(page.answer.url)
        shrunk = self._count_total(page)
        is_known = len(page) > 0 and all(head.key in self._keys for head in page.heads)
        if target.is_beyond and is_known and not shrunk and len(self._keys) >= (self.total or 0):
            self.notes["it repeats itself whatever offset is asked for; its total says that these are all"] = None
            return None
        fingerprint = page.fingerprint
        is_again, self._stale = fingerprint in self._prints, self._stale + 1
        self._prints.add(fingerprint)
        for head in page.heads:
            if head.key in self._keys:
                self._repeated += 1
                self.is_disturbed = True
            else:
                self._keys.add(head.key)
                self._stale = 0
        self.position = target.position + len(page)
        self._sequence = sha256(self._sequence + fingerprint).digest() if len(page) else self._sequence
        self.has_shrunk = self.has_shrunk or shrunk > 0
        if shrunk and self._steps_back < _STEPS_BACK:
            self._steps_back += 1
            self.is_disturbed = True
            return self._counted(max(0, target.position - shrunk))
        return self._next(page, is_again=is_again)

    def _count_total(self, page: Page) -> int:
        """Note what a page says of the list's length, and return by how much that is less than it was."""
        stated, before = page.total_count, self.total
        if stated is None:
            return 0
        self.total, self.least_total = stated, stated if self.least_total is None else min(stated, self.least_total)
        if before is not None and before != stated:
            self.notes["the total that it states changes while its list is read"] = None
        return max(0, (before or 0) - stated)

    def _next(self, page: Page, *, is_again: bool) -> Target | None:
        is_all = self.total is not None and len(self._keys) >= self.total
        link = self._link(page, is_beyond=is_all)
        if not len(page):
            self._empty += 1
            if link is None or is_all or self._empty > _EMPTY_PAGES:
                self.is_proven = True
                return None
            return link
        # One record twice may be listed twice; several of them in the same order are the same page.
        if (is_again and len(page) > 1) or self._stale > _STALE_PAGES:
            self.is_stuck = True
            return None
        if self.total is not None and self.position > 2 * self.total + _BEYOND:
            self.failure = f"its list goes on at {self.position} records, and it says that it has {self.total}"
            return None
        return link or self._counted(self.position, is_beyond=is_all)

    def _counted(self, position: int, *, is_beyond: bool = False) -> Target:
        params = {**self.filters, "offset": str(position)} if position else self.filters
        return Target(url=self.url, params=params, position=position, is_beyond=is_beyond)

    def _link(self, page: Page, *, is_beyond: bool) -> Target | None:
        """Return where a page's Link leads, if it can be trusted."""
        if page.next_url is None or page.next_url in self._asked:
            return None
        link = judge(
            page.next_url,
            origins=self.origins,
            filters=self.filters,
            between=(self.position - len(page), self.position),
        )
        if link.distrusted_because is not None:
            self.notes[link.distrusted_because] = None
            return None
        if link.offset is not None and not self.follows_links:
            return None
        position = self.position if link.offset is None else link.offset
        return Target(url=link.url, params={}, position=position, is_link=True, is_beyond=is_beyond)
