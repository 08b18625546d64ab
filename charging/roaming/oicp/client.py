"""Fetching the CDRs of a provider's drivers from a hub over OICP 2.3 (eRoamingGetChargeDetailRecords)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx
import msgspec

from charging.clock import Clock
from charging.errors import PartnerFileError, PartnerRefused, PartnerUnavailable
from charging.roaming.cdr import Cdr
from charging.roaming.ocpi.parse import Rejected, records
from charging.roaming.ocpi.pull import Pull
from charging.roaming.ocpi.pull_page import Page
from charging.roaming.ocpi.pull_record import heads
from charging.roaming.ocpi.transport_answer import Answer, Limits
from charging.roaming.ocpi.wire import Envelope
from charging.roaming.oicp.parse import parse_cdrs
from charging.roaming.oicp.transport import HubAnswer, HubTransport
from charging.roaming.partner import OurRole, Partner

OVERLAP = timedelta(days=7)
"""Which of its four instants a CDR is filtered by is not said (OICP 2.3), and the hub delivers late ones later."""
MOST = 2000
"""Records in a page (OICP 2.3); 20 if nothing is asked for."""
_USUAL = 500


class OicpClient:
    """One hub, asked as the provider whose drivers charged. The HTTP client is handed in and stays the caller's."""

    def __init__(
        self,
        partner: Partner,
        *,
        http: httpx.Client,
        clock: Clock,
        limits: Limits | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._partner, self._clock, self._now = partner, clock, now
        self._limits = limits or Limits(max_bytes=partner.max_answer_bytes)
        self._transport = HubTransport(partner.name, http=http, clock=clock, limits=self._limits, now=now)
        self._size = min(partner.page_limit or _USUAL, MOST)

    def pull(self, *, date_from: datetime, date_to: datetime) -> Pull:
        """Fetch every CDR of a period, and of the seven days before it; each record once, however often it came.

        The list is read again until its length and what came agree. Requests follow one another, as the hub demands.

        Raises:
            PartnerFileError: if the partner file does not say where to ask, or that we are the provider.
            PartnerRefused: if the hub says no.
            PartnerUnavailable: if not even the first page came. A later failure makes the pull incomplete instead.
        """
        url, question = self._address(), self._question(date_from, date_to)
        deadline = self._now() + self._limits.max_pull_duration.total_seconds()
        kept = _Kept(partner=self._partner)
        before: tuple[str, ...] | None = None
        why: str | None = None
        for _ in range(self._limits.max_rounds):
            found = _Round(limits=self._limits, size=self._size, deadline=deadline, now=self._now)
            try:
                why = found.run(lambda number: self._page(url, question, number), kept)
            except (PartnerRefused, PartnerUnavailable) as failure:
                if not kept.pages:
                    raise
                why = str(failure)
                break
            if why is None or (found.is_over and found.sequence == before and found.count == found.total):
                kept.notes |= {} if why is None else {f"{why}; twice the same came, and nothing else": None}
                why = None
                break
            if found.is_hopeless:
                break
            before = found.sequence
        return kept.pull(now=self._clock(), total=found.total, why=why)

    def _address(self) -> httpx.URL:
        partner = self._partner
        if partner.our_role is not OurRole.EMSP:
            raise PartnerFileError(
                partner.name,
                "key our_role says cpo, and a hub of OICP gives CDRs to providers only",
                "read what we pushed from files, or set our_role = 'emsp'",
                key="our_role",
            )
        if "cdrs" not in partner.endpoints:
            mend = "write the whole address, https://…/providers/NL-EVN/get-charge-detail-records-request"
            raise PartnerFileError(partner.name, "key endpoints.cdrs is missing", mend, key="endpoints.cdrs")
        return httpx.URL(partner.endpoints["cdrs"])

    def _question(self, date_from: datetime, date_to: datetime) -> bytes:
        if date_from.tzinfo is None or date_to.tzinfo is None:
            raise ValueError("a period's bounds need a time zone")
        stated = {"From": date_from - OVERLAP, "To": date_to}
        written = {
            name: f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
            for name, at in stated.items()
        }
        return msgspec.json.encode({"ProviderID": self._partner.owner, **written})

    def _page(self, url: httpx.URL, question: bytes, number: int) -> HubAnswer:
        return self._transport.post(url.copy_merge_params({"page": number, "size": self._size}), question)


@dataclass(slots=True, kw_only=True)
class _Kept:
    """What came in all rounds, each page and each record once."""

    partner: Partner
    pages: dict[str, Page] = field(default_factory=dict)
    cdrs: dict[tuple[str, str], Cdr] = field(default_factory=dict)
    rejected: dict[str, Rejected] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def take(self, answer: HubAnswer) -> list[str]:
        """Keep a page, and return the hashes of its records in their order."""
        page = _page(answer)
        self.pages.setdefault(page.answer.sha256, page)
        parsed = parse_cdrs(
            answer.listed.content,
            partner=self.partner.name,
            received_at=answer.fetched_at,
            currency=self.partner.terms.currency,
        )
        for cdr in parsed.cdrs:
            self.cdrs.setdefault((cdr.cdr_id, cdr.raw_sha256), cdr)
        for record in parsed.rejected:
            self.rejected.setdefault(record.raw_sha256, record)
        return [sha256(raw).hexdigest() for raw in records(answer.listed.content)]

    def pull(self, *, now: datetime, total: int | None, why: str | None) -> Pull:
        """Return everything, and whether it is all."""
        again = len(self.cdrs) - len({name for name, _ in self.cdrs})
        notes = [*self.notes]
        if again:
            notes.append(f"{again} sessions have a second CDR with other content, though the hub takes one of each")
        if total is None:
            notes.append("the hub does not say how many there are: that these are all rests on its `last`")
        return Pull(
            pages=tuple(self.pages.values()),
            cdrs=tuple(self.cdrs.values()),
            rejected=tuple(self.rejected.values()),
            total_count=total,
            incomplete_because=why,
            notes=tuple(notes),
            version="oicp-2.3",
            record_count=len(self.cdrs) + len(self.rejected),
            page_count=len(self.pages),
            newest=max((cdr.ended_at for cdr in self.cdrs.values() if cdr.ended_at <= now), default=None),
        )


@dataclass(slots=True, kw_only=True)
class _Round:
    """One reading of the list, from its first page to its last."""

    limits: Limits
    size: int
    deadline: float
    now: Callable[[], float]
    total: int | None = None
    count: int = 0
    is_over: bool = False
    is_hopeless: bool = False
    """Another reading would bring nothing else."""
    _seen: dict[str, None] = field(default_factory=dict)

    @property
    def sequence(self) -> tuple[str, ...]:
        """The records in their order."""
        return tuple(self._seen)

    def run(self, fetch: Callable[[int], HubAnswer], kept: _Kept) -> str | None:
        """Read every page, and return why that is not the whole list, or None."""
        number = 0
        while True:
            answer = fetch(number)
            listed, hashes = answer.listed, kept.take(answer)
            self.total = listed.total_elements
            fresh = [one for one in hashes if one not in self._seen]
            self._seen |= dict.fromkeys(hashes)
            self.count += len(hashes)
            if listed.number is not None and listed.number != number:
                self.is_hopeless = True
                return f"it gives page {listed.number} where page {number} was asked for"
            if hashes and not fresh:
                return f"page {number} holds only what came before"
            if self.count > self.limits.max_records or self.now() > self.deadline:
                self.is_hopeless = True
                return f"the list goes on after {self.count} records: it was left"
            number += 1
            if self._is_last(listed.last, listed.total_pages, number, is_empty=not hashes):
                self.is_over = True
                return self._difference()

    def _is_last(self, last: bool | None, pages: int | None, read: int, *, is_empty: bool) -> bool:  # noqa: FBT001
        """Whether the list ends here. What the hub says goes first; an empty page ends every list."""
        if is_empty or last is not None:
            return is_empty or bool(last)
        return pages is not None and read >= pages

    def _difference(self) -> str | None:
        if self.total is None or self.total == len(self._seen):
            return None
        return f"{len(self._seen)} records came, and the hub says that it has {self.total}"


def _page(answer: HubAnswer) -> Page:
    """Return a page in the shape in which pages of every protocol are stored."""
    content = answer.listed.content
    return Page(
        answer=Answer(
            url=answer.url,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            fetched_at=answer.fetched_at,
            envelope=Envelope(status_code=1000, data=content),
        ),
        heads=tuple(heads(records(content))),
        next_url=None,
        total_count=answer.listed.total_elements,
    )
