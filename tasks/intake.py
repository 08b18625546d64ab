"""Taking in what a partner has: pulled or pushed, stored before anything is judged."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from charging import canonical
from charging.clock import system_clock
from charging.database.operations import roaming as write
from charging.database.queries import stored_cdrs
from charging.database.queries.receiving import pushed_cdrs
from charging.roaming import placing
from charging.roaming.cdr import Cdr, Protocol
from charging.roaming.frame import to_frame
from charging.roaming.ocpi.client import OcpiClient
from charging.roaming.ocpi.columns_page import read_cdrs
from charging.roaming.ocpi.parse import Parsed
from charging.roaming.ocpi.pull import OVERLAP, Pull
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.partner import Partner
from tasks import places
from tasks.intake_sources import from_folder, from_hub
from tasks.keeping import Keeping, owner_of

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
        keeping.end()
        _note(engine, keeping, module=MODULE, date_from=None, pull=lying)
        return _taken(keeping, lying)
    try:
        pull = fetch(partner, date_from=date_from, until=period[1], now=now, keeping=keeping)
        if pull.cdrs or pull.rejected or pull.pages:  # what no sink has taken
            keeping.keep(Parsed(cdrs=pull.cdrs, rejected=pull.rejected), pages=pull.pages)
    finally:
        keeping.end()
    _note(engine, keeping, module=MODULE, date_from=date_from, pull=pull)
    return _taken(keeping, pull)


def over_the_wire(partner: Partner, *, date_from: datetime, until: datetime, now: datetime, keeping: Keeping) -> Pull:
    """Pull everything that a partner has updated since then; its pages are stored as they come.

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
            read=read_cdrs,
        )


def since(connection: sa.Connection, partner: Partner, *, first: datetime) -> datetime:
    """Return from when on to pull: before the period, and before everything that has not surely come."""
    reached = stored_cdrs.watermark(connection, partner.name, MODULE)
    return min(first, reached or first) - OVERLAP


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
    known = list(cdrs)
    return placing.placed_cdrs(known, placing.placed(to_frame(known), places.our_stations(connection)))
