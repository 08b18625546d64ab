"""Fetching a partner's lists over OCPI: versions, details, credentials, then page after page."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING

import httpx
import msgspec

from charging.clock import Clock
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.cdr import Cdr
from charging.roaming.ocpi.invoice import MODULE, InvoiceRecord
from charging.roaming.ocpi.invoice_send import Sending, send
from charging.roaming.ocpi.parse import Rejected, UnreadablePage, parse_cdrs
from charging.roaming.ocpi.pull import OVERLAP, Pull, Reading, Sink, advance, resume_from
from charging.roaming.ocpi.pull_handshake import Handshake
from charging.roaming.ocpi.pull_page import Page, ReadCdrs, read_page
from charging.roaming.ocpi.pull_tally import Tally
from charging.roaming.ocpi.transport import Limits, Transport
from charging.roaming.partner import OurRole, Partner
from charging.secret import Secret

if TYPE_CHECKING:  # who takes in no CDRs needs no compiled loops
    from charging.roaming.ocpi.columns_page import CdrPage

__all__ = ["OVERLAP", "OcpiClient", "Page", "Pull", "Sink", "advance", "resume_from"]
_CLOCK_IS_OFF = timedelta(minutes=5)


class OcpiClient:
    """One partner's OCPI endpoints, as sender. The HTTP client is handed in and stays the caller's."""

    def __init__(
        self,
        partner: Partner,
        *,
        http: httpx.Client,
        token: Secret,
        clock: Clock,
        correlation_id: str,
        limits: Limits | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._partner, self._clock, self._now = partner, clock, now
        self._limits = limits or Limits(max_bytes=partner.max_answer_bytes)
        self._transport = Transport(
            partner,
            http=http,
            token=token,
            clock=clock,
            correlation_id=correlation_id,
            limits=self._limits,
            to_party=partner.hub,  # requests for everything are addressed to the hub (transport_and_format)
            ends_token_with_newline="token_with_newline" in partner.known_deviations,
            now=now,
        )
        self._handshake = Handshake(partner, self._transport)

    @property
    def version(self) -> str:
        """The OCPI version spoken: the partner file's, until the partner is found to offer another one only."""
        return self._transport.version

    def endpoints(self) -> Mapping[str, str]:
        """Return the address of every module that the partner offers as a sender, or without a role.

        Raises:
            PartnerRefused: if it offers no version that we speak.
        """
        return self._handshake.endpoints()

    def check_credentials(self, endpoints: Mapping[str, str]) -> None:
        """Make sure that the token opens the door of the party that the partner file names.

        Raises:
            PartnerRefused: if it is another party's.
        """
        self._handshake.check_credentials(endpoints)

    def pull(
        self,
        *,
        date_from: datetime,
        date_to: datetime,
        on_page: Sink | None = None,
        read: Callable[[msgspec.Raw, str], "CdrPage"] | None = None,
    ) -> Pull:
        """Fetch every CDR last updated in a half-open period.

        With `on_page`, each page is handed over as it comes and forgotten: its records are then in no `cdrs`. `read`
        reads the CDRs of a page's `data`, of a version of OCPI, once for all who need something of them.

        Raises:
            PartnerRefused: if the partner says no.
            PartnerUnavailable: if not even the first page came. A later failure makes the pull incomplete instead.
        """
        return self._pull("cdrs", date_from=date_from, date_to=date_to, on_page=on_page, read=read)

    def pull_sessions(self, *, date_from: datetime, date_to: datetime, on_page: Sink | None = None) -> Pull:
        """Fetch every session last updated in a half-open period. Raises as `pull`."""
        return self._pull("sessions", date_from=date_from, date_to=date_to, on_page=on_page)

    def pull_tariffs(self, *, date_from: datetime | None = None, on_page: Sink | None = None) -> Pull:
        """Fetch every tariff, or those last updated since. Raises as `pull`."""
        return self._pull("tariffs", date_from=date_from, date_to=None, on_page=on_page)

    def pull_locations(self, *, date_from: datetime | None = None, on_page: Sink | None = None) -> Pull:
        """Fetch every location, or those last updated since. Raises as `pull`."""
        return self._pull("locations", date_from=date_from, date_to=None, on_page=on_page)

    def pull_tokens(self, *, date_from: datetime | None = None, on_page: Sink | None = None) -> Pull:
        """Fetch every token, or those last updated since. Raises as `pull`."""
        return self._pull("tokens", date_from=date_from, date_to=None, on_page=on_page)

    def pull_invoice_records(self, *, date_from: datetime | None = None, on_page: Sink | None = None) -> Pull:
        """Fetch every record of what an invoice covers (OCPI 2.3.0 ed2). Raises as `pull`."""
        return self._pull(MODULE, date_from=date_from, date_to=None, on_page=on_page)

    def send_invoice_records(self, records: Sequence[InvoiceRecord], *, dry_run: bool = True) -> tuple[Sending, ...]:
        """Put records of what our invoices cover into the partner's receiver (OCPI 2.3.0 ed2); dry unless told.

        Raises:
            PartnerRefused: if it has no receiver for them.
            PartnerUnavailable: if it does not answer in a way that can be understood.
        """
        found = self._handshake.endpoints(role="RECEIVER")
        self._handshake.check_credentials(found)
        if MODULE not in found:
            mend = "send it the list another way, or agree on the module"
            raise PartnerRefused(self._partner.name, f"it takes no {MODULE}", mend)
        return send(records, to=found[MODULE], transport=self._transport, dry_run=dry_run)

    def _pull(
        self,
        module: str,
        *,
        date_from: datetime | None,
        date_to: datetime | None,
        on_page: Sink | None,
        read: Callable[[msgspec.Raw, str], "CdrPage"] | None = None,
    ) -> Pull:
        url = self._handshake.address(module)
        window = self._window(date_from, date_to)
        tally = Tally(date_from=window[0], date_to=window[1], now=self._clock())
        reading = Reading(
            url=url,
            filters=self._filters(window),
            origins=self._partner.origins,
            fetch=partial(self._page, read=self._reading(read)),
            tally=tally,
            limits=self._limits,
            now=self._now,
            trusts_total="total_wrong" not in self._partner.known_deviations,
            notes=self._handshake.notes,
        )
        kept = _Kept(partner=self._partner, version=self.version, is_cdrs=module == "cdrs")
        why = reading.run(on_page or kept.take)
        if reading.total is None:
            reading.notes["the partner sends no X-Total-Count: that these are all rests on an empty last page"] = None
        return Pull(
            pages=tuple(kept.pages),
            cdrs=tuple(kept.cdrs.values()),
            rejected=tuple(kept.rejected.values()),
            total_count=reading.total,
            incomplete_because=why,
            notes=(*reading.notes, *tally.notes()),
            module=module,
            version=self.version,
            record_count=len(tally),
            page_count=reading.page_count,
            newest=tally.newest,
        )

    def _window(self, date_from: datetime | None, date_to: datetime | None) -> tuple[datetime | None, datetime | None]:
        """Return the period in whole seconds of UTC, never narrower than asked.

        The bounds of 2.1.1 are "after" and "before", and whether they are inclusive is not said there (2.1.1
        transport_and_format): a second on either side makes sure.
        """
        if any(bound is not None and bound.tzinfo is None for bound in (date_from, date_to)):
            raise ValueError("a period's bounds need a time zone")
        is_vague = self.version.startswith("2.1") or "date_from_exclusive" in self._partner.known_deviations
        margin = timedelta(seconds=int(is_vague))
        start = date_from and date_from.astimezone(UTC).replace(microsecond=0) - margin
        end = date_to and date_to.astimezone(UTC)
        if end and end.microsecond:
            end = end.replace(microsecond=0) + timedelta(seconds=1)
        return start, end and end + margin

    def _filters(self, window: tuple[datetime | None, datetime | None]) -> dict[str, str]:
        stated = {"date_from": window[0], "date_to": window[1]}
        filters = {name: f"{at.replace(tzinfo=None).isoformat()}Z" for name, at in stated.items() if at}
        return filters | ({"limit": str(self._partner.page_limit)} if self._partner.page_limit else {})

    def _reading(self, read: Callable[[msgspec.Raw, str], "CdrPage"] | None) -> "ReadCdrs | None":
        return None if read is None else lambda data: read(data, self.version)

    def _page(
        self, url: str, params: Mapping[str, str], *, attempts: int | None = None, read: "ReadCdrs | None" = None
    ) -> Page:
        answer = self._transport.get(url, params=params or None, is_functional=True, attempts=attempts)
        self._compare_clocks(answer.headers.get("date", ""))
        try:
            return read_page(answer, read=read)
        except UnreadablePage as problem:
            raise PartnerUnavailable(self._partner.name, str(problem), "show the partner this page") from problem

    def _compare_clocks(self, stated: str) -> None:
        try:
            ahead = parsedate_to_datetime(stated) - self._clock()
        except (ValueError, TypeError, OverflowError):
            return
        if abs(ahead) >= _CLOCK_IS_OFF:
            minutes = round(abs(ahead) / timedelta(minutes=1))
            side = "ahead of" if ahead > timedelta(0) else "behind"
            # The first difference is told: with the minutes that a pull takes, later ones would be told again.
            if not any("its clock is" in note for note in self._handshake.notes):
                self._handshake.notes[f"its clock is {minutes} minutes {side} ours"] = None


@dataclass(slots=True, kw_only=True)
class _Kept:
    """The pages of a pull that is small enough to be held, and their CDRs."""

    partner: Partner
    version: str
    is_cdrs: bool
    pages: list[Page] = field(default_factory=list)
    cdrs: dict[tuple[str, str, str], Cdr] = field(default_factory=dict)
    rejected: dict[str, Rejected] = field(default_factory=dict)

    def take(self, page: Page) -> None:
        self.pages.append(page)
        if not self.is_cdrs:
            return
        parsed = parse_cdrs(
            page.answer.envelope.data, partner=self.partner.name, version=self.version, owner=_owner(self.partner)
        )
        self.cdrs |= {(cdr.owner, cdr.cdr_id, cdr.raw_sha256): cdr for cdr in parsed.cdrs}
        self.rejected |= {record.raw_sha256: record for record in parsed.rejected}


def _owner(partner: Partner) -> str | None:
    """Return whose CDRs they are where they do not say so, as in 2.1.1: behind a hub, the EVSE id must tell."""
    if partner.our_role is OurRole.CPO:
        return partner.owner
    return None if partner.hub else partner.party
