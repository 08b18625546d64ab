"""Ends of a back-office's sessions that the gateway heard in its stead, for its next cleansing."""

from collections.abc import Mapping
from decimal import Decimal

import sqlalchemy as sa

from charging.cleansing.kept_stops import KeptStop
from charging.database.queries import gateway_books
from charging.ocpp.relay.joining import Joined
from charging.ocpp.relay.matching import instant


def kept_stops(connection: sa.Connection, source: str) -> Mapping[str, KeptStop]:
    """Return, by session id, what was put together of charges that began at the back-office of this name.

    A charge whose start or stop says no time is left to whoever reads `rehome charges`; so are two of one id.
    """
    found: dict[str, KeptStop] = {}
    twice: set[str] = set()
    for one in gateway_books.straddled(connection, source).joined:
        kept = _kept(one)
        if kept is not None:
            twice |= {one.start.transaction} & found.keys()
            found[one.start.transaction] = kept
    return {session_id: kept for session_id, kept in found.items() if session_id not in twice}


def _kept(one: Joined) -> KeptStop | None:
    began, ended = instant(one.start.started_at), instant(one.stop.stopped_at)
    if began is None or ended is None:
        return None
    meter = one.stop.meter_stop_wh
    return KeptStop(
        station_id=one.start.station_id,
        connector_id=one.start.connector,
        started_at=began,
        stopped_at=ended,
        meter_stop_wh=None if meter is None else Decimal(meter),
        why=f"the gateway kept its stop: {one.stop.why}",
    )
