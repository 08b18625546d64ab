"""Stopping the line: how much of what drivers use may wait in quarantine before nothing goes on (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

LIMITS: Mapping[str, Fraction] = {"station": Fraction(5, 100), "token": Fraction(2, 100)}
"""The dirt catalogue's own: of the stations that are loaded or wait, and of the tokens. Gates judge by them, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many rows of an entity wait, of all that are loaded or wait."""

    entity: str
    count: int
    total: int


def stopped(found: Iterable[Waiting]) -> tuple[str, ...]:
    """Return why the line stands still, a sentence for each entity; empty where it runs."""
    return tuple(_reason(each) for each in found if each.total and _share(each) > LIMITS[each.entity])


def _reason(found: Waiting) -> str:
    return (
        f"{found.count} of {found.total} {found.entity}s wait in quarantine "
        f"({_percent(_share(found))}, limit {_percent(LIMITS[found.entity])}): "
        f"rehome quarantine list --entity {found.entity}"
    )


def _share(found: Waiting) -> Fraction:
    return Fraction(found.count, found.total)


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):.2f} %"
