"""Where the two sides of a night at the command line come from: files, a partner's endpoint, or the database."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from charging import canonical
from charging.clock import system_clock
from charging.database.queries import identifiers as ledger
from charging.database.queries import stored_cdrs
from charging.errors import SettingsError, SourceNotFound, UnreadableSource
from charging.reconciliation.aliases import Alias, former_ids, of_ledger
from charging.reconciliation.verdict import Judged
from charging.roaming import files
from charging.roaming.cdr import Cdr, Protocol, Side
from charging.roaming.ocpi.client import OcpiClient
from charging.roaming.ocpi.pull import OVERLAP, Pull
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.own import Own, Skipped
from charging.roaming.partner import Partner
from charging.roaming.published import Version, in_force
from charging.tariffs.parse import UnreadableTariff, parse
from tasks import as_provider, intake, judged_nights, places, zones
from tasks.intake_sources import from_hub

LIVE, DATABASE = "live", "database"
MARGIN = timedelta(days=1)
EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
Period = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a source gave."""

    cdrs: tuple[Cdr, ...]
    rejected: tuple[tuple[str | None, str], ...] = ()
    skipped: tuple[Skipped, ...] = ()
    """Sessions of ours that become no CDR, and why."""
    incomplete_because: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Sources:
    """Reads both sides with one partner. `connection` is there if either side is the database."""

    partner: Partner
    period: Period
    now: datetime
    connection: sa.Connection | None = None
    provider: as_provider.Provider | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.connection is not None:
            self.provider = as_provider.known(self.connection, self.partner)
            self.partner = self.provider.partner if self.provider else self.partner

    def ours(self, source: str) -> Given:
        """Return our side.

        Raises:
            SettingsError: if it is to be the partner's endpoint.
            SourceError: if a file cannot be read.
        """
        if source == LIVE:
            raise SettingsError("--ours", "is live, which is the partner", "name a file, or database")
        if source != DATABASE:
            return self._file("--ours", source, Side.OURS)
        own = self._own(self._database)
        return Given(cdrs=own.cdrs, skipped=own.skipped)

    def theirs(self, source: str) -> Given:
        """Return the partner's side.

        Raises:
            PartnerFileError: if its token is not there.
            PartnerRefused: if it says no.
            PartnerUnavailable: if it does not answer.
            SettingsError: if a live partner is asked for all that it ever had, or has no endpoint.
            SourceError: if a file cannot be read.
        """
        if source == LIVE:
            found = self._live()
        elif source == DATABASE:
            stored = stored_cdrs.cdrs(self._database, self.partner.name, Side.THEIRS, period=self._around)
            unreadable = stored_cdrs.unreadable(self._database, self.partner.name, since=self.period[0])
            found = Given(cdrs=tuple(stored), rejected=tuple(unreadable.items()))
        else:
            found = self._file("--theirs", source, Side.THEIRS)
        if self.connection is None:
            return found
        placed = intake.placed(self.connection, found.cdrs)
        theirs = self.provider.theirs(placed) if self.provider else placed
        return replace(found, cdrs=tuple(zones.located(self.connection, self.partner, theirs)))

    def aliases(self, ours: Iterable[Cdr]) -> Mapping[str, Sequence[Alias]]:
        """Return what old EVSE ids stand for; without the database, those of operator codes that we once had."""
        if self.connection is None:
            return former_ids({cdr.evse_raw for cdr in ours}, former_operators=self.partner.former_operators)
        now = [evse.evse_id for evse in places.evses(self.connection) if evse.evse_id]
        former = former_ids(now, former_operators=self.partner.former_operators)
        return former | of_ledger(ledger.ledger(self.connection))

    def named(self, judged: Sequence[Judged], ours: Given, theirs: Given) -> Sequence[Judged]:
        """Return the verdicts, with what is known of drivers and sessions where the partner bills us."""
        if self.provider is None:
            return judged
        return self.provider.named(judged, theirs.cdrs, Own(cdrs=ours.cdrs, skipped=ours.skipped))

    @property
    def _database(self) -> sa.Connection:
        if self.connection is None:
            raise ValueError("a side is the database, and no connection was handed in")
        return self.connection

    @property
    def _around(self) -> Period:
        """A session may end on either side of the night's edge."""
        return self.period if self.period == EVER else (self.period[0] - MARGIN, self.period[1] + MARGIN)

    def _own(self, connection: sa.Connection) -> Own:
        if self.provider is None:
            return judged_nights.own(connection, self.partner, self._around)
        return self.provider.own(connection, self._around, as_of=self.now)

    def _file(self, option: str, source: str, side: Side) -> Given:
        path = Path(source)
        if path.is_dir():
            raise SettingsError(option, f"names the folder {source}", "name one file in it")
        try:
            read = files.read(path, partner=self.partner, side=side)
        except SourceNotFound as problem:
            others = DATABASE if side is Side.OURS else f"{LIVE} or {DATABASE}"
            raise SourceNotFound(source, f"name a file that is there, or {others}") from problem
        except UnreadableSource as problem:
            if side is Side.THEIRS:
                raise
            raise UnreadableSource(problem.source, problem.problem, "export it again, or name another") from problem
        return Given(cdrs=self._inside(read.cdrs), rejected=tuple((one.cdr_id, one.reason) for one in read.rejected))

    def _live(self) -> Given:
        if self.period == EVER:
            raise SettingsError("--theirs", "is live, and no night is named", "name one: --night 2026-03-01")
        if self.partner.files is not None:
            folder = self.partner.files.folder
            raise SettingsError("--theirs", f"is live, and {self.partner.name} sends files", f"name one in {folder}")
        asked = (self.period[0] - OVERLAP, max(self.now, self.period[1]) + MARGIN)
        if self.partner.protocol is Protocol.OICP:
            return self._pulled(from_hub(self.partner, date_from=asked[0], date_to=asked[1]))
        with guarded_client(self.partner, name=self.partner.name) as http:
            client = OcpiClient(
                self.partner,
                http=http,
                token=self.partner.read_token(os.environ),
                clock=system_clock,
                correlation_id=canonical.digest([self.partner.name, self.now])[:32],
            )
            pull = client.pull(date_from=asked[0], date_to=asked[1])
            if self.partner.uses_published_tariffs and self.connection is None:
                return replace(self._pulled(pull), notes=self._published(client.pull_tariffs()))
        return self._pulled(pull)

    def _pulled(self, pull: Pull) -> Given:
        return Given(
            cdrs=self._inside(pull.cdrs),
            rejected=tuple((one.cdr_id, one.reason) for one in pull.rejected),
            incomplete_because=pull.incomplete_because,
        )

    def _published(self, pull: Pull) -> tuple[str, ...]:
        """Take the tariffs that a partner publishes now for agreed, each from the day that it bears."""
        versions: list[Version] = []
        notes: list[str] = []
        for head, raw in (
            (head, raw) for page in pull.pages for head, raw in zip(page.heads, page.records(), strict=True)
        ):
            try:
                tariff = parse(raw, version=pull.version)
            except UnreadableTariff as problem:
                notes.append(f"a tariff of {self.partner.name} cannot be read: {problem}")
                continue
            if tariff.currency == self.partner.terms.currency:
                at = head.last_updated or self.now
                versions.append(Version(tariff=tariff, last_updated=at, received_at=at))
        self.partner = replace(self.partner, tariffs=in_force(versions))
        told = f"priced by the {len(versions)} tariffs that it publishes now, each from the day that it bears"
        return (*notes, *filter(None, [pull.incomplete_because]), told)

    def _inside(self, cdrs: Iterable[Cdr]) -> tuple[Cdr, ...]:
        begins, ends = self._around
        return tuple(cdr for cdr in cdrs if begins <= cdr.ended_at < ends)
