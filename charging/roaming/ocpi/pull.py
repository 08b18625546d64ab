"""Everything that a partner has of a list, or why it is not everything: read again until records and total agree."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from charging.roaming.cdr import Cdr
from charging.roaming.ocpi.parse import Rejected
from charging.roaming.ocpi.pull_page import Page
from charging.roaming.ocpi.pull_round import Fetch, Round
from charging.roaming.ocpi.pull_tally import Tally
from charging.roaming.ocpi.transport_answer import Limits

OVERLAP = timedelta(hours=48)
_QUIET_ROUNDS = 4
Sink = Callable[[Page], None]
"""Takes a page as it comes, and returns when it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """Everything that a partner gave us of a period. An incomplete pull is never the same as "no CDRs tonight"."""

    pages: tuple[Page, ...]
    """As they came; none where they were handed to a sink."""
    cdrs: tuple[Cdr, ...]
    """Each version of a record once, however often the paging repeated it. Of the module cdrs, and without a sink."""
    rejected: tuple[Rejected, ...]
    total_count: int | None
    incomplete_because: str | None
    notes: tuple[str, ...]
    module: str = "cdrs"
    version: str = "2.2.1"
    """The OCPI version that was spoken."""
    record_count: int = 0
    """How many records came, readable or not, each once."""
    page_count: int = 0
    newest: datetime | None = None
    """The greatest last_updated that is neither beyond our clock nor beyond the period."""

    @property
    def is_complete(self) -> bool:
        """Whether every record that the partner says it has was fetched, readable or not."""
        return self.incomplete_because is None

    @property
    def watermark(self) -> datetime | None:
        """Where the next pull may resume from, once all pages are stored: nothing that is incomplete moves it."""
        return self.newest if self.is_complete else None


def advance(before: datetime | None, pull: Pull) -> datetime | None:
    """Return a partner's and module's watermark after a pull whose pages are stored. It never goes back."""
    stated = [instant for instant in (before, pull.watermark) if instant is not None]
    return max(stated, default=None)


def resume_from(last_seen: datetime, *, overlap: timedelta = OVERLAP) -> datetime:
    """Return where the next pull begins: before the newest `last_updated` seen, as late records carry earlier ones."""
    return last_seen - overlap


@dataclass(slots=True, kw_only=True)
class Reading:
    """The rounds in which a list is read, until what came agrees with what the partner says it has."""

    url: str
    filters: Mapping[str, str]
    origins: tuple[str, ...]
    fetch: Fetch
    tally: Tally
    limits: Limits
    now: Callable[[], float]
    trusts_total: bool
    notes: dict[str, None]
    page_count: int = 0
    total: int | None = None
    _was_masked: bool = False
    _has_shrunk: bool = False

    def run(self, sink: Sink) -> str | None:
        """Hand every page that brings something to the sink, and return why the list is not complete, or None.

        Raises:
            PartnerRefused: if the partner says no to the very first page.
            PartnerUnavailable: if not even that came.
        """
        deadline = self.now() + self.limits.max_pull_duration.total_seconds()
        rounds: list[Round] = []
        quiet = 0
        while True:
            rounds.append(self._round(deadline, number=len(rounds)))
            fresh = self._take(rounds[-1], sink, is_first=len(rounds) == 1)
            last, before = rounds[-1], self.total
            self.total = last.total if self.trusts_total else None
            self._has_shrunk |= last.has_shrunk or (last.least_total or 0) < (before or 0)
            if last.failure is not None:
                if not self.page_count and not isinstance(last.failure, str):
                    raise last.failure
                return str(last.failure)
            quiet = quiet + 1 if not fresh else 0
            is_over = len(rounds) >= self.limits.max_rounds or quiet >= _QUIET_ROUNDS
            is_same = len(rounds) > 2 and len({each.sequence for each in rounds[-3:]}) == 1
            if self._is_complete(last, is_confirmed=len(rounds) > 1 and not fresh, is_same=is_same):
                return None
            if is_over or is_same:
                return self._why(last)

    def _round(self, deadline: float, *, number: int) -> Round:
        def overrun() -> str | None:
            if len(self.tally) > self.limits.max_records:
                return f"its list does not end: more than {self.limits.max_records} records came"
            if self.now() > deadline:
                return f"its list took longer than {self.limits.max_pull_duration}"
            return None

        return Round(
            url=self.url,
            filters=self.filters,
            origins=self.origins,
            fetch=self.fetch,
            follows_links=number == 0,  # a Link that led astray once is not asked again
            begins_twice=number % 2 == 1,
            overrun=overrun,
            notes=self.notes,
        )

    def _take(self, reading: Round, sink: Sink, *, is_first: bool) -> int:
        fresh = 0
        for page in reading.pages():
            found = self.tally.take(page)
            fresh += found
            self.page_count += 1
            if page.answer.was_masked and not self._was_masked:
                self._was_masked = True
                self.notes["our token stood in its answer: it was masked before anything was kept"] = None
            if found or is_first:
                sink(page)
        return fresh

    def _is_complete(self, last: Round, *, is_confirmed: bool, is_same: bool) -> bool:
        """Whether all came. Where nothing came, or records moved, or no total is given, a second reading must agree."""
        came = len(self.tally)
        if self.total is None:
            return is_confirmed and last.is_proven and (not last.repeated or is_same)
        if came >= self.total and not last.is_stuck:
            # What was removed is among what came, as it is where more came than there are: only a reading that is whole
            # by itself proves that nothing lacks.
            if self._has_shrunk or came > self.total:
                return is_confirmed and last.is_whole
            return is_confirmed or not (last.is_disturbed or came == 0)
        if is_same and last.is_proven and self.total <= last.position:
            self.notes[f"{last.repeated} of the {last.position} records that it lists are listed more than once"] = None
            return True
        return False

    def _why(self, last: Round) -> str:
        if last.is_stuck:
            reason = "the same page comes again whatever offset is asked for"
        elif last.is_disturbed:
            reason = "its pages come in another order each time"
        else:
            reason = "however often its list is read"
        if self.total is None:
            return f"{len(self.tally)} records came, and whether these are all cannot be known: {reason}"
        return f"{len(self.tally)} records came of the {self.total} that the partner says it has: {reason}"
