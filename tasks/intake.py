"""Taking in what a partner has: pulled or pushed, stored before anything is judged."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from charging import canonical
from charging.clock import system_clock
from charging.database.operations import roaming as write
from charging.database.queries import clean, moves, stored_cdrs
from charging.database.queries import identifiers as ledger
from charging.database.queries.receiving import pushed_cdrs
from charging.database.turns import take_turns
from charging.identifiers import evse_id
from charging.network import Evse
from charging.roaming import forgotten
from charging.roaming.cdr import Cdr, Cohort, Protocol
from charging.roaming.compact import compact_token
from charging.roaming.file_reading import FileRead
from charging.roaming.ocpi.client import OcpiClient
from charging.roaming.ocpi.parse import Parsed, parse_cdrs
from charging.roaming.ocpi.pull import OVERLAP, Pull
from charging.roaming.ocpi.pull_page import Page
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.partner import OurRole, Partner
from tasks import forgetting
from tasks.intake_sources import from_folder, from_hub

MARGIN = timedelta(days=1)
"""CDRs this far outside of the period take part in matching: the two sides' clocks may put one in different nights."""
MODULE, PUSHED = "cdrs", "pushed"
Period = tuple[datetime, datetime]
Fetch = Callable[..., Pull]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came, and whether that is all."""

    records: int
    fresh: int
    rejected: int
    is_complete: bool
    incomplete_because: str | None
    notes: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Keeping:
    """Stores what comes of a partner, batch by batch, each in a transaction of its own, and counts it.

    Whoever was forgotten stays forgotten: what the partner sends of them is stored under a pseudonym.
    """

    engine: sa.Engine
    partner: Partner
    now: datetime
    records: int = 0
    fresh: int = 0
    rejected: int = 0
    pages: int = 0
    newest: datetime | None = None
    notes: list[str] = field(default_factory=list)

    def take(self, page: Page, *, version: str) -> None:
        """Store a page as it came, and the CDRs in it."""
        parsed = parse_cdrs(
            page.answer.envelope.data, partner=self.partner.name, version=version, owner=owner_of(self.partner)
        )
        self.keep(parsed, pages=[page])

    def keep(self, parsed: Parsed, *, pages: Sequence[Page] = (), files: Sequence[FileRead] = ()) -> None:
        """Store CDRs and what could not be read."""
        with self.engine.begin() as connection:
            take_turns(connection, forgetting.FORGETTING)
            kept = _redacted(connection, self.partner, parsed)
            write.store_pages(connection, self.partner.name, pages)
            write.store_files(connection, self.partner.name, files)
            write.store_rejected(connection, self.partner.name, kept.rejected, at=self.now)
            self.fresh += write.store_cdrs(connection, placed(connection, kept.cdrs), at=self.now)
        self.pages += len(pages) + len(files)
        self.records += len(kept.cdrs) + len(kept.rejected)
        self.rejected += len(kept.rejected)
        stated = [cdr.last_updated for cdr in kept.cdrs if cdr.last_updated <= self.now]
        self.newest = max([*stated, *filter(None, [self.newest])], default=None)


def take_in(engine: sa.Engine, partner: Partner, fetch: Fetch, *, period: Period, now: datetime) -> Taken:
    """Store everything that is new of a partner: what it pushed, what lies in its folder, or what it has over the wire.

    The pull is noted last: killed before, nothing of what came is taken for all that there is.

    Raises:
        PartnerRefused: if the partner says no.
        PartnerUnavailable: if it does not answer at all.
    """
    keeping = Keeping(engine=engine, partner=partner, now=now)
    with engine.connect() as connection:
        date_from = since(connection, partner, first=period[0])
        pushed_from = stored_cdrs.last_taken(connection, partner.name, PUSHED)
        came = (pushed_from - OVERLAP if pushed_from else datetime.min.replace(tzinfo=UTC), now)
        pushed = pushed_cdrs(connection, partner.name, came, owner=owner_of(partner))
    if len(pushed):
        keeping.keep(pushed)
        _note(engine, keeping, module=PUSHED, date_from=pushed_from, pull=None)
    if partner.files is not None:
        lying = from_folder(engine, partner, now=now, keep=lambda file: keeping.keep(file.parsed, files=[file]))
        _note(engine, keeping, module=MODULE, date_from=None, pull=lying)
        return _taken(keeping, lying)
    pull = fetch(partner, date_from=date_from, until=period[1], now=now, keeping=keeping)
    if pull.cdrs or pull.rejected or pull.pages:  # what no sink has taken
        keeping.keep(Parsed(cdrs=pull.cdrs, rejected=pull.rejected), pages=pull.pages)
    _note(engine, keeping, module=MODULE, date_from=date_from, pull=pull)
    return _taken(keeping, pull)


def over_the_wire(partner: Partner, *, date_from: datetime, until: datetime, now: datetime, keeping: Keeping) -> Pull:
    """Pull everything that a partner has updated since then; each page is stored as it comes.

    Raises:
        PartnerRefused: if the partner says no.
        PartnerUnavailable: if it does not answer at all.
    """
    if partner.protocol is Protocol.OICP:
        return from_hub(partner, date_from=date_from, date_to=max(now, until) + MARGIN)
    with guarded_client(partner, name=partner.name) as http:
        client = OcpiClient(
            partner,
            http=http,
            token=partner.read_token(os.environ),
            clock=system_clock,
            correlation_id=canonical.digest([partner.name, now])[:32],
        )
        return client.pull(
            date_from=date_from,
            date_to=max(now, until) + MARGIN,
            on_page=lambda page: keeping.take(page, version=client.version),
        )


def since(connection: sa.Connection, partner: Partner, *, first: datetime) -> datetime:
    """Return from when on to pull: before the period, and before everything that has not surely come."""
    reached = stored_cdrs.watermark(connection, partner.name, MODULE)
    return min(first, reached or first) - OVERLAP


def owner_of(partner: Partner) -> str | None:
    """Return whose CDRs they are where they do not say so, as in 2.1.1: behind a hub, the EVSE id must tell."""
    if partner.our_role is OurRole.CPO:
        return partner.owner
    return None if partner.hub else partner.party


def _note(engine: sa.Engine, keeping: Keeping, *, module: str, date_from: datetime | None, pull: Pull | None) -> None:
    row = {
        "partner": keeping.partner.name,
        "module": module,
        "pulled_at": keeping.now,
        "date_from": date_from,
        "date_until": None,
        "watermark": keeping.newest,
        "pages": keeping.pages,
        "records": keeping.records,
        "rejected": keeping.rejected,
        "fresh": keeping.fresh,
        "total_count": pull.total_count if pull else None,
        "is_complete": pull.is_complete if pull else True,
        "incomplete_because": pull.incomplete_because if pull else None,
        "notes": list(pull.notes) if pull else [],
    }
    with engine.begin() as connection:
        write.store_pull(connection, row)


def _taken(keeping: Keeping, pull: Pull | None) -> Taken:
    return Taken(
        records=keeping.records,
        fresh=keeping.fresh,
        rejected=keeping.rejected,
        is_complete=pull.is_complete if pull else True,
        incomplete_because=pull.incomplete_because if pull else None,
        notes=pull.notes if pull else (),
    )


def placed(connection: sa.Connection, cdrs: Iterable[Cdr]) -> list[Cdr]:
    """Return CDRs of theirs, each with its station and cohort where the EVSE is one of ours."""
    names = ledger.ledger(connection)
    by_uid = {evse.evse_uid: evse.station_id for evse in clean.evses(connection)}
    stations = {evse_id.compact(evse.evse_id): evse.station_id for evse in evses(connection) if evse.evse_id}
    moved_at = moves.moved_at(connection)

    def place(cdr: Cdr) -> Cdr:
        name = names.resolve(cdr.evse_compact, cdr.started_at)
        station_id = by_uid.get(name.evse_uid) if name else stations.get(cdr.evse_compact)
        if station_id is None:
            return cdr
        has_moved = station_id in moved_at and moved_at[station_id] <= cdr.ended_at
        return replace(cdr, station_id=station_id, cohort=Cohort.MOVED if has_moved else Cohort.NOT_MOVED)

    return [place(cdr) for cdr in cdrs]


def evses(connection: sa.Connection) -> list[Evse]:
    """Return every EVSE, with the id that it bears now."""
    return ledger.remapped(connection, clean.evses(connection))


def _redacted(connection: sa.Connection, partner: Partner, parsed: Parsed) -> Parsed:
    redaction = forgetting.redaction_on(connection)
    if redaction is None:
        return parsed
    issuers = {partner.party} if partner.our_role is OurRole.CPO else {None, partner.owner}
    ours = {compact_token(token.token_uid) for token in clean.tokens(connection) if token.issuer in issuers}
    return forgotten.redacted(parsed, redaction, ours=ours)
