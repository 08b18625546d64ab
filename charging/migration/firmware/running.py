"""The campaign while it runs: it looks, compares, orders who has room, and looks again, until all are at rest.

What it knows is in the ledger before anything is sent, and an order has a name: killed anywhere and started again, it
goes on from there and orders nobody twice. A status is a station's word; done is who has booted with the version.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from charging.clock import Clock
from charging.errors import RemoteError
from charging.migration.firmware.campaign import BOOT_AFTER, Compared, Turns, Update, never_got, stood, turns
from charging.migration.firmware.status import FINAL, UNANSWERED, Happened, State, standing
from charging.migration.firmware.transfer import Limits
from charging.migration.snapshots import Snapshot, differences

VERSIONS = frozenset({"ChargingStation.FirmwareVersion", "Controller.FirmwareVersion"})
"""Variables of OCPP 2 that an update is meant to change."""
BEFORE, AFTER = "before", "after"
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of an order."""

    state: str
    """As the gateway has it: pending, taken, sent, answered, refused, expired or unknown."""
    at: datetime
    status: str = ""
    """The station's word, or the code of its CALLERROR."""
    request_id: int | None = None
    """By which its statuses name this order; None where they do not."""


class Field(Protocol):
    """What a campaign needs of the world: the ledger, and the stations behind a gateway."""

    async def updates(self) -> Sequence[Update]:
        """Return every station's part, as it was last stored."""
        ...

    async def keep(self, update: Update) -> None:
        """Store how a station stands; return once it is committed."""
        ...

    async def hindered(self, station_ids: Sequence[str]) -> Mapping[str, str]:
        """Return why stations cannot be ordered at this moment; those that can are absent."""
        ...

    async def order(self, update: Update) -> None:
        """Give the present attempt's order and store the update, in one transaction."""
        ...

    async def answered(self, updates: Sequence[Update]) -> Mapping[str, Answered]:
        """Return what came of each station's present order."""
        ...

    async def news(self, updates: Sequence[Update]) -> Mapping[str, Sequence[Happened]]:
        """Return each station's statuses and boots since its present order was given, in order."""
        ...

    async def ask_to_boot(self, update: Update) -> None:
        """Have the station tell which version it runs; at most once for each attempt."""
        ...

    async def snapshot(self, station_id: str, moment: str) -> Snapshot:
        """Read the station's whole configuration and store it.

        Raises:
            RemoteError: if the station does not tell it.
        """
        ...

    async def kept(self, station_id: str, moment: str) -> Snapshot | None:
        """Return the latest stored snapshot of that moment."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a campaign is run."""

    version: str
    limits: Limits
    most_wrong: int = 0
    needs_snapshot: bool = True
    """Whether a station whose configuration cannot be read before is left as it is, or ordered all the same."""
    poll_seconds: float = 10.0


async def run(field: Field, rules: Rules, *, clock: Clock, until: datetime) -> str:
    """Go on until every station is at rest, nobody else may be ordered, or the time is up; return why it ended."""
    ledger = {one.station_id: one for one in await field.updates()}
    while True:
        await _look(field, rules, ledger, now=clock())
        await _compare(field, ledger)
        held = await _order(field, rules, ledger, now=clock())
        if not any(one.is_open for one in ledger.values()):
            if all(one.state is not State.PLANNED for one in ledger.values()):
                return ""
            if held:
                return f"held: {held}"
        if clock() >= until:
            return "the time of this run is up; started again, it goes on"
        await asyncio.sleep(rules.poll_seconds)


async def _look(field: Field, rules: Rules, ledger: dict[str, Update], *, now: datetime) -> None:
    """Take in what has happened to those that were ordered."""
    asked = [one for one in ledger.values() if one.asked_at is not None and one.state not in FINAL]
    if not asked:
        return
    answers, news = await field.answered(asked), await field.news(asked)
    for one in asked:
        answer = answers.get(one.station_id)
        if answer is not None and answer.state == "expired":
            await _keep(field, ledger, never_got(one))
            continue
        told = _told(answer)
        happened = sorted([*told, *news.get(one.station_id, ())], key=lambda each: each.at) if told else []
        number = answer.request_id if answer else None
        found = standing(happened, expected=rules.version, now=now, request_id=number)
        if found.state is State.PLANNED:
            continue
        await _keep(field, ledger, stood(one, found))
        if found.state is State.REPORTED and found.since is not None and now >= found.since + BOOT_AFTER:
            await field.ask_to_boot(ledger[one.station_id])


def _told(answer: Answered | None) -> list[Happened]:
    if answer is None or answer.state in {"pending", "taken"}:
        return []
    # on its way, or sent and never answered: it may have been obeyed, so statuses count from here on
    status = answer.status if answer.state in {"answered", "refused"} else UNANSWERED
    return [Happened(at=answer.at, answer=status)]


async def _compare(field: Field, ledger: dict[str, Update]) -> None:
    """Look at what the update did to the configuration of those that have booted with another version."""

    async def look(one: Update) -> None:
        before = await field.kept(one.station_id, BEFORE) if one.has_before else None
        if before is None:
            await _keep(field, ledger, replace(one, compared=Compared.UNKNOWN))
            return
        try:
            after = await field.snapshot(one.station_id, AFTER)
        except RemoteError:
            return  # it has only just booted, and is asked again at the next look
        found = differences(before, after, expected=VERSIONS)
        word = Compared.CHANGED if found else Compared.SAME
        await _keep(field, ledger, replace(one, compared=word, differences=found))

    await _several(look, [one for one in ledger.values() if one.is_to_compare])


async def _order(field: Field, rules: Rules, ledger: dict[str, Update], *, now: datetime) -> str:
    """Order those that have room now; return why nobody else is ordered, if so."""
    waiting = [one.station_id for one in ledger.values() if one.state is State.PLANNED and one.asked_at is None]
    hindered = await field.hindered(waiting) if waiting else {}
    for station_id, why in hindered.items():
        await _keep(field, ledger, replace(ledger[station_id], reason=f"waits: {why}"))
    chosen = _turns(ledger, rules, ready=[each for each in waiting if each not in hindered])

    async def order(one: Update) -> None:
        has_before = True
        try:
            await field.snapshot(one.station_id, BEFORE)
        except RemoteError as silence:
            has_before = False
            if rules.needs_snapshot:
                await _keep(field, ledger, replace(one, reason=f"not ordered without a snapshot: {silence}"))
                return
        asked = replace(one, asked_at=now, has_before=has_before, reason="ordered, and not answered yet")
        await field.order(asked)
        ledger[one.station_id] = asked

    await _several(order, [ledger[each] for each in chosen.station_ids])
    return chosen.held


def _turns(ledger: Mapping[str, Update], rules: Rules, *, ready: Sequence[str]) -> Turns:
    return turns(list(ledger.values()), limits=rules.limits, most_wrong=rules.most_wrong, ready=ready)


async def _keep(field: Field, ledger: dict[str, Update], update: Update) -> None:
    if update != ledger[update.station_id]:
        await field.keep(update)
        ledger[update.station_id] = update


async def _several(act: Callable[[Update], Awaitable[None]], updates: Sequence[Update]) -> None:
    """Act on several stations at once, and let all of them end before any failure is told."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def in_turn(one: Update) -> None:
        async with room:
            await act(one)

    ended = await asyncio.gather(*map(in_turn, updates), return_exceptions=True)
    for problem in ended:
        if isinstance(problem, BaseException):
            raise problem
