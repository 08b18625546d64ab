"""Firmware campaigns on the command line: planned, and followed. The image is ordered by the back-office."""

import asyncio
import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.queries import clean
from charging.errors import UserError
from charging.migration.firmware.choosing import Chosen, Image, Rates, choose
from charging.migration.firmware.status import Happened, State, Witness, same_version, standing
from charging.migration.firmware.transfer import Limits, timetable
from charging.migration.ports import Sighting
from charging.settings import Settings
from charging.work_list.formulas import neutralised
from console import workplace
from tasks import channels, opening

_SHOWN = 20
_PLAN = ("station_id", "rank", "starts_at", "seconds")


def planned(home: Path, image: Image, *, rates: Rates, limits: Limits, pilots: int, out: Path | None) -> dict[str, Any]:
    """Return when each station fetches the image; write it as CSV, in seconds from the beginning, where that is asked.

    Raises:
        UserError: if the file is there already.
    """
    if out is not None and out.exists():
        raise UserError(f"{out} is there already: name a new file, or move it away")
    chosen = _chosen(configuration.load(workplace.of(home)), image, rates=rates, pilots=pilots)
    table = timetable(chosen.fetchers, image_bytes=image.size_bytes, limits=limits)
    rows = [[slot.station_id, slot.rank, slot.starts_at, slot.seconds] for slot in table.slots]
    if out is not None:
        with out.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_PLAN)
            writer.writerows([[neutralised(str(cell)) for cell in row] for row in rows])
    return {
        "version": image.version,
        "slots": [dict(zip(_PLAN, row, strict=True)) for row in rows],
        "seconds": table.seconds,
        "has_it": list(chosen.has_it),
        "not_now": dict(chosen.not_now) | dict(table.left_out),
        "file": str(out) if out else "",
    }


def followed(home: Path, image: Image, *, via: Literal["legacy", "target"], ordered_at: datetime) -> dict[str, Any]:
    """Return how the update of every station stands, by what its back-office has heard of it since it was ordered."""
    settings, to = configuration.load(workplace.of(home)), image.version
    chosen = _chosen(settings, image, rates=Rates(air=1, wire=1), pilots=0)
    wanted = sorted([*(fetcher.station_id for fetcher in chosen.fetchers), *chosen.has_it, *chosen.not_now])
    seen, news = asyncio.run(_seen(settings, via, wanted, since=ordered_at)) if wanted else ({}, {})
    now = system_clock()
    ordered = Happened(at=ordered_at, answer="")
    stands = {
        each: standing([ordered, *news.get(each, ()), *_booted(seen.get(each), image, now=now)], expected=to, now=now)
        for each in wanted
    }
    return {
        "version": image.version,
        "states": dict(Counter(str(one.state) for one in stands.values())),
        "stations": [
            {
                "station_id": each,
                "state": str(one.state),
                "reason": one.reason,
                "firmware": seen[each].firmware if each in seen else None,
            }
            for each, one in stands.items()
        ],
        "is_done": all(one.state is State.CONFIRMED for one in stands.values()),
    }


def plan_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield when who fetches, and who does not."""
    for slot in result["slots"][:_SHOWN]:
        begins = timedelta(seconds=slot["starts_at"])
        takes = timedelta(seconds=slot["seconds"])
        yield f"{begins!s:>10}  {slot['station_id']:<20} rank {slot['rank']}, takes {takes}"
    if len(result["slots"]) > _SHOWN:
        yield f"and {len(result['slots']) - _SHOWN} more: --out writes all"
    for station_id, why in result["not_now"].items():
        yield f"{'not now':>10}  {station_id:<20} {why}"
    whole = timedelta(seconds=result["seconds"])
    yield f"{len(result['slots'])} stations fetch {result['version']} within {whole}; {len(result['has_it'])} have it"


def follow_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many stand where, then those that are not done."""
    for one in result["stations"]:
        if one["state"] != State.CONFIRMED:
            yield f"{one['station_id']:<20} {one['state']:<10} has {one['firmware']}: {one['reason']}"
    yield ", ".join(f"{number} {state}" for state, number in sorted(result["states"].items())) or "no station is meant"


def _chosen(settings: Settings, image: Image, *, rates: Rates, pilots: int) -> Chosen:
    with opening.engine(settings) as engine, engine.connect() as connection:
        return choose(clean.stations(connection), image, rates=rates, pilots=pilots)


async def _seen(
    settings: Settings, via: Literal["legacy", "target"], station_ids: list[str], *, since: datetime
) -> tuple[Mapping[str, Sighting], Mapping[str, Sequence[Happened]]]:
    async with channels.office(settings, via) as channel:
        news = await channel.firmware_news(station_ids, since=since) if isinstance(channel, Witness) else {}
        return await channel.sightings(station_ids), news


def _booted(seen: Sighting | None, image: Image, *, now: datetime) -> list[Happened]:
    """Return the boot that shows the version. SteVe knows the last boot's version and not its time: it was by now."""
    if seen is None or seen.firmware is None or not same_version(seen.firmware, image.version):
        return []
    return [Happened(at=now, booted_with=seen.firmware)]
