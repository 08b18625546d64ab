"""What was said on stations' links, for the shell."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.queries import gateway_frames, gateway_routes
from charging.database.queries.gateway_frames import Wanted
from charging.errors import SettingsError, UnknownThing
from charging.ocpp.timeline import Moment, RecordedFrame, Topic, timeline
from console import workplace

_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_A_WHILE = timedelta(seconds=1)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_ARROWS = {"from_station": "station →", "from_office": "office  →", "to_station": "→ station", "to_office": "→ office "}


def wanted(*, station: str, since: str, until: str, back_office: str, action: str, only_ruled: bool) -> Wanted:
    """Return which frames were meant.

    Raises:
        SettingsError: if an instant cannot be understood.
    """
    return Wanted(
        station_id=station or None,
        back_office=back_office or None,
        action=action or None,
        since=instant(since, option="--since") if since else None,
        until=instant(until, option="--until") if until else None,
        only_ruled=only_ruled,
    )


def instant(text: str, *, option: str) -> datetime:
    """Return the instant that was written: in ISO 8601 with its zone, or as how long ago.

    Raises:
        SettingsError: if it is neither.
    """
    if ago := _AGO.fullmatch(text.strip()):
        number, unit = ago.groups()
        return system_clock() - timedelta(**{_UNITS[unit]: int(number)})
    mend = "write it with its zone, as in 2026-03-01T00:00:00+01:00, or how long ago, as in 30m, 2h, 7d"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(option, f"is {text!r}, which is no instant", mend) from None
    if found.tzinfo is None:
        raise SettingsError(option, f"is {text!r}, which has no zone", mend)
    return found


def frames(home: Path, chosen: Wanted, *, limit: int) -> list[dict[str, Any]]:
    """Return the latest frames of those that are meant, in order."""
    engine = database.connect(database.address(configuration.load(workplace.of(home))))
    try:
        with engine.connect() as connection:
            return list(gateway_frames.frames(connection, chosen, limit=limit))
    finally:
        engine.dispose()


def story(home: Path, station_id: str, *, since: str, until: str, limit: int) -> dict[str, Any]:
    """Return what happened to a station, and where the gateway has it now.

    Raises:
        SettingsError: if an instant cannot be understood.
        UnknownThing: if no gateway knows the station, and none ever did.
    """
    meant = wanted(station=station_id, since=since, until=until, back_office="", action="", only_ruled=False)
    settings = configuration.load(workplace.of(home))
    engine = database.connect(database.address(settings))
    try:
        with engine.connect() as connection:
            found = [_recorded(row) for row in gateway_frames.frames(connection, meant, limit=limit)]
            alarms = gateway_frames.alarms(connection, station_id, since=meant.since)
            links = gateway_frames.links(connection, station_id, since=meant.since)
            routes = gateway_routes.shown(connection, [station_id])
            changes = gateway_routes.history(connection, station_id)
    finally:
        engine.dispose()
    if not (found or alarms or links or routes or changes):
        raise UnknownThing("station", station_id, "see rehome route show for those that the gateway knows")
    events = [*map(_alarm, alarms), *map(_link, links), *(_change(row) for row in changes if _is_within(row, meant))]
    within = [event for event in events if meant.until is None or event.at < meant.until]
    return {
        "station_id": station_id,
        "zone": settings.time_zone,
        "route": routes[0] if routes else None,
        "moments": timeline(found, within),
    }


def alarms(home: Path, *, station: str, kind: str, since: str, limit: int) -> dict[str, Any]:
    """Return what the gateways want a person to know: how many of each kind, and the latest.

    Raises:
        SettingsError: if an instant cannot be understood.
    """
    from_when = instant(since, option="--since") if since else None
    settings = configuration.load(workplace.of(home))
    engine = database.connect(database.address(settings))
    chosen, of_kind = station or None, kind or None
    try:
        with engine.connect() as connection:
            return {
                "zone": settings.time_zone,
                "kinds": gateway_frames.alarms_by_kind(connection, chosen, kind=of_kind, since=from_when),
                "alarms": gateway_frames.alarms(connection, chosen, kind=of_kind, since=from_when, limit=limit),
            }
    finally:
        engine.dispose()


def alarm_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the latest alarms in local time, then how many there are of each kind."""
    zone = ZoneInfo(result["zone"])
    for row in result["alarms"]:
        at = row["at"].astimezone(zone)
        yield f"{at:%Y-%m-%d %H:%M:%S}  {row['station_id'] or '(all)':<20}  {row['kind']}: {row['problem']}"
    shown, there = len(result["alarms"]), sum(kind["alarms"] for kind in result["kinds"])
    if shown < there:
        yield f"these are the latest {shown} of {there}: --limit shows more"
    for kind in result["kinds"]:
        spoken = {0: "of the gateway itself", 1: "of 1 station"}.get(
            kind["stations"], f"of {kind['stations']} stations"
        )
        first, last = (kind[name].astimezone(zone) for name in ("first_at", "last_at"))
        yield f"{kind['alarms']:>8}  {kind['kind']}, {spoken}, from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
    yield f"times are of {result['zone']}" if result["alarms"] else "no alarm was raised in that time"


