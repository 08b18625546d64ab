"""The time zones of the places where a partner's CDRs and ours were."""

from collections.abc import Iterable

import sqlalchemy as sa

from charging.database.queries import clean
from charging.database.queries import partner_feed as read
from charging.roaming.cdr import Cdr
from charging.roaming.own_as_provider import places
from charging.roaming.partner import Partner
from charging.roaming.zones import zoned
from tasks import intake_feed


def located(connection: sa.Connection, partner: Partner, cdrs: Iterable[Cdr]) -> list[Cdr]:
    """Return CDRs, each with the zone of our own location, or of the partner's where it has the stations."""
    if intake_feed.is_needed(partner):
        return zoned(cdrs, places(read.locations(connection, partner.name)).zones, by="evse_compact")
    return zoned(cdrs, clean.time_zones(connection), by="station_id")
