"""Locations and stations: how many of which type, where they stand and how each will behave."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from charging.network import Lane
from rehearsal.places import STREETS, TOWNS, Town
from rehearsal.suppliers import SUPPLIERS, Model, Supplier, Way
from rehearsal.truth import Behaviour, TrueLocation, TrueStation

MISBEHAVIOURS = tuple(behaviour for behaviour in Behaviour if behaviour is not Behaviour.GOOD)
MISBEHAVING_AT_MOST = 0.05
LANES: tuple[tuple[Lane, float], ...] = ((Lane.OFFLINE, 0.02), (Lane.FAULTED, 0.01), (Lane.WAREHOUSE, 0.015))
"""The rest is live."""


def locations(rng: Random, count: int) -> tuple[TrueLocation, ...]:
    """Return `count` sites in Dutch towns, no two at one address."""
    sites: dict[tuple[str, str, str], TrueLocation] = {}
    while len(sites) < count:
        town, street, number = rng.choice(TOWNS), rng.choice(STREETS), str(rng.randrange(1, 240))
        if (town.name, street, number) not in sites:
            sites[town.name, street, number] = _location(rng, str(1001 + len(sites)), town, street, number)
    return tuple(sites.values())


def stations(rng: Random, count: int, *, sites: tuple[TrueLocation, ...], as_of: datetime) -> list[TrueStation]:
    """Return `count` stations in the fleet's proportions; meters and drivers are filled in by the history."""
    types = _apportioned(count)
    rng.shuffle(types)
    made = [_station(rng, n, supplier, model, sites=sites) for n, (supplier, model) in enumerate(types, start=1)]
    made = _with_lanes(rng, made, as_of=as_of)
    return _with_misbehaviour(rng, made)


def _location(rng: Random, location_id: str, town: Town, street: str, number: str) -> TrueLocation:
    return TrueLocation(
        location_id=location_id,
        street=street,
        house_number=number,
        postal_code=f"{town.postal_code + rng.randrange(60)} {rng.choice('ABCEGHJKLM')}{rng.choice('ABCEGHJKLM')}",
        city=town.name,
        country="NL",
        latitude=Decimal(f"{town.latitude + rng.uniform(-0.03, 0.03):.6f}"),
        longitude=Decimal(f"{town.longitude + rng.uniform(-0.04, 0.04):.6f}"),
    )


def _apportioned(count: int) -> list[tuple[Supplier, Model]]:
    """Share `count` stations out over the types by largest remainder."""
    types = [(supplier, model) for supplier in SUPPLIERS for model in supplier.models]
    exact = [count * model.share / 1000 for _, model in types]
    # A fleet that is large enough has every type.
    least = 1 if count >= 2 * len(types) else 0
    whole = [max(least, math.floor(quota)) for quota in exact]
    by_remainder = sorted(range(len(types)), key=lambda i: exact[i] - whole[i], reverse=True)
    for i in by_remainder[: max(0, count - sum(whole))]:
        whole[i] += 1
    whole[0] -= sum(whole) - count
    return [kind for kind, number in zip(types, whole, strict=True) for _ in range(number)]


def _station(
    rng: Random, number: int, supplier: Supplier, model: Model, *, sites: tuple[TrueLocation, ...]
) -> TrueStation:
    # Every site has a station before any has its second.
    site = sites[number - 1] if number <= len(sites) else rng.choice(sites)
    return TrueStation(
        station_id=f"{supplier.letter}{number:05d}",
        location_id=site.location_id,
        supplier=supplier.letter,
        vendor=supplier.name,
        model=model.name,
        firmware=model.firmwares[0] if rng.random() < 0.15 else model.firmwares[-1],
        serial_number=f"{supplier.letter}{rng.randrange(10**9):09d}",
        iccid=_with_luhn(f"893144{number:06d}{rng.randrange(10**6):06d}"),
        imsi=f"20404{number:010d}",
        connectors=model.connectors,
        power_w=model.power_w,
        lane=Lane.LIVE,
        way=model.way,
        behaviour=Behaviour.GOOD,
        last_seen_at=None,
        restart_seconds=round(rng.uniform(0.3, 1.5), 3),
        meter_wh=tuple(rng.randrange(10**5, 2 * 10**7) for _ in range(model.connectors)),
        live_token_uid="",
        open_session_id=None,
    )


def _with_luhn(digits: str) -> str:
    """Append the check digit that an ICCID ends with (ITU-T E.118)."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return digits + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def _with_lanes(rng: Random, fleet: list[TrueStation], *, as_of: datetime) -> list[TrueStation]:
    lanes: list[Lane] = []
    for lane, share in LANES:
        lanes += [lane] * max(round(share * len(fleet)), 1 if len(fleet) >= 100 else 0)
    off_duty = dict(zip(rng.sample(range(len(fleet)), len(lanes)), lanes, strict=True))
    # A power-meter failure does not stop every supplier's stations: those do not report a fault.
    off_duty = {i: lane for i, lane in off_duty.items() if lane is not Lane.FAULTED or fleet[i].flavour.stays_faulted}
    return [_in_lane(rng, station, off_duty.get(i, Lane.LIVE), as_of=as_of) for i, station in enumerate(fleet)]


def _in_lane(rng: Random, station: TrueStation, lane: Lane, *, as_of: datetime) -> TrueStation:
    match lane:
        case Lane.WAREHOUSE:
            return replace(station, lane=lane, location_id=None, last_seen_at=None, meter_wh=(0,) * station.connectors)
        case Lane.OFFLINE:
            return replace(station, lane=lane, last_seen_at=as_of - timedelta(days=rng.randrange(30, 80)))
        case _:
            return replace(station, lane=lane, last_seen_at=as_of - timedelta(seconds=rng.randrange(20, 880)))


def _with_misbehaviour(rng: Random, fleet: list[TrueStation]) -> list[TrueStation]:
    """Let well under 5 % misbehave (the paper's figure), and in a fleet of 120 or more each misbehaviour occur."""
    count = min(math.floor(MISBEHAVING_AT_MOST * len(fleet)), max(len(MISBEHAVIOURS), round(0.03 * len(fleet))))
    able = [i for i, station in enumerate(fleet) if station.lane is Lane.LIVE and station.way is Way.CONFIG]
    chosen = {i: MISBEHAVIOURS[n % len(MISBEHAVIOURS)] for n, i in enumerate(rng.sample(able, min(count, len(able))))}
    return [replace(station, behaviour=chosen.get(i, Behaviour.GOOD)) for i, station in enumerate(fleet)]
