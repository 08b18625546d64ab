"""Watching where a station is: what either back-office has heard of it, whether it stays, and whether it is the one."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import cast

from charging.errors import RemoteError
from charging.migration.crossing import BackOffice
from charging.migration.journey import Journey, Response
from charging.migration.ports import Effect, Sighting
from charging.migration.recipes import orders

LEAST_SILENCES = 4
"""How often a back-office must have found a station silent: where it answers slowly, few questions fit into a while."""
Marks = Mapping[str, object]
"""What a back-office has last said of a station, as plain values."""


async def look_round(journey: Journey) -> Mapping[str, Marks]:
    """Return what either back-office has last heard of the station, to compare with later.

    Two sightings by one back-office are compared, never its clock with ours or another's: each may be set, or wrong.
    """
    offices = (journey.crossing.legacy, journey.crossing.target)
    seen = await asyncio.gather(*(_look(journey, office) for office in offices))
    return {office.name: mark(each) for office, each in zip(offices, seen, strict=True)}


def mark(seen: Sighting | None) -> Marks:
    """Return a sighting as plain values."""
    if seen is None:
        return {}
    instants = {"heard_at": seen.heard_at, "booted_at": seen.booted_at, "status_at": seen.status_at}
    return {name: at.isoformat() if at else None for name, at in instants.items()} | {
        "serial_number": seen.serial_number,
        "firmware": seen.firmware,
        "unknown_stops": seen.unknown_stops,
    }


def has_news(office: BackOffice, *, told: Effect, of: str, seen: Sighting | None) -> bool:
    """Whether a back-office knows more than when the station was told to go. `of` names one of its marks."""
    return mark(seen).get(of) not in {None, _before(told, office.name).get(of)}


async def stays(journey: Journey, *, at: BackOffice, left: BackOffice) -> str | None:
    """Watch for the settling time that a station has left one back-office for the other; say what is wrong, or None.

    One answer that does not come is no proof that a station has gone: an answer can be lost. How often it is asked is
    given by the looks, of which there is one in `poll_seconds`.
    """
    both = "it answers at both back-offices"
    settle = journey.crossing.pace.settle.total_seconds()
    until = journey.crossing.elapsed() + settle
    while await _answers(journey, left):
        if journey.crossing.elapsed() >= until:
            return both
        await journey.pause()
    before = mark(await _look(journey, left)).get("heard_at")
    until, silences = journey.crossing.elapsed() + settle, 0
    while True:
        silences += 1
        is_there = await _answers(journey, at)  # asked first: its answer may be slow, and it away meanwhile
        if await _answers(journey, left):
            return both
        if mark(await _look(journey, left)).get("heard_at") != before:
            return f"the {left} has heard it again"
        if not is_there:
            if journey.is_overdue:
                return f"it no longer answers at the {at}"
            until = journey.crossing.elapsed() + settle  # what was away may have come back as another
        elif journey.crossing.elapsed() >= until and silences >= LEAST_SILENCES:
            return None


async def doubts(journey: Journey, office: BackOffice, *, came_from: BackOffice) -> str | None:
    """Say what speaks against a station that has arrived: another box, no status, charges that began elsewhere.

    What a back-office does not say cannot speak against a station.
    """
    told = journey.commitment()
    if told is None:
        return "it was not told to go"
    known = _before(told, came_from.name)
    seen = await _look(journey, office)
    now = mark(seen)
    if not has_news(office, told=told, of="booted_at", seen=seen):
        # whatever it says is not its boot: without that, nobody has said which box it is
        await _hear(journey, office, message="BootNotification", of="heard_at", before=now, is_asked=True)
        now = mark(await _look(journey, office))  # once more: what made it heard may have come before its boot
    for name, words in (("serial_number", "serial number"), ("firmware", "firmware")):
        here, there = now.get(name), known.get(name)
        if here and there and _plain(here) != _plain(there):
            return f"it gives its {words} as {here} at the {office}, and as {there} at the {came_from}"
    at_first = _before(told, office.name)
    if stops := _count(now) - _count(at_first):
        return f"it has ended {stops} charges at the {office} that never began there"
    if not known.get("status_at") or now.get("status_at") not in {None, at_first.get("status_at")}:
        return None
    is_told = await _hear(journey, office, message="StatusNotification", of="status_at", before=at_first)
    return None if is_told else f"the {office} hears it, and has no status of any connector"


async def shows_another(journey: Journey, office: BackOffice) -> bool:
    """Whether it shows an address at a back-office that ends with another identity than its own.

    Whoever wrote that back would give it the other's identity.
    """
    expected = orders(journey.recipe, station_id=journey.station_id, address=office.address)
    for write, order in zip(journey.recipe.writes, expected, strict=True):
        if not write.template.endswith("{identity}") or not order.is_readable or order.is_sensitive:
            continue
        found = await journey.patiently(partial(office.read, journey.station_id, order.key))
        place, _, identity = (found or "").rpartition("/")
        if place == order.value.rpartition("/")[0] and identity and f"{place}/{identity}" != order.value:
            return True
    return False


async def _hear(
    journey: Journey, office: BackOffice, *, message: str, of: str, before: Marks, is_asked: bool = False
) -> bool:
    """Ask for a message, and whether it has come: not every station sends it unasked (OCPP-J 1.6 §5.4).

    With `is_asked`, what has come counts only once the station has answered the question.
    """
    step = f"trigger.{message}"

    async def send() -> Response:
        return {"status": await office.trigger(journey.station_id, message)}

    async def cannot_tell() -> bool:
        return False

    until = journey.crossing.elapsed() + journey.crossing.pace.settle.total_seconds()
    while True:
        with suppress(RemoteError):  # it may answer at the next look
            request = {"via": office.name, "message": message}
            await journey.act(step, request=request, send=send, is_done=cannot_tell, is_patient=False)
        effect = journey.effects.get(step)
        has_answered = effect is not None and effect.response is not None
        has_come = mark(await _look(journey, office)).get(of) not in {None, before.get(of)}
        if has_come and (has_answered or not is_asked):
            return True
        if journey.crossing.elapsed() >= until:
            return False


def _count(marks: Marks) -> int:
    stops = marks.get("unknown_stops")
    return stops if isinstance(stops, int) else 0


def _before(told: Effect, name: str) -> Marks:
    return cast("Mapping[str, Marks]", told.request.get("seen") or {}).get(name, {})


def _plain(text: object) -> str:
    return str(text).strip().casefold()


async def _look(journey: Journey, office: BackOffice) -> Sighting | None:
    return await journey.patiently(lambda: office.look(journey.station_id))


async def _answers(journey: Journey, office: BackOffice) -> bool:
    return await journey.patiently(lambda: office.answers(journey.station_id, journey.switch_key))
