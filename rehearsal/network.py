"""A rehearsed charging network in the first paper's proportions: the same for the same seed, whenever it is made."""

from datetime import datetime, timedelta
from random import Random

from rehearsal import cards, fleet, history
from rehearsal.truth import (
    OPERATOR,
    ROAMING_PARTIES,
    Behaviour,
    Network,
    TrueLocation,
    TrueSession,
    TrueStation,
    TrueToken,
)

__all__ = [
    "OPERATOR",
    "ROAMING_PARTIES",
    "Behaviour",
    "Network",
    "TrueLocation",
    "TrueSession",
    "TrueStation",
    "TrueToken",
    "generate",
    "live_session",
]

STATIONS_PER_LOCATION = 1.3


def generate(*, seed: int, stations: int, as_of: datetime) -> Network:
    """Return a network of `stations` stations with four weeks of history before `as_of`."""
    rng = Random(seed)
    sites = fleet.locations(rng, max(1, round(stations / STATIONS_PER_LOCATION)))
    boxes = fleet.stations(rng, stations, sites=sites, as_of=as_of)
    tokens = cards.cards(rng, stations=stations, as_of=as_of)
    drivers = cards.usable(tokens, as_of=as_of)
    boxes, sessions = history.charge(rng, boxes, cards=drivers, as_of=as_of)
    return Network(seed=seed, as_of=as_of, locations=sites, stations=tuple(boxes), tokens=tokens, sessions=sessions)


def live_session(network: Network, station_id: str, at: datetime) -> TrueSession:
    """Return the one charge that a moved station makes, ended at `at`; all but the instants follows from the seed.

    A rehearsal has seconds where a driver has half an hour: the charge is told as if it had ended just now, as
    by a station that was offline meanwhile. So no instant lies in the future, and energy, power and time agree.
    """
    rng = Random(f"{network.seed}/{station_id}/live")
    station = network.station_by_id[station_id]
    token = network.token_by_uid[station.live_token_uid]
    connector_id = station.connectors
    power_w = min(station.power_w, 11_000) * rng.uniform(0.85, 0.97)
    energy_wh = rng.randrange(900, 3_500)
    seconds = round(energy_wh / power_w * 3600) + rng.randrange(30, 300)
    stopped_at = at.replace(microsecond=0)
    register = station.meter_wh[connector_id - 1]
    return TrueSession(
        session_id=f"live-{station_id}",
        station_id=station_id,
        connector_id=connector_id,
        evse_uid=station.evse_uid(connector_id),
        evse_id=station.evse_id(connector_id),
        token_uid=token.token_uid,
        contract_id=token.contract_id,
        party=token.party,
        started_at=stopped_at - timedelta(seconds=seconds),
        stopped_at=stopped_at,
        meter_start_wh=register,
        meter_stop_wh=register + energy_wh,
    )
