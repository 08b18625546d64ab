"""What was said on stations' links, for the shell."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.queries import gateway_frames
from charging.database.queries.gateway_frames import Wanted
from charging.errors import SettingsError
from console import workplace

_AGO = re.compile(r"([0-9]{1,6})([smhd])")
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
