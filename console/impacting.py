"""The impact sheet from the command line: publishing it, ticking off stickers, and noting who has been told."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from charging.clock import system_clock
from charging.database.operations import identifiers as write
from charging.errors import UnknownThing
from charging.identifiers.remapping import Result
from console import remapping
from reports.collected.impact import impact, recipients
from reports.impact import IdChange
from tasks import impact as publishing


def published(home: Path) -> dict[str, Any]:
    """Publish the sheet and its artwork."""
    with remapping.opened(home) as (engine, settings):
        return publishing.published(engine, settings)


def stickers(home: Path) -> dict[str, Any]:
    """Return every sticker that is wanted, done or not."""
    with remapping.opened(home) as (engine, settings), engine.connect() as connection:
        report = impact(connection, settings, as_of=system_clock())
        return {"stickers": [_job(one) for one in report.sheets]}


def done(home: Path, uids: Sequence[str], *, by: str) -> dict[str, Any]:
    """Note that EVSEs show their new ids. What was noted before stays as it was.

    Raises:
        SettingsError: if nobody is named.
        UnknownThing: if no sticker is wanted for one of them; nothing is noted then.
    """
    remapping.require_name(by)
    with remapping.opened(home) as (engine, settings), engine.begin() as connection:
        now = system_clock()
        wanted = {one.evse_uid: one for one in impact(connection, settings, as_of=now).sheets}
        for uid in uids:
            if uid not in wanted:
                raise UnknownThing("sticker for EVSE", uid, "see rehome remap stickers list")
        chosen = [wanted[uid] for uid in dict.fromkeys(uids)]
        fresh = {one.evse_uid: one.after for one in chosen if _result(one) is Result.DONE}
        write.store_stickers(connection, fresh, by=by, at=now)
        return {"outcomes": [{"evse_uid": one.evse_uid, "id": one.after, "result": _result(one)} for one in chosen]}


def told(home: Path, recipient: str, *, state: str, by: str, reason: str) -> dict[str, Any]:
    """Note that somebody has been told of the approved ids, or has confirmed them, and return how all stand.

    Raises:
        SettingsError: if nobody is named who told them.
        UnknownThing: if they are not among those to tell.
    """
    remapping.require_name(by)
    with remapping.opened(home) as (engine, settings):
        known = recipients(settings)
        if recipient not in known:
            raise UnknownThing("recipient", recipient, f"known are {', '.join(known)}; name others in impact.registers")
        with engine.begin() as connection:
            write.store_registration(connection, recipient, state=state, by=by, reason=reason, at=system_clock())
            return {"recipients": list(impact(connection, settings, as_of=system_clock()).recipients)}


def registrations(home: Path) -> dict[str, Any]:
    """Return who is told of new ids, and how far that is."""
    with remapping.opened(home) as (engine, settings), engine.connect() as connection:
        return {"recipients": list(impact(connection, settings, as_of=system_clock()).recipients)}


def impact_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say what the sheet says in short, and where it is."""
    yield result["headline"].replace("\u202f", " ")
    for cost in result["costs"]:
        total = "not known" if cost.total is None else f"{cost.total} {cost.currency}"
        yield f"{'with stickers' if cost.way == 'sticker' else 'with aliases':>16}  {cost.count} {cost.item}: {total}"
    yield from recipient_lines(result)
    yield f"{'sheet':>16}  {result['path']}"
    yield f"{'artwork':>16}  {result['artwork']} files in {result['stickers_folder']}"


def sticker_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say what is put on where, a sticker a line."""
    for each in result["stickers"]:
        instead = f" instead of {each['before']}" if each["before"] else ""
        yield f"{each['work']:>16}  {each['evse_uid']}: {each['id']}{instead}, at {each['location']}: {each['address']}"
    left = sum(each["work"] == "to_do" for each in result["stickers"])
    yield f"{'in all':>16}  {len(result['stickers'])}, {left} to do"


def done_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say what was noted."""
    for each in result["outcomes"]:
        why = " (no change of its id has been approved)" if each["result"] is Result.REFUSED else ""
        yield f"{each['result']:>16}  {each['evse_uid']} shows {each['id']}{why}"


def recipient_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say who has been told, a line each."""
    for each in result["recipients"]:
        said = f" ({each.said})" if each.said else ""
        yield f"{each.state:>16}  {each.name}: {each.changes} approved changes not told{said}"


def _job(one: IdChange) -> dict[str, Any]:
    return {
        "evse_uid": one.evse_uid,
        "id": one.after,
        "before": one.before,
        "state": one.state,
        "work": one.work,
        "station_id": one.station_id,
        "location": one.location_id,
        "address": one.address,
        "qr": one.qr,
        "artwork": one.artwork,
    }


def _result(one: IdChange) -> Result:
    if one.state not in {"approved", "reverted"}:
        return Result.REFUSED
    return Result.UNCHANGED if one.sticker_done else Result.DONE
