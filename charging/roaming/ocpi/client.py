"""Fetching a partner's CDRs over OCPI 2.2.1: versions, details, credentials, then page after page."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import httpx
import msgspec

from charging.clock import Clock
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.cdr import Cdr
from charging.roaming.ocpi import wire
from charging.roaming.ocpi.parse import Rejected, UnreadablePage, parse_cdrs
from charging.roaming.ocpi.transport import Answer, Limits, Transport
from charging.roaming.partner import Partner, origin
from charging.secret import Secret

T = TypeVar("T")
VERSION = "2.2.1"
OVERLAP = timedelta(hours=48)
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the CDR endpoint, as it came, with what could be read from it."""

    answer: Answer
    cdrs: tuple[Cdr, ...]
    rejected: tuple[Rejected, ...]
    next_url: str | None
    """From the Link header, as stated."""
    total_count: int | None
    """From X-Total-Count."""

    def __len__(self) -> int:
        return len(self.cdrs) + len(self.rejected)

    @property
    def hashes(self) -> set[str]:
        """What tells its records apart, readable or not."""
        return {cdr.raw_sha256 for cdr in self.cdrs} | {record.raw_sha256 for record in self.rejected}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """Everything that a partner gave us of a period. An incomplete pull is never the same as "no CDRs tonight"."""

    pages: tuple[Page, ...]
    cdrs: tuple[Cdr, ...]
    """Each version of a record once, however often the paging repeated it."""
    rejected: tuple[Rejected, ...]
    total_count: int | None
    incomplete_because: str | None
    notes: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every record that the partner says it has was fetched, readable or not."""
        return self.incomplete_because is None


class OcpiClient:
    """One partner's OCPI 2.2.1 endpoints. The HTTP client is handed in and stays the caller's."""

    def __init__(
        self,
        partner: Partner,
        *,
        http: httpx.Client,
        token: Secret,
        clock: Clock,
        correlation_id: str,
        limits: Limits | None = None,
    ) -> None:
        self._partner = partner
        self._transport = Transport(
            partner, http=http, token=token, clock=clock, correlation_id=correlation_id, limits=limits or Limits()
        )

    def endpoints(self) -> Mapping[str, str]:
        """Return the address of every module that the partner offers as a sender, or without a role.

        Raises:
            PartnerRefused: if it does not speak OCPI 2.2.1.
        """
        versions = self._read(self._partner.versions_url, list[wire.Version])
        url = next((version.url for version in versions if version.version == VERSION), None)
        if url is None:
            offered = ", ".join(version.version for version in versions) or "nothing"
            raise PartnerRefused(self._partner.name, f"it offers {offered}", f"agree with it on OCPI {VERSION}")
        details = self._read(url, wire.VersionDetails)
        return {found.identifier: found.url for found in details.endpoints if found.role in {"", "SENDER"}} | {
            found.identifier: found.url for found in details.endpoints if found.identifier == "credentials"
        }

    def check_credentials(self, endpoints: Mapping[str, str]) -> None:
        """Make sure that the token opens the door of the party that the partner file names.

        Raises:
            PartnerRefused: if it is another party's.
        """
        credentials = self._read(self._address(endpoints, "credentials"), wire.Credentials)
        parties = [f"{role.country_code}-{role.party_id}".upper() for role in credentials.roles]
        if self._partner.party not in parties:
            raise PartnerRefused(
                self._partner.name,
                f"its credentials are those of {', '.join(parties) or 'nobody'}",
                f"check `party` ({self._partner.party}) and `versions_url` in the partner file",
            )

    def pages(self, url: str, *, date_from: datetime, date_to: datetime) -> Iterator[Page]:
        """Yield the pages of CDRs last updated in a half-open period, until there is nothing new.

        A Link is followed on the partner's own origin only. Where it is missing or leads elsewhere, the offset is
        counted. Where the total shrinks meanwhile records have moved up, and the page is asked for again further ahead.
        """
        period = {"date_from": _stamp(date_from), "date_to": _stamp(date_to)}
        asked: set[str] = set()
        seen: set[str] = set()
        offset, total, target, params = 0, None, url, dict(period)
        while True:
            page = self._page(target, params)
            asked.add(page.answer.url)
            fresh = page.hashes - seen
            seen |= fresh
            yield page
            shrunk = max(0, (total or 0) - page.total_count) if page.total_count is not None else 0
            offset = max(0, offset - shrunk) if shrunk else offset + len(page)
            total = page.total_count if page.total_count is not None else total
            if not len(page) or (not fresh and not shrunk):
                return
            link = page.next_url
            if link and not shrunk and origin(link) in self._partner.origins and link not in asked:
                target, params = link, {}
            elif total is not None and len(seen) >= total and not shrunk:
                return
            else:
                target, params = url, {**period, "offset": str(offset)}

    def pull(self, *, date_from: datetime, date_to: datetime) -> Pull:
        """Fetch every CDR last updated in a half-open period.

        Raises:
            PartnerRefused: if the partner says no.
            PartnerUnavailable: if not even the first page came. A later failure makes the pull incomplete instead.
        """
        endpoints = self.endpoints()
        self.check_credentials(endpoints)
        pages: list[Page] = []
        failure: str | None = None
        try:
            for page in self.pages(self._address(endpoints, "cdrs"), date_from=date_from, date_to=date_to):
                pages.append(page)  # noqa: PERF402 - those that came before a failure are kept
        except PartnerUnavailable as problem:
            if not pages:
                raise
            failure = str(problem)
        return collect(pages, failure=failure, origins=self._partner.origins)

    def _page(self, url: str, params: Mapping[str, str]) -> Page:
        answer = self._transport.get(url, params=params or None, is_functional=True)
        try:
            parsed = parse_cdrs(answer.envelope.data, partner=self._partner.name)
        except UnreadablePage as problem:
            raise PartnerUnavailable(self._partner.name, str(problem), "show the partner this page") from problem
        link = _NEXT.search(answer.headers.get("link", ""))
        total = answer.headers.get("x-total-count", "")
        return Page(
            answer=answer,
            cdrs=parsed.cdrs,
            rejected=parsed.rejected,
            next_url=str(httpx.URL(answer.url).join(link.group(1))) if link else None,
            total_count=int(total) if total.isdecimal() else None,
        )

    def _address(self, endpoints: Mapping[str, str], module: str) -> str:
        if module not in endpoints:
            raise PartnerRefused(self._partner.name, f"it offers no {module}", "agree with it on that module")
        return endpoints[module]

    def _read(self, url: str, kind: type[T]) -> T:
        answer = self._transport.get(url)
        try:
            return msgspec.json.decode(answer.envelope.data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise PartnerUnavailable(
                self._partner.name, f"{url} cannot be understood: {problem}", "show the partner this answer"
            ) from problem


def collect(pages: list[Page], *, failure: str | None, origins: tuple[str, ...]) -> Pull:
    """Put pages together and say whether they are all there is."""
    cdrs = {(cdr.owner, cdr.cdr_id, cdr.raw_sha256): cdr for page in pages for cdr in page.cdrs}
    rejected = {record.raw_sha256: record for page in pages for record in page.rejected}
    totals = [page.total_count for page in pages if page.total_count is not None]
    fetched, total = len(cdrs) + len(rejected), totals[-1] if totals else None
    if failure is None and total is not None and fetched < total:
        failure = f"{fetched} records came of the {total} that the partner says it has"
    foreign = sorted({origin(page.next_url) for page in pages if page.next_url} - set(origins))
    notes = [f"a Link to {other} was not followed" for other in foreign]
    if pages and total is None:
        notes.append("the partner sends no X-Total-Count: that these are all rests on an empty last page")
    return Pull(
        pages=tuple(pages),
        cdrs=tuple(cdrs.values()),
        rejected=tuple(rejected.values()),
        total_count=total,
        incomplete_because=failure,
        notes=tuple(notes),
    )


def resume_from(last_seen: datetime, *, overlap: timedelta = OVERLAP) -> datetime:
    """Return where the next pull begins: before the newest `last_updated` seen, as late records carry earlier ones."""
    return last_seen - overlap


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
