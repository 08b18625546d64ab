"""Four weeks of charging: 10,000 sessions and 80,000 kWh a week for 3,000 stations, none overlapping another."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from charging.network import Lane
from rehearsal.cards import pick
from rehearsal.truth import TrueSession, TrueStation, TrueToken

WEEKS = 4
SESSIONS_PER_STATION_AND_WEEK = 10_000 / 3_000
MEAN_SESSION_WH = 8_000
FIRST_SESSION_ID = 200_001
OPEN_SHARE = 0.015
"""Of the stations: a car of one of our own drivers is charging when the rehearsal begins."""
QUIET_BEFORE_AS_OF = timedelta(hours=3)
"""No charge of the history ends later; the last hours belong to open sessions and to the live ones."""

# Relative use of each hour of the day, UTC: a dip at night, a peak when people come home.
_BUSY = (2, 1, 1, 1, 2, 4, 8, 11, 10, 9, 9, 9, 9, 8, 9, 11, 14, 15, 13, 10, 8, 6, 4, 3)


def charge(
    rng: Random, fleet: list[TrueStation], *, cards: dict[str | None, list[TrueToken]], as_of: datetime
) -> tuple[list[TrueStation], tuple[TrueSession, ...]]:
    """Let the fleet charge for four weeks; return it with its registers advanced, and the sessions by start."""
    sessions = [
        session
        for station, connector_id, count in _use(rng, fleet)
        for session in _on_connector(rng, station, connector_id, count, cards=cards, as_of=as_of)
    ]
    sessions += _open_sessions(rng, fleet, cards=cards[None], as_of=as_of, before=sessions)
    sessions.sort(key=lambda session: (session.started_at, session.evse_uid))
    numbered = tuple(replace(session, session_id=str(FIRST_SESSION_ID + n)) for n, session in enumerate(sessions))
    return _advanced(rng, fleet, numbered, cards=cards, as_of=as_of), numbered


def _use(rng: Random, fleet: list[TrueStation]) -> Iterator[tuple[TrueStation, int, int]]:
    """Yield how often each connector was used: some stations are popular, none beyond what a month can hold."""
    sockets = [
        (station, connector_id)
        for station in fleet
        if station.lane in {Lane.LIVE, Lane.FAULTED}
        for connector_id in range(1, station.connectors + 1)
    ]
    popularity = [min(rng.gammavariate(2.5, 1.0), 7.0) for _ in sockets]
    total = round(WEEKS * SESSIONS_PER_STATION_AND_WEEK * len(fleet))
    used = Counter(rng.choices(range(len(sockets)), weights=popularity, k=total))
    for i in sorted(used):
        yield *sockets[i], used[i]


def _on_connector(
    rng: Random,
    station: TrueStation,
    connector_id: int,
    count: int,
    *,
    cards: dict[str | None, list[TrueToken]],
    as_of: datetime,
) -> Iterator[TrueSession]:
    """Yield `count` charges, each inside its own slice of the four weeks: so they cannot overlap."""
    weeks_ago = as_of.replace(microsecond=0) - QUIET_BEFORE_AS_OF - timedelta(weeks=WEEKS)
    slice_seconds = WEEKS * 7 * 86_400 // count
    register = station.meter_wh[connector_id - 1]
    for n in range(count):
        energy_wh, seconds = _charge(rng, station.power_w, longest=slice_seconds - 600)
        opens = weeks_ago + timedelta(seconds=n * slice_seconds)
        started_at = opens + timedelta(seconds=_moment(rng, opens, slice_seconds - seconds - 300))
        yield _session(
            station,
            connector_id,
            token=pick(rng, cards),
            started_at=started_at,
            seconds=seconds,
            register_wh=register,
            energy_wh=energy_wh,
        )
        register += energy_wh


def _charge(rng: Random, power_w: int, *, longest: int) -> tuple[int, int]:
    """Return energy in Wh and seconds plugged in: a car takes what its own charger takes, then often stays parked."""
    power = min(power_w, rng.choice((3_700, 3_700, 7_400, 11_000, 11_000, 22_000))) * rng.uniform(0.85, 0.97)
    energy_wh = min(max(rng.gammavariate(2.0, MEAN_SESSION_WH / 2), 350.0), power * longest / 3600 * 0.95)
    seconds = energy_wh / power * 3600 + 60 + rng.expovariate(1 / 2_400)
    return round(energy_wh), min(round(seconds), longest)


def _moment(rng: Random, opens: datetime, room: int) -> int:
    """Return how many seconds after `opens` a charge begins: the busier of a few moments."""
    moments = [rng.randrange(room) for _ in range(3)]
    return max(moments, key=lambda moment: _BUSY[(opens + timedelta(seconds=moment)).hour])


def _session(
    station: TrueStation,
    connector_id: int,
    *,
    token: TrueToken,
    started_at: datetime,
    seconds: int,
    register_wh: int,
    energy_wh: int,
) -> TrueSession:
    return TrueSession(
        session_id="",
        station_id=station.station_id,
        connector_id=connector_id,
        evse_uid=station.evse_uid(connector_id),
        evse_id=station.evse_id(connector_id),
        token_uid=token.token_uid,
        contract_id=token.contract_id,
        party=token.party,
        started_at=started_at,
        stopped_at=started_at + timedelta(seconds=seconds),
        meter_start_wh=register_wh,
        meter_stop_wh=register_wh + energy_wh,
    )


def _open_sessions(
    rng: Random,
    fleet: list[TrueStation],
    *,
    cards: list[TrueToken],
    as_of: datetime,
    before: list[TrueSession],
) -> Iterator[TrueSession]:
    """Yield a charge on connector 1 of a few stations that began shortly before `as_of` and has not ended yet."""
    registers = _registers(fleet, before)
    # Supplier E is drained passively: a charge there would end when it ends, and no rehearsal can wait for that.
    able = [s for s in fleet if s.lane is Lane.LIVE and s.connectors > 1 and s.supplier != "E"]
    for station in rng.sample(able, min(len(able), round(OPEN_SHARE * len(fleet)))):
        started_at = as_of.replace(microsecond=0) - timedelta(minutes=rng.randrange(100, 160))
        seconds = rng.randrange(20, 70) * 60
        yield _session(
            station,
            1,
            token=rng.choice(cards),
            started_at=started_at,
            seconds=seconds,
            register_wh=registers[station.station_id, 1],
            energy_wh=round(min(station.power_w, 11_000) * 0.8 * seconds / 3600),
        )


def _registers(fleet: list[TrueStation], sessions: list[TrueSession]) -> dict[tuple[str, int], int]:
    start = {(s.station_id, n): s.meter_wh[n - 1] for s in fleet for n in range(1, s.connectors + 1)}
    for session in sessions:
        place = session.station_id, session.connector_id
        start[place] = max(start[place], session.meter_stop_wh)
    return start


def _advanced(
    rng: Random,
    fleet: list[TrueStation],
    sessions: tuple[TrueSession, ...],
    *,
    cards: dict[str | None, list[TrueToken]],
    as_of: datetime,
) -> list[TrueStation]:
    registers = _registers(fleet, list(sessions))
    latest: dict[str, TrueSession] = {session.station_id: session for session in sessions}
    is_open = {
        session.station_id: session.session_id
        for session in latest.values()
        if session.started_at >= as_of - timedelta(minutes=160, seconds=1)
    }
    by_station: dict[str, list[int]] = defaultdict(list)
    for (station_id, _), register in registers.items():
        by_station[station_id].append(register)
    return [
        replace(
            station,
            meter_wh=tuple(by_station[station.station_id]),
            live_token_uid=pick(rng, cards).token_uid,
            open_session_id=is_open.get(station.station_id),
        )
        for station in fleet
    ]
