"""Our side of a night with a partner that bills us: its sessions, our drivers, and the tariffs that were in force."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from charging.database.queries import clean
from charging.database.queries import partner_feed as read
from charging.database.queries.cdr_frames import StoredFrame
from charging.reconciliation import as_provider
from charging.reconciliation.named_columns import with_named
from charging.reconciliation.night_frame import NightFrame, to_judged
from charging.reconciliation.night_share import chosen
from charging.reconciliation.verdict import Judged
from charging.roaming.cdr import Cdr
from charging.roaming.forgotten import redacted_session
from charging.roaming.frame import to_cdrs, to_frame
from charging.roaming.held import HeldCdrs
from charging.roaming.holders import Holders, holders
from charging.roaming.own import Own, Skipped
from charging.roaming.own_as_provider import Places, own_cdrs_as_provider, places, with_connectors_tariffs
from charging.roaming.partner import Partner
from charging.roaming.published import Version, in_force
from charging.tariffs.parse import UnreadableTariff, parse
from charging.tariffs.tariff import Tariff
from tasks import forgetting, intake, intake_feed
from tasks.keeping import owner_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What the night needs to know where the partner has the stations."""

    partner: Partner
    """With the tariffs by which its sessions are priced."""
    holders: Holders
    places: Places

    def own(self, connection: sa.Connection, period: intake.Period, *, as_of: datetime) -> Own:
        """Return our CDRs of the sessions that ended in a half-open period, and those of it that become none."""
        seen = read.sessions(connection, self.partner.name, period, owner=owner_of(self.partner))
        redaction = forgetting.redaction_on(connection)
        if redaction is not None:
            seen = [redacted_session(session, redaction) for session in seen]
        return own_cdrs_as_provider(seen, partner=self.partner, holders=self.holders, places=self.places, as_of=as_of)

    def theirs(self, cdrs: Sequence[Cdr]) -> list[Cdr]:
        """Return the partner's CDRs, priced by the connector's tariff where they name none and its own ones count."""
        return with_connectors_tariffs(cdrs, self.places) if self.partner.uses_published_tariffs else list(cdrs)

    def named(self, judged: Sequence[Judged], theirs: Sequence[Cdr], mine: Own) -> list[Judged]:
        """Return the verdicts, with what is known of drivers and sessions."""
        return as_provider.named(judged, theirs, skipped=mine.skipped, holders=self.holders)

    def theirs_frame(self, stored: StoredFrame) -> StoredFrame:
        """Return the same of CDRs in columns."""
        names_all = pl.col("lines").list.eval(pl.element().struct.field("tariff_id").is_not_null()).list.all()
        if not self.partner.uses_published_tariffs or stored.frame.select(names_all.all()).item():
            return stored
        cdrs = tuple(with_connectors_tariffs(stored.cdrs, self.places))
        return StoredFrame(
            frame=to_frame(cdrs or with_connectors_tariffs(to_cdrs(stored.frame), self.places)), cdrs=cdrs
        )

    def named_frame(self, night: NightFrame, theirs: HeldCdrs, skipped: Sequence[Skipped]) -> NightFrame:
        """Return the same of verdicts in columns."""
        doubtful = chosen(night, as_provider.doubtful(night, theirs.scan(), self.holders))
        judged = to_judged(doubtful)
        keys = doubtful.judged.lazy().select(cdr_key="theirs_key")
        cdrs = theirs.values(theirs.scan().join(keys, on="cdr_key", how="semi"))
        named = as_provider.named(judged, cdrs, skipped=skipped, holders=self.holders)
        return with_named(night, [one for one, before in zip(named, judged, strict=True) if one != before])


def known(connection: sa.Connection, partner: Partner) -> Provider | None:
    """Return what is known where a partner bills us for sessions that it tells us of; None for every other partner."""
    if not intake_feed.is_needed(partner):
        return None
    return Provider(
        partner=agreed_with(connection, partner),
        holders=holders(clean.tokens(connection), clean.contracts(connection), owner=partner.owner),
        places=places(read.locations(connection, partner.name)),
    )


def agreed_with(connection: sa.Connection, partner: Partner) -> Partner:
    """Return a partner with the tariffs that it has published, where those are what was agreed."""
    if not partner.uses_published_tariffs:
        return partner
    return replace(partner, tariffs=in_force(_versions(connection, partner)))


def _versions(connection: sa.Connection, partner: Partner) -> list[Version]:
    found = []
    for kept in read.tariffs(connection, partner.name):
        tariff = _tariff(kept)
        if tariff is not None and tariff.currency == partner.terms.currency:
            found.append(
                Version(tariff=tariff, last_updated=kept.last_updated or kept.received_at, received_at=kept.received_at)
            )
    return found


def _tariff(kept: read.Kept) -> Tariff | None:
    """Return a tariff that was pushed or pulled; of one that nobody can read, the version before it goes on."""
    try:
        return parse(kept.raw, version=kept.version)
    except UnreadableTariff:
        return None
