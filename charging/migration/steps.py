"""What a journey is made of, forward and back: write a key, leave, appear, be put out of service and in again.

Each step returns None, or in words what is wrong.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Literal

from charging.errors import RemoteError, StationUnreachable
from charging.migration import slots
from charging.migration.crossing import BackOffice
from charging.migration.journey import TAKEN, Journey, Response
from charging.migration.ports import Effect
from charging.migration.recipes import Order, ReadBack
from charging.migration.watch import has_news, look_round


async def set_availability(
    journey: Journey, office: BackOffice, kind: Literal["Operative", "Inoperative"], *, step: str
) -> str | None:
    """Put the station in or out of service, unless its recipe says that it breaks on that."""
    if journey.recipe.drain == "passive":
        return None

    async def send() -> Response:
        return {"status": await office.change_availability(journey.station_id, kind)}

    request = {"via": office.name, "kind": kind}
    response = await journey.act(step, request=request, send=send, is_done=_cannot_tell)
    return None if response["status"] in TAKEN else f"it refused to become {kind} ({response['status']})"


async def find_slot(journey: Journey, office: BackOffice) -> str | None:
    """Find the free connection profile of an OCPP 2 station, once; the recipe's writes are made for it then."""
    if journey.recipe.profile is None:
        return None

    async def send() -> Response:
        told = {key: await office.read(journey.station_id, key) for key in slots.ASKED}
        return {"status": "Accepted", "told": told, **asdict(slots.find(told, journey.recipe))}

    response = await journey.act(slots.STEP, request={"via": office.name}, send=send, is_done=_cannot_tell)
    journey.recipe = slots.filled(journey.recipe, response)
    return str(response["problem"]) or None


async def is_idle(journey: Journey, office: BackOffice) -> bool:
    """Wait for the last open transaction to end; return False if it has not by the stage's deadline."""
    while True:
        seen = await journey.patiently(lambda: office.look(journey.station_id))
        if seen is not None and seen.open_transactions == 0:
            return True
        if journey.is_overdue:
            return False


async def point(
    journey: Journey, *, leave: BackOffice, reach: BackOffice, orders: Sequence[Order], prefix: str = ""
) -> str | None:
    """Write every key through the back-office that is to be left, then make the station leave it."""
    *inert, switching = orders
    has_reset = journey.recipe.reset != "none"
    for order in orders if has_reset else inert:
        away = reach if order is switching else None
        if problem := await write(journey, leave, order, step=f"{prefix}write:{order.key}", away=away):
            return problem
    if journey.commitment(prefix=prefix) is None and not await is_idle(journey, leave):
        return "a charge began and had not ended in time"
    if has_reset:
        return await _reset(journey, leave, reach=reach, step=f"{prefix}reset")
    return await write(journey, leave, switching, step=f"{prefix}write:{switching.key}", leaves=True)


async def write(
    journey: Journey,
    office: BackOffice,
    order: Order,
    *,
    step: str,
    leaves: bool = False,
    trusts: bool = True,
    away: BackOffice | None = None,
) -> str | None:
    """Write one key and read it back; what it held before is in the intent, for the way back.

    With `leaves`, writing it makes the station leave at once: it may be gone before it answers, and is not read back.
    Without `trusts`, it is written also where the station shows the value: it has shown what it does not hold.
    A station that loses its connection before it has answered may dial by the new value: where the back-office `away`
    has heard it since, it has taken it.
    """
    known = journey.effects.get(step)
    before = known.request["before"] if known else await _value(journey, office, order)
    marks = leaves or away is not None
    seen = known.request.get("seen") if known else await look_round(journey) if marks else None

    async def send() -> Response:
        if trusts and known is None and order.is_readable and before == order.value:
            return {"status": "Unchanged"}
        try:
            status = await office.write(journey.station_id, order.key, order.value)
        except StationUnreachable:
            if leaves:
                return {"status": "Unanswered"}
            raise
        if leaves or status not in TAKEN or order.read_back is ReadBack.NEVER:
            return {"status": status}
        found = await office.read(journey.station_id, order.key)
        return {"status": status, "is_kept": order.is_kept(found), "read_back": order.shown(found)}

    async def is_done() -> bool:
        if leaves:
            await journey.settle(office)
        try:
            return order.is_readable and await office.read(journey.station_id, order.key) == order.value and trusts
        except StationUnreachable:
            if leaves or await _has_come(journey, away, step=step):
                return True
            raise

    request = {"via": office.name, "key": order.key, "value": order.shown(order.value), "before": before}
    request |= {"seen": seen} if marks else {}
    return _refusal(order, await journey.act(step, request=request, send=send, is_done=is_done))


