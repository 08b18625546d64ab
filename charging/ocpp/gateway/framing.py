"""A frame as the journal has it: what became of it, and nothing that must not lie on a disk."""

from charging.ocpp.gateway.entries import Framed, encode, stamp
from charging.ocpp.gateway.stored import clean
from charging.ocpp.relay.effects import Recorded


def framed(effect: Recorded, *, station_id: str, back_office: str) -> bytes:
    """Return the journal's entry of a frame, without secrets."""
    received, sent = effect.raw_received, effect.raw_sent
    is_unchanged = sent is received
    return encode(
        Framed(
            stamp(effect.at),
            station_id,
            back_office,
            effect.direction,
            clean(received),
            None if is_unchanged or sent is None else clean(sent),
            is_unchanged,
            effect.kind,
            effect.unique_id,
            effect.action,
            effect.rule,
            is_clean=True,
        )
    )
