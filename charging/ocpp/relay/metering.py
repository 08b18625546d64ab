"""What a station's meters say of charges, and what is made of it: alarms, never a correction."""

import msgspec

from charging.ocpp.flavours.payloads import Place
from charging.ocpp.frames import parse_json
from charging.ocpp.meters import Watched, limits_of, readings, watch
from charging.ocpp.relay.effects import Alarm, Effects, Kept
from charging.ocpp.relay.facts import Fact, FactKind
from charging.ocpp.relay.lane import Asked
from charging.ocpp.relay.matching import instant
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.rules import Rules

ZERO_CHARGE_SECONDS, ZERO_CHARGES = 300, 3
"""`domain.md` §4.10: nothing on the meter in more than five minutes; three in a row make the meter suspect."""


def begin(place: Place, memory: StationMemory) -> None:
    """A charge has begun: what was remembered of the last one at this connector is over."""
    if memory.watched:
        memory.watched = {one: watched for one, watched in memory.watched.items() if one[0] != place[0]}


def watch_charge(asked: Asked, place: Place, memory: StationMemory, rules: Rules, effects: Effects) -> None:
    """Hold the meter values of a charge against what its power says."""
    payload = parse_json(bytes(asked.payload))
    if not isinstance(payload, dict) or b"transactionId" not in asked.raw:
        return
    watched = (memory.watched or {}).get(place) or Watched()
    memory.watched = (memory.watched or {}) | {place: watched}
    limits = limits_of(rules.meters, memory.meter_type)
    for reading in readings(payload.get("meterValue")):
        suspicion = watch(watched, reading, limits)
        if suspicion is not None:
            meter = memory.meter_type or "of a type that is not known"
            text = f"connector {place[0]}, meter {meter}: {suspicion.value} at {reading.register_wh} Wh"
            effects.append(Alarm(suspicion.value, text))


def count_zero(place: Place, fact: Fact, memory: StationMemory, effects: Effects) -> None:
    """Count charges that ended with nothing on the meter; one that did charge begins the count anew."""
    began, ended = instant(fact.started_at), instant(fact.stopped_at)
    if fact.meter_start_wh is None or fact.meter_stop_wh is None or began is None or ended is None:
        return
    counts = memory.zero_charges or {}
    is_zero = fact.meter_stop_wh == fact.meter_start_wh and (ended - began).total_seconds() > ZERO_CHARGE_SECONDS
    counts[place] = counts.get(place, 0) + 1 if is_zero else 0
    memory.zero_charges, memory.is_new = counts if any(counts.values()) else None, True
    if is_zero:
        why = f"{counts[place]} in a row with nothing on the meter"
        effects.append(Kept(FactKind.ZERO_CHARGE, msgspec.structs.replace(fact, kind=FactKind.ZERO_CHARGE, why=why)))
    if counts[place] == ZERO_CHARGES and is_zero:
        text = f"connector {place[0]}: {ZERO_CHARGES} charges in a row with nothing on the meter"
        effects.append(Alarm("meter_suspect", text))
