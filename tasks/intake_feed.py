"""Taking in what a partner tells beside CDRs, where it has the stations: its sessions, tariffs and locations."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

import msgspec
import sqlalchemy as sa

from charging import canonical
from charging.clock import system_clock
from charging.database.columns import storable
from charging.database.operations import partner_feed as write
from charging.database.operations import receiving
from charging.database.operations import roaming as write_pages
from charging.database.operations.receiving import Pushed
from charging.database.queries import partner_feed as read
from charging.database.queries import stored_cdrs
from charging.database.queries.partner_feed import LOCATIONS, SESSIONS, TARIFFS, Kept
from charging.database.queries.receiving import UNREADABLE
from charging.database.turns import take_turns
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.cdr import Protocol
from charging.roaming.feed import FeedSession
from charging.roaming.ocpi.client import OcpiClient
from charging.roaming.ocpi.parse import UNREADABLE as UNREADABLE_JSON
from charging.roaming.ocpi.parse_feed import parse_locations
from charging.roaming.ocpi.parse_sessions import parse_sessions
from charging.roaming.ocpi.pull import OVERLAP, Pull, Sink
from charging.roaming.ocpi.pull_page import Page
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.ocpi.wire_values import instant
from charging.roaming.partner import OurRole, Partner
from charging.tariffs.parse import UnreadableTariff, parse
from tasks import forgetting
from tasks.intake import MARGIN, Period, Taken
from tasks.keeping import owner_of

_BATCH = 1_000


class _Head(msgspec.Struct):
    """What tells a record from another, whatever it is."""

    id: str
    last_updated: str
    country_code: str | None = None
    party_id: str | None = None


_HEAD = msgspec.json.Decoder(_Head)


def is_needed(partner: Partner) -> bool:
    """Whether all that we know of the sessions between us is what the partner tells: it has the stations."""
    return partner.our_role is OurRole.EMSP and partner.protocol is Protocol.OCPI and partner.files is None


def take_in(engine: sa.Engine, partner: Partner, *, taken: Taken, period: Period, now: datetime) -> Taken:
    """Store what is new of a partner's tariffs, locations and sessions; return what came, and whether that is all.

    Each page is stored with what is in it, and each module has its own watermark: killed anywhere and run again, it
    ends in the same rows.
    """
    if not is_needed(partner):
        return taken
    feed = _Feed(engine, partner, now=now)
    missing = list(filter(None, [taken.incomplete_because]))
    missing += _pulled(feed, partner, first=period[0], until=max(now, period[1]) + MARGIN)
    feed.notes += _placed(engine, partner, now=now)
    with engine.connect() as connection:
        if not read.has_sessions(connection, partner.name):
            missing.append("no session of its is known: nobody can say what our drivers charged there")
    return replace(
        taken,
        is_complete=not missing,
        incomplete_because="; ".join(missing) or None,
        notes=(*taken.notes, *feed.notes),
    )


def _pulled(feed: "_Feed", partner: Partner, *, first: datetime, until: datetime) -> Iterator[str]:
    """Pull each module that the partner offers; yield why one is not complete."""
    with guarded_client(partner, name=partner.name) as http:
        client = OcpiClient(
            partner,
            http=http,
            token=partner.read_token(os.environ),
            clock=system_clock,
            correlation_id=canonical.digest([partner.name, first, SESSIONS])[:32],
        )
        for module in (TARIFFS, LOCATIONS, SESSIONS):
            try:
                if module not in {**client.endpoints(), **partner.endpoints}:
                    feed.notes.append(f"it offers no {module}: what it pushes is all that is known of them")
                    continue
                found = feed.pull(client, module, first=first, until=until)
            except (PartnerRefused, PartnerUnavailable) as problem:
                yield f"{module}: {problem}"
                continue
            if found.incomplete_because:
                yield f"{module}: {found.incomplete_because}"
            feed.notes += [f"{module}: {note}" for note in found.notes]


class _Feed:
    """Stores what comes of the modules, page by page, each page in a transaction of its own."""

    def __init__(self, engine: sa.Engine, partner: Partner, *, now: datetime) -> None:
        self._engine, self._partner, self._now = engine, partner, now
        self.notes: list[str] = []

    def pull(self, client: OcpiClient, module: str, *, first: datetime, until: datetime) -> Pull:
        """Pull what a module has new, store it, and note how far it came."""
        with self._engine.connect() as connection:
            reached = stored_cdrs.watermark(connection, self._partner.name, module)
        counted = {"pages": 0, "records": 0, "rejected": 0, "fresh": 0}

        def on_page(page: Page) -> None:
            for name, number in self._keep(page, module, version=client.version).items():
                counted[name] += number

        found = _pull(client, module, reached=reached, first=first, until=until, on_page=on_page)
        row = {
            "partner": self._partner.name,
            "module": module,
            "pulled_at": self._now,
            "date_from": reached and reached - OVERLAP,
            "date_until": None,
            "watermark": found.newest,
            "total_count": found.total_count,
            "is_complete": found.is_complete,
            "incomplete_because": found.incomplete_because,
            "notes": list(found.notes),
            **counted,
        }
        with self._engine.begin() as connection:
            write_pages.store_pull(connection, row)
        if counted["rejected"]:
            self.notes.append(f"{module}: {counted['rejected']} records could not be read")
        return found

    def _keep(self, page: Page, module: str, *, version: str) -> dict[str, int]:
        read_well, refused = [], []
        for raw in page.records():
            record, problem = self._record(raw, module, version=version)
            if problem is None:
                read_well.append(record)
            else:
                refused.append((record, problem))
        with self._engine.begin() as connection:
            take_turns(connection, forgetting.FORGETTING)
            write_pages.store_pages(connection, self._partner.name, [page])
            fresh = receiving.keep_all(connection, read_well)
            for record, problem in refused:
                receiving.keep_aside(connection, record, state=UNREADABLE, reason=storable(problem))
        return {"pages": 1, "records": len(page), "rejected": len(refused), "fresh": fresh}

    def _record(self, raw: bytes, module: str, *, version: str) -> tuple[Pushed, str | None]:
        """Return a record as it is kept, and why nobody can read it, if so."""
        made = Pushed(
            partner=self._partner.name,
            module=module,
            record_key=f"sha256:{sha256(raw).hexdigest()}",
            version=version,
            raw=raw,
            received_at=self._now,
        )
        try:
            head = _HEAD.decode(raw)
            named = f"{head.country_code}-{head.party_id}" if head.country_code else self._partner.party
            stamp = instant(head.last_updated, "last_updated").at
            made = replace(made, record_key=f"{named}|{head.id}".upper(), last_updated=stamp)
        except (*UNREADABLE_JSON, ValueError) as problem:
            return made, str(problem)
        return made, _problem(raw, module, self._partner, version)


def _pull(
    client: OcpiClient, module: str, *, reached: datetime | None, first: datetime, until: datetime, on_page: Sink
) -> Pull:
    since = reached and reached - OVERLAP
    if module == TARIFFS:
        return client.pull_tariffs(date_from=since, on_page=on_page)
    if module == LOCATIONS:
        return client.pull_locations(date_from=since, on_page=on_page)
    return client.pull_sessions(date_from=min(first - OVERLAP, since or first), date_to=until, on_page=on_page)


def _problem(raw: bytes, module: str, partner: Partner, version: str) -> str | None:
    """Return why a record is none of its module; None if it is one."""
    if module == TARIFFS:
        try:
            parse(raw, version=version)
        except UnreadableTariff as problem:
            return str(problem)
        return None
    alone = b"[" + raw + b"]"
    if module == LOCATIONS:
        rejected = parse_locations(alone, partner=partner.name, version=version).rejected
    else:
        owner = owner_of(partner)
        rejected = parse_sessions(alone, partner=partner.name, version=version, owner=owner).rejected
    return rejected[0].reason if rejected else None


def _placed(engine: sa.Engine, partner: Partner, *, now: datetime) -> list[str]:
    """Note of every session that came, pulled or pushed, when it ended; return what was said of unreadable ones."""
    said: list[str] = []
    while True:
        with engine.begin() as connection:
            take_turns(connection, f"sessions {partner.name}")
            waiting = read.unplaced(connection, partner.name, most=_BATCH)
            good: list[tuple[Kept, FeedSession]] = []
            for one in waiting:
                parsed = parse_sessions(
                    b"[" + one.raw + b"]",
                    partner=partner.name,
                    version=one.version,
                    owner=owner_of(partner),
                )
                good += [(one, session) for session in parsed.records]
                for rejected in parsed.rejected:
                    write.set_unreadable(connection, partner.name, one, reason=rejected.reason)
                    said.append(f"session {one.record_key} could not be read: {rejected.reason}")
            write.place(connection, partner.name, good, at=now)
        if len(waiting) < _BATCH:
            return said
