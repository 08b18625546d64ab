"""A stop whose id says nothing, and the one transaction that it can mean (`domain.md` §4.3, 5)."""

from collections.abc import Sequence
from datetime import datetime

from charging.ocpp.relay.book import Transaction
from charging.ocpp.relay.peek import Stop


def without_id(stop: Stop, transactions: Sequence[Transaction]) -> Transaction | None:
    """Return the open transaction that a stop with the id 0 or -1 means: the only one that fits, or none.

    A transaction fits if the meter did not run backwards, time did not either, and the token, where both tell one, is
    the same. Where several fit without a token, none does: a wrong one would be another driver's. For the same reason
    one whose id the station has is not meant: it says -1 where it never got one (OCPP 1.6 errata 3.18).
    """
    fitting = [one for one in transactions if _fits(stop, one)]
    by_token = [one for one in fitting if stop.id_tag is not None and one.id_tag == stop.id_tag]
    for choice in (by_token, fitting):
        if len(choice) == 1:
            return None if choice[0].is_named else choice[0]
    return None


def _fits(stop: Stop, transaction: Transaction) -> bool:
    if stop.id_tag is not None and transaction.id_tag is not None and stop.id_tag != transaction.id_tag:
        return False
    meter = transaction.meter_start_wh
    if stop.meter_stop is not None and meter is not None and stop.meter_stop < meter:
        return False
    began, ended = instant(transaction.started_at), instant(stop.timestamp)
    return began is None or ended is None or began <= ended


def instant(text: object) -> datetime | None:
    """Return the instant that a station's timestamp says; None if it says none, or without a zone."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
