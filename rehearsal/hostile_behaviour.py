"""What a hostile behaviour is, and what a client must make of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rehearsal.hostile_cdrs import VERSIONS
from rehearsal.hostile_pages import Ask
from rehearsal.hostile_wire import Reply


class Outcome(StrEnum):
    """What may come of it. Whatever comes, it is never a complete pull that lacks a record."""

    ALL = "all"
    """Every record can be had, so it must be."""
    SAID = "said"
    """Not every record can be had, or not surely: it must be said why."""
    EITHER = "either"


class Place(StrEnum):
    """Which endpoint misbehaves; the others are honest."""

    VERSIONS = "versions"
    DETAILS = "details"
    CREDENTIALS = "credentials"
    CDRS = "cdrs"


Player = Callable[[Ask], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One way of being hostile."""

    name: str
    outcome: Outcome
    player: Player
    place: Place
    count: int
    """How many records it has in the period."""
    versions: tuple[str, ...]
    is_slow: bool
    """Whether it keeps a client waiting."""


def behaviour(
    table: dict[str, Behaviour],
    outcome: Outcome,
    *,
    place: Place = Place.CDRS,
    count: int = 23,
    versions: tuple[str, ...] = VERSIONS,
    is_slow: bool = False,
) -> Callable[[Player], Player]:
    """Put a player into a table of behaviours, under its own name."""

    def entered(player: Player) -> Player:
        table[player.__name__] = Behaviour(
            name=player.__name__,
            outcome=outcome,
            player=player,
            place=place,
            count=count,
            versions=versions,
            is_slow=is_slow,
        )
        return player

    return entered
