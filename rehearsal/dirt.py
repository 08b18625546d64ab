"""The legacy's records with the faults of real databases in them, at known rates and listed.

Each rule carries the name by which the catalogue of dirt knows it, so that cleansing can be marked against the ledger.
"""

from random import Random

from rehearsal import dirty_places, dirty_sessions, dirty_stations, dirty_tokens, rarer_dirt
from rehearsal.dirt_ledger import DirtLedger, Spade
from rehearsal.legacy_records import LegacyRecords, records
from rehearsal.truth import Behaviour, Network

SMALLEST_DIRTY_FLEET = 100
"""A fleet of this size shows every kind of dirt at least once; a smaller one is clean."""


def dirty(network: Network) -> tuple[LegacyRecords, DirtLedger]:
    """Return the legacy's records with their dirt, and the list of it. The same for the same network."""
    legacy = records(network)
    if len(network.stations) < SMALLEST_DIRTY_FLEET:
        return legacy, DirtLedger(planted=())
    spade = Spade(rng=Random(f"{network.seed}/dirt"), network=network, legacy=legacy)
    # A station that was chosen to misbehave, or is charging, must reach its cutover.
    actors = {s.station_id for s in network.stations if s.behaviour is not Behaviour.GOOD or s.open_session_id}
    spade.keep_clean(box for box in legacy.boxes if box.charge_box_id in actors)
    # And who charges first after the move is let in.
    first = {station.live_token_uid for station in network.stations}
    spade.keep_clean(tag for tag in legacy.tags if tag.id_tag in first)
    spade.keep_clean(transaction for transaction in legacy.transactions if not transaction.stops)
    kinds = (dirty_places, dirty_stations, dirty_tokens, dirty_sessions, rarer_dirt)
    for kind in kinds:
        kind.plant(spade)
    return legacy, DirtLedger(planted=tuple(spade.planted))
