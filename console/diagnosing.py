"""Stations' own logs on the command line: asked for, and followed."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from charging import settings as configuration
from charging.database.operations import diagnostics as store
from charging.deciders import SHORTEST_NAME, is_named
from charging.errors import RouteRefused
from charging.migration.diagnostics import State
from charging.ocpp.redact import redact
from console import overhearing, workplace
from tasks import diagnostics, opening
from tasks.diagnostics import Asked, Via


def fetched(
    home: Path, station_ids: Sequence[str], *, to: str, via: Via, by: str, reason: str, dry_run: bool
) -> dict[str, Any]:
    """Return how each station answered when it was asked for its log; of a dry run, who would be asked.

    Raises:
        RouteRefused: if nobody is named.
        SettingsError: if there is no place for the logs, or the settings do not describe the back-office.
    """
    if not is_named(by):
        mend = f"name who asks, in {SHORTEST_NAME} letters or more (--by)"
        raise RouteRefused("the question for a log", "nobody is named", mend)
    settings = configuration.load(workplace.of(home))
    where = diagnostics.location(settings, to)
    wanted = [Asked(station_id=each, via=via, by=by, reason=reason) for each in dict.fromkeys(station_ids)]
    shown = {"location": str(redact(where.reveal())), "dry_run": dry_run}
    if dry_run:
        return shown | {"requests": [{"station_id": one.station_id, "via": one.via} for one in wanted]}
    with opening.engine(settings) as engine:
        return shown | {"requests": asyncio.run(diagnostics.fetch(settings, engine, wanted, to=where))}


def listed(home: Path, station_ids: Sequence[str], *, since: str) -> dict[str, Any]:
    """Look for news of what is open, and return every request since an instant.

    Raises:
        SettingsError: if the instant cannot be understood.
    """
    from_when = overhearing.instant(since, option="--since") if since else None
    settings = configuration.load(workplace.of(home))
    with opening.engine(settings) as engine:
        silent = asyncio.run(diagnostics.follow(settings, engine, station_ids))
        with engine.connect() as connection:
            rows = store.requests(connection, station_ids, since=from_when)
    return {"requests": [dict(row) for row in rows], "silent": silent}


def fetch_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what each answered, or would be asked."""
    for one in result["requests"]:
        said = f"{one['state']}: {one['reason']}" if "state" in one else "would be asked"
        yield f"{one['station_id']:<20} through the {one['via']:<8} {said}"
    if result["dry_run"]:
        yield f"dry run: nobody was asked to upload to {result['location']}; --yes asks"
    else:
        yield f"logs go to {result['location']}; rehome diagnostics list tells whether they have come"


def list_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield each request, and through whom there are no news."""
    for one in result["requests"]:
        stands = f"{one['state']:<9} {one['file_name'] or 'no name'}: {one['state_reason']}"
        yield f"{one['asked_at']:%Y-%m-%d %H:%M} UTC  {one['station_id']:<20} {stands}"
        yield f"{'':22} asked by {one['by']} through the {one['via']}: {one['reason']}"
    for via, problem in result["silent"].items():
        yield f"NO NEWS through the {via}: {problem}"
    if not result["requests"]:
        yield "no station was asked for its log in that time"


def is_well(result: Mapping[str, Any]) -> bool:
    """Whether every log is there or on its way."""
    well = {State.ASKED, State.UPLOADING, State.UPLOADED}
    return all(one.get("state", State.ASKED) in well for one in result["requests"]) and not result.get("silent")
