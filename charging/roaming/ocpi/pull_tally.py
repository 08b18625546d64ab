"""What has come of a list so far, in whatever order and however often."""

from collections.abc import Iterator
from datetime import datetime

from charging.roaming.ocpi.pull_page import Page
from charging.roaming.ocpi.pull_record import Head


class Tally:
    """Counts records and their versions, and remembers until when they were updated.

    Memory, with what a round remembers: about 250 bytes for each record, whatever its size.
    """

    def __init__(self, *, date_from: datetime | None, date_to: datetime | None, now: datetime) -> None:
        self._from, self._to, self._now = date_from, date_to, now
        self._versions: dict[int, int] = {}
        self._further: set[tuple[int, int]] = set()
        self.newest: datetime | None = None
        """The greatest last_updated that is neither beyond our clock nor beyond the period asked for."""
        self.furthest: datetime | None = None
        """The greatest of those that lie in the future by our clock."""
        self._from_future = self._outside = self._undated = 0

    def __len__(self) -> int:
        return len(self._versions)

    @property
    def versions(self) -> int:
        """How many versions of records came: more than records where some changed."""
        return len(self._versions) + len(self._further)

    def take(self, page: Page) -> int:
        """Count a page's records and return how many of them came for the first time in this version."""
        return sum(map(self._is_fresh, page.heads))

    def notes(self) -> Iterator[str]:
        """Yield what is odd about the records."""
        if self._further:
            yield f"{len(self._further)} records came in more than one version under one id"
        if self.furthest is not None:
            yield (
                f"{self._from_future} records are dated in the future, up to {self.furthest.isoformat()}: "
                "they are kept, and the next pull begins as if they were not there"
            )
        if self._outside:
            yield f"{self._outside} records were not updated within the period asked for: it does not obey the filters"
        if self._undated:
            yield f"{self._undated} records have no last_updated that can be read"

    def _is_fresh(self, head: Head) -> bool:
        first = self._versions.get(head.key)
        version = (head.key, head.content)
        if first == head.content or version in self._further:
            return False
        if first is None:
            self._versions[head.key] = head.content
        else:
            self._further.add(version)
        self._date(head.last_updated)
        return True

    def _date(self, updated: datetime | None) -> None:
        if updated is None:
            self._undated += 1
            return
        if (self._from and updated < self._from) or (self._to and updated >= self._to):
            self._outside += 1
        if updated > self._now:
            self._from_future += 1
            self.furthest = max(self.furthest or updated, updated)
        elif self._to is None or updated < self._to:
            self.newest = max(self.newest or updated, updated)