def story_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield where the station is, and then one line for each moment, in local time."""
    zone, route = ZoneInfo(result["zone"]), result["route"]
    if route is None:
        yield f"{result['station_id']} has no route: its next connection is refused"
    else:
        place = f"at gateway {route['gateway']}" if route["gateway"] else "not connected"
        yield f"{result['station_id']} is led to {route['back_office']}, and is {place}; times are of {result['zone']}"
    for moment in result["moments"]:
        at = moment.at.astimezone(zone)
        span = f" until {moment.until.astimezone(zone):%H:%M:%S}" if moment.until - moment.at >= _A_WHILE else ""
        yield f"{at:%Y-%m-%d %H:%M:%S}{span}  {moment.topic:<8}  {moment.text}"
    if not result["moments"]:
        yield "nothing was recorded in that time"


def frame_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield each frame as a line; of one that was rewritten, both forms."""
    for row in result["frames"]:
        head = f"{row['at'].isoformat(timespec='milliseconds')}  {row['station_id']}  {_ARROWS[row['direction']]}"
        rule = f"  [{row['rule']}]" if row["rule"] else ""
        if row["received"] is not None:
            yield f"{head}  {row['received']}{rule}"
        if row["sent"]:
            yield f"{head}  sent: {row['sent']}{rule}"
    if not result["frames"]:
        yield "no frame was recorded"


def _recorded(row: Mapping[str, Any]) -> RecordedFrame:
    return RecordedFrame(
        at=row["at"],
        back_office=row["back_office"] or "",
        direction=row["direction"],
        kind=row["kind"],
        unique_id=row["unique_id"] or "",
        action=row["action"] or "",
        rule=row["rule"] or "",
        received=row["received"] or "",
        sent=row["sent"],
        mark=f"{row['gateway']}/{row['segment']}/{row['place']}",
    )


def _alarm(row: Mapping[str, Any]) -> Moment:
    return Moment(at=row["at"], until=row["at"], topic=Topic.ALARM, text=f"{row['kind']}: {row['problem']}")


def _link(row: Mapping[str, Any]) -> Moment:
    text = f"it connects to gateway {row['gateway']}" if row["is_up"] else f"its link ends: {row['reason']}"
    return Moment(at=row["at"], until=row["at"], topic=Topic.LINK, text=text)


def _change(row: Mapping[str, Any]) -> Moment:
    what = "what it must show" if row["subject"] == "credential" else "its route"
    text = f"{what}: {row['before'] or 'nothing'} -> {row['after'] or 'nothing'}, by {row['by']}: {row['reason']}"
    return Moment(at=row["at"], until=row["at"], topic=Topic.MOVE, text=text)


def _is_within(row: Mapping[str, Any], meant: Wanted) -> bool:
    return meant.since is None or row["at"] >= meant.since