async def appear(journey: Journey, office: BackOffice, *, order: Order, prefix: str = "") -> str | None:
    """Wait until the back-office has heard the station after it was told to go there, and reads the key back there.

    A station that need not boot after reconnecting (OCPP-J 1.6 §5.4) is asked to, or it could be there unheard.
    """
    told = journey.commitment(prefix=prefix)
    if told is None:
        return "it was not told to go"
    pace, now = journey.crossing.pace, journey.crossing.elapsed()
    # the telling itself may have taken a while
    span = min(pace.scaled(journey.recipe.await_seconds).total_seconds(), journey.seconds_left)
    settle = pace.settle.total_seconds()
    settled = min(max((journey.crossing.now() - told.intended_at).total_seconds(), 0.0), settle)
    ask_at = now + max(settle - settled, span / 2 if journey.recipe.expects_boot else 0.0)
    until = now + span
    while True:
        problem = await _absence(journey, office, told=told, order=order)
        now = journey.crossing.elapsed()
        if problem is None or now >= until:
            return problem
        if now >= ask_at:
            await _ask_to_boot(journey, office, step=f"{prefix}trigger")
            ask_at = now + settle


async def _has_come(journey: Journey, away: BackOffice | None, *, step: str) -> bool:
    """Whether the back-office that a key points to has heard the station since the intent to write it."""
    told = journey.effects[step]
    if away is None or told.request.get("seen") is None:  # an intent of an earlier release has no marks
        return False
    return has_news(away, told=told, of="heard_at", seen=await away.look(journey.station_id))


def _refusal(order: Order, response: Response) -> str | None:
    if response["status"] not in TAKEN:
        return f"it refused {order.key} ({response['status']})"
    is_kept = response.get("is_kept", True)
    return None if is_kept else f"it accepted {order.key}, but reads it back as {response.get('read_back')!r}"


async def _value(journey: Journey, office: BackOffice, order: Order) -> str | None:
    if order.read_back is ReadBack.NEVER:
        return None
    return order.shown(await journey.patiently(lambda: office.read(journey.station_id, order.key)))


async def _reset(journey: Journey, office: BackOffice, *, reach: BackOffice, step: str) -> str | None:
    kind: Literal["Soft", "Hard"] = "Hard" if journey.recipe.reset == "Hard" else "Soft"

    async def send() -> Response:
        return {"status": await office.reset(journey.station_id, kind)}

    async def is_under_way() -> bool:
        await journey.settle(office)
        if not await office.answers(journey.station_id, journey.switch_key):
            return True
        # looked at after it has answered: it may have been down until then, and have come up where it was
        told = journey.effects[step]
        there, here = await reach.look(journey.station_id), await office.look(journey.station_id)
        has_gone = has_news(reach, told=told, of="heard_at", seen=there)
        return has_gone or has_news(office, told=told, of="booted_at", seen=here)

    known = journey.effects.get(step)
    if known is None:
        await journey.crossing.resets.pass_through()
    seen = known.request.get("seen") if known else await look_round(journey)
    request = {"via": office.name, "kind": kind, "seen": seen}
    response = await journey.act(step, request=request, send=send, is_done=is_under_way)
    return None if response["status"] in TAKEN else f"it refused to reset ({response['status']})"


async def _absence(journey: Journey, office: BackOffice, *, told: Effect, order: Order) -> str | None:
    """Return why the station does not count as having appeared, or None."""
    try:
        seen = await office.look(journey.station_id)
        if not has_news(office, told=told, of="heard_at", seen=seen):
            return f"the {office} has not heard it"
        found = await office.read(journey.station_id, order.key)
    except RemoteError as error:
        return str(error)
    is_right = not order.is_readable or found == order.value
    return None if is_right else f"the {office} has heard it, but reads {order.key} back as {order.shown(found)!r}"


async def _ask_to_boot(journey: Journey, office: BackOffice, *, step: str) -> None:
    async def send() -> Response:
        return {"status": await office.trigger(journey.station_id, "BootNotification")}

    with suppress(RemoteError):  # it is not there yet, and may be at the next look
        await journey.act(step, request={"via": office.name}, send=send, is_done=_cannot_tell, is_patient=False)


async def _cannot_tell() -> bool:
    return False  # OCPP 1.6 has no way to read an availability; setting it twice does no harm
