"""Telling apart the two instants of a local time in the hour that clocks repeat: by the order of what was written."""

from collections.abc import Sequence
from datetime import datetime

Meanings = Sequence[datetime]
"""Every instant that a written time can mean, the earlier first."""


def in_order(times: Sequence[Meanings]) -> list[datetime | None]:
    """Return the one instant of each time that leaves all of them in their order; None where it leaves two, or none.

    The earliest and the latest way of reading the whole list are compared: where they agree, nothing else is possible.
    """
    earliest: list[datetime | None] = []
    latest: list[datetime | None] = []
    bound: datetime | None = None
    for meanings in times:
        bound = next((each for each in meanings if bound is None or each >= bound), None) if meanings else None
        earliest.append(bound)
    bound = None
    for meanings in reversed(times):
        bound = next((each for each in reversed(meanings) if bound is None or each <= bound), None)
        latest.append(bound)
    latest.reverse()
    return [one if one == other else None for one, other in zip(earliest, latest, strict=True)]
