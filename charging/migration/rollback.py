"""The way back to the legacy, from wherever a station is found. It ends rolled back, or on the list for a visit."""

from collections.abc import Sequence
from dataclasses import asdict

from charging.errors import RemoteError
from charging.migration.crossing import BackOffice
from charging.migration.journey import Journey, Turn
from charging.migration.lifecycle import Stage
from charging.migration.looking import look_after
from charging.migration.partial import partial
from charging.migration.ports import Effect
from charging.migration.recipes import Method, Order, reversed_orders
from charging.migration.steps import appear, point, set_availability, write
from charging.migration.watch import stays


async def go_back(journey: Journey) -> Turn:
    """Bring a station back to the legacy, or say why that takes a person."""
    legacy, target = journey.crossing.legacy, journey.crossing.target
    await journey.settle(legacy)
    if journey.commitment(prefix="back.") is not None:
        return await _return(journey)
    office = await _find(journey) if journey.may_have_gone else legacy
    if office is target and journey.recipe.rollback_via == "legacy":
        return left_to_a_person(journey, "it is at the target, and its recipe knows no way back from there")
    if office is target:
        return await _return(journey)
    if journey.commitment() is None:
        return await _tidy(journey, _way_back(journey), found="it never left the legacy")
    if office is None:
        return left_to_a_person(journey, "it answers at neither back-office")
    return await _tidy(journey, _way_back(journey), found="it was found back on the legacy")


async def _tidy(journey: Journey, orders: Sequence[Order], *, found: str) -> Turn:
    """Put back, on the legacy, the keys that may have been written, the last one first; then into service."""
    legacy = journey.crossing.legacy
    for order in reversed(orders):
        written = journey.effects.get(f"write:{order.key}")
        if written is None:
            continue
        trusts = not _shows_the_old(written)
        if problem := await write(journey, legacy, order, step=f"undo.write:{order.key}", trusts=trusts):
            return left_to_a_person(journey, f"{found}, but could not be put back as it was: {problem}")
    if {"inoperative", "back.inoperative"} & journey.effects.keys():
        problem = await set_availability(journey, legacy, "Operative", step="back.operative")
        if problem:
            return left_to_a_person(journey, f"{found}, but is out of service: {problem}")
    if not any(step.startswith("write:") for step in journey.effects):
        return Turn(after=Stage.ROLLED_BACK, reason=f"{journey.reason}; {found}")
    looked = await look_after(journey, legacy, back=True)
    reason = f"{journey.reason}; {found}{looked.words}"
    return Turn(after=Stage.ROLLED_BACK, reason=reason, evidence=looked.evidence)


async def _return(journey: Journey) -> Turn:
    """Order a station back through the target that it has moved to."""
    legacy, target = journey.crossing.legacy, journey.crossing.target
    orders = _way_back(journey)
    await journey.settle(target)
    # the slot in use is not written: the station is told to prefer the other, and tidied up once it has gone there
    told = orders[-1:] if journey.recipe.method is Method.SLOT else orders
    problem = await set_availability(journey, target, "Inoperative", step="back.inoperative")
    problem = problem or await point(journey, leave=target, reach=legacy, orders=told, prefix="back.")
    if problem:
        return left_to_a_person(journey, f"it is at the target and cannot be sent back: {problem}")
    if problem := await appear(journey, legacy, order=orders[-1], prefix="back."):
        return left_to_a_person(journey, f"it was sent back and did not come: {problem}")
    if problem := await stays(journey, at=legacy, left=target):
        return left_to_a_person(journey, problem)
    return await _tidy(journey, orders[: len(orders) - len(told)], found="it came back to the legacy")


async def _find(journey: Journey) -> BackOffice | None:
    """Return the back-office through which the station answers; the target first, for it may be at both."""
    until = journey.crossing.elapsed() + journey.crossing.pace.settle.total_seconds()
    while True:
        for office in (journey.crossing.target, journey.crossing.legacy):
            if await _answers(journey, office):
                return office
        if journey.crossing.elapsed() >= until:
            return None
        await journey.pause()


async def _answers(journey: Journey, office: BackOffice) -> bool:
    try:
        return await office.answers(journey.station_id, journey.switch_key)
    except RemoteError:
        return False


def _shows_the_old(written: Effect) -> bool:
    """Whether it took a value and shows the one before: it has forgotten the new one, or only tells what it told."""
    response = written.response or {}
    return response.get("is_kept") is False and response.get("read_back") == written.request.get("before")


def _way_back(journey: Journey) -> tuple[Order, ...]:
    """Return the reversed recipe: the values that the intents found before they wrote, else the legacy's address."""
    snapshot: dict[str, str | None] = {}
    for order in journey.recipe.writes:
        effect = journey.effects.get(f"write:{order.key}")
        before = effect.request["before"] if effect and not order.is_sensitive else None
        snapshot[order.key] = before if isinstance(before, str) else None
    address = journey.crossing.legacy.address
    return reversed_orders(journey.recipe, station_id=journey.station_id, address=address, snapshot=snapshot)


def left_to_a_person(journey: Journey, problem: str) -> Turn:
    """Leave a station to a person, with the name of every key that is not as it was."""
    left = partial([write.key for write in journey.recipe.writes], journey.effects)
    reason = "; ".join(filter(None, (journey.reason, problem, str(left))))
    return Turn(after=Stage.TO_SITE, reason=reason, evidence={"keys": asdict(left)})
