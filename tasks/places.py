"""Our EVSEs and stations, by the ids that they bear and bore."""

import sqlalchemy as sa

from charging.database.queries import clean, moves
from charging.database.queries import identifiers as ledger
from charging.network import Evse
from charging.roaming.placing import Stations, stations


def evses(connection: sa.Connection) -> list[Evse]:
    """Return every EVSE, with the id that it bears now."""
    return ledger.remapped(connection, clean.evses(connection))


def our_stations(connection: sa.Connection) -> Stations:
    """Return what tells which of our stations a CDR was at."""
    return stations(ledger.ledger(connection), evses(connection), moved_at=moves.moved_at(connection))
