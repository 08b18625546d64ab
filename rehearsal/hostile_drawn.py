"""Hostile behaviours that are drawn: any pages, with any of the recoverable troubles, at any moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from rehearsal.hostile_behaviour import Behaviour, Outcome, Place
from rehearsal.hostile_cdrs import VERSIONS
from rehearsal.hostile_pages import AS_IT_IS, Ask, answered, page, with_headers
from rehearsal.hostile_wire import Reply


class Trouble(StrEnum):
    """What happens at one request."""

    BUSY = "busy"
    TOO_MANY = "too_many"
    CUT_OFF = "cut_off"
    SERVER_ERROR = "server_error"
    ARRIVAL = "arrival"
    """A record comes, the youngest of all."""
    REMOVAL = "removal"
    CHANGE = "change"
    """A record is put out anew, under its id, and is the youngest from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a partner will behave."""

    size: int
    has_links: bool = True
    has_total: bool = True
    is_shuffled: bool = False
    is_listed_twice: bool = False
    troubles: Mapping[int, Trouble] = field(default_factory=dict)
    """By the number of the request for the list."""


def behaviour_of(plan: Plan) -> Behaviour:
    """Return a behaviour that carries a plan out. No two requests after one another fail."""
    return Behaviour(
        name="drawn",
        outcome=Outcome.EITHER,
        player=lambda ask: _play(plan, ask),
        place=Place.CDRS,
        count=0,
        versions=VERSIONS,
        is_slow=False,
    )


def _play(plan: Plan, ask: Ask) -> Reply:
    trouble = plan.troubles.get(ask.number)
    if trouble is not None and _changes(trouble, ask):
        ask.danger()
    shown = [truth for truth in ask.play.truths for _ in range(2 if plan.is_listed_twice else 1)]
    if plan.is_shuffled:
        ask.danger()
        ask.play.rng.shuffle(shown)
    honest = page(
        ask,
        truths=shown,
        size=plan.size,
        link=AS_IT_IS if plan.has_links else None,
        total=AS_IT_IS if plan.has_total else None,
    )
    failures = {
        Trouble.BUSY: Reply(status=503),
        Trouble.TOO_MANY: Reply(status=429, headers={"Retry-After": "1"}),
        Trouble.CUT_OFF: with_headers(honest, {}, body=honest.body[:-9]),
        Trouble.SERVER_ERROR: answered([], code=3000, message="no"),
    }
    if trouble in failures and plan.troubles.get(ask.number - 1) not in failures:
        ask.danger()
        return failures[trouble]
    return honest


def _changes(trouble: Trouble, ask: Ask) -> bool:
    truths = ask.play.truths
    if not truths:
        return False
    youngest = truths[-1].last_updated + timedelta(seconds=1)
    if trouble is Trouble.ARRIVAL:
        truths.append(replace(truths[0], cdr_id=f"{truths[0].cdr_id}-{ask.number}", last_updated=youngest))
    elif trouble is Trouble.REMOVAL:
        del truths[ask.play.rng.randrange(len(truths))]
        return True
    elif trouble is Trouble.CHANGE:
        changed = truths.pop(ask.play.rng.randrange(len(truths)))
        truths.append(replace(changed, net=changed.net + 1, last_updated=youngest))
    else:
        return False
    ask.play.remember(truths[-1])
    return True
