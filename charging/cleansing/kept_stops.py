"""Sessions whose stop the gateway kept: their station was led to another back-office while they ran."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from charging.cleansing.session_draft import Draft, still_open
from charging.cleansing.verdict import Context

_CLOCKS_DIFFER = timedelta(minutes=5)
"""A number may be given again; a start further from the one that the gateway saw is another session's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStop:
    """The end of a session, as its station told it after it had been led elsewhere."""

    station_id: str
    connector_id: int | None
    started_at: datetime
    """As the station told its back-office."""
    stopped_at: datetime
    meter_stop_wh: Decimal | None
    why: str


def end_by_kept_stops(drafts: Iterable[Draft], context: Context) -> None:
    """tx.kept_stop: its own back-office was never told that it ended; the gateway was, and kept what it heard."""
    if not context.kept_stops:
        return
    for draft in still_open(drafts):
        kept = context.kept_stops.get(draft.case.key)
        if kept is not None and draft.stopped_at is None and _is_of(kept, draft):
            draft.complete("tx.kept_stop", evidence=kept.why, stopped_at=kept.stopped_at)
            if kept.meter_stop_wh is not None and draft.meter_stop_wh is None:
                draft.complete("tx.kept_stop", evidence=kept.why, meter_stop_wh=kept.meter_stop_wh)


def _is_of(kept: KeptStop, draft: Draft) -> bool:
    return (
        kept.station_id == draft.station_id
        and (None in {kept.connector_id, draft.connector_id} or kept.connector_id == draft.connector_id)
        and abs(kept.started_at - draft.started_at) <= _CLOCKS_DIFFER
        and kept.stopped_at >= draft.started_at
    )
