"""Keeping what comes of a partner: in columns, some thousand records at a time, each time in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import roaming as write
from charging.database.operations import roaming_columns as write_columns
from charging.database.operations.rows import analyze
from charging.database.queries import clean
from charging.database.turns import take_turns
from charging.loops.together import Beside
from charging.roaming import forgotten
from charging.roaming.compact import compact_token
from charging.roaming.file_reading import FileRead
from charging.roaming.ocpi.columns import ParsedFrame, in_columns, parse_within
from charging.roaming.ocpi.columns_context import Context, context
from charging.roaming.ocpi.columns_page import CdrPage, read_cdrs
from charging.roaming.ocpi.parse import Parsed
from charging.roaming.ocpi.pull_page import Page
from charging.roaming.partner import OurRole, Partner
from charging.roaming.placing import Stations, placed, placed_cdrs
from tasks import forgetting, places

_AT_ONCE = 32 * 1024 * 1024
"""Bytes of pages that are stored together: enough that what a transaction costs is little of it."""


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
    _waiting: list[Page] = field(default_factory=list)
    _bytes: int = 0
    _reading: Context | None = None
    _stations: Stations | None = None
    _storing: Beside = field(default_factory=Beside)

    def take(self, page: Page, *, version: str) -> None:
        """Take a page as it came; it is stored with the CDRs in it when enough have come, beside what comes then.

        Killed before, it comes again: no watermark moves before everything is stored.
        """
        if self._reading is None or version != self._reading.version:
            self._store()
            self._reading = context(partner=self.partner.name, version=version, owner=owner_of(self.partner))
        self._waiting.append(page)
        self._bytes += len(page.answer.body)
        if self._bytes >= _AT_ONCE:
            self._store()

    def _store(self) -> None:
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if waiting and self._reading is not None:
            read = [_read(page, self._reading.version) for page in waiting]
            parsed = parse_within(self._reading, read)
            self._storing.begin(lambda: self._keep(parsed, pages=waiting))

    def keep(self, parsed: Parsed, *, pages: Sequence[Page] = (), files: Sequence[FileRead] = ()) -> None:
        """Store CDRs that came as values, and what could not be read."""
        self._store()
        self._storing.wait()
        self._keep(in_columns(parsed), pages=pages, files=files)

    def end(self) -> None:
        """Store what waits; let PostgreSQL look at what has come."""
        self._store()
        self._storing.wait()
        if self.fresh:
            with self.engine.begin() as connection:
                analyze(connection, tables.cdr)

    def _keep(self, parsed: ParsedFrame, *, pages: Sequence[Page] = (), files: Sequence[FileRead] = ()) -> None:
        with self.engine.begin() as connection:
            take_turns(connection, forgetting.FORGETTING)
            if self._stations is None:
                self._stations = places.our_stations(connection)
            kept = _redacted(connection, self.partner, parsed)
            write.store_pages(connection, self.partner.name, pages)
            write.store_files(connection, self.partner.name, files)
            write.store_rejected(connection, self.partner.name, kept.rejected, at=self.now)
            frame = placed(kept.frame, self._stations)
            cdrs = placed_cdrs(kept.cdrs, frame)
            self.fresh += write_columns.store_cdr_frame(connection, frame, cdrs=cdrs, at=self.now)
        self.pages += len(pages) + len(files)
        self.records += len(kept)
        self.rejected += len(kept.rejected)
        stated = kept.frame["last_updated"].filter(kept.frame["last_updated"] <= self.now).max()
        self.newest = max([one for one in (stated, self.newest) if isinstance(one, datetime)], default=None)


def _read(page: Page, version: str) -> CdrPage:
    if page.cdrs is not None and page.cdrs.version == version:
        return page.cdrs
    return read_cdrs(page.answer.envelope.data, version)


def owner_of(partner: Partner) -> str | None:
    """Return whose CDRs they are where they do not say so, as in 2.1.1: behind a hub, the EVSE id must tell."""
    if partner.our_role is OurRole.CPO:
        return partner.owner
    return None if partner.hub else partner.party


def _redacted(connection: sa.Connection, partner: Partner, parsed: ParsedFrame) -> ParsedFrame:
    redaction = forgetting.redaction_on(connection)
    if redaction is None:
        return parsed
    issuers = {partner.party} if partner.our_role is OurRole.CPO else {None, partner.owner}
    ours = {compact_token(token.token_uid) for token in clean.tokens(connection) if token.issuer in issuers}
    return forgotten.redacted_frame(parsed, redaction, ours=ours)
