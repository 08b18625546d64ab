"""Late or missing? Learnt, partner by partner, from how long its CDRs took to come."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

LEAST = 200
"""From fewer CDRs nothing is learnt: of so many, the share below is the last but one."""
SHARE = Fraction(995, 1000)
LONGEST = timedelta(days=92)
"""However slow a partner has been, after so long a CDR is missing."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """How many CDRs of a partner came so many whole hours after their session ended, rounded up."""

    by_hour: Mapping[int, int]

    @property
    def total(self) -> int:
        """How many came."""
        return sum(self.by_hour.values())

    def within(self, delay: timedelta) -> Fraction:
        """Return the share that had come by then, exactly."""
        came = sum(number for hours, number in self.by_hour.items() if hours * HOUR <= delay)
        return Fraction(came, self.total) if self.total else Fraction(0)

    def quantile(self, share: Fraction) -> timedelta:
        """Return the shortest delay within which at least that share came: one that was seen, never in between.

        Raises:
            ValueError: if none has come, or the share is not above 0 and at most 1.
        """
        if not self.total or not 0 < share <= 1:
            raise ValueError(f"there is no delay within which {share} of {self.total} came")
        wanted, came = math.ceil(share * self.total), 0
        for hours in sorted(self.by_hour):
            came += self.by_hour[hours]
            if came >= wanted:
                return hours * HOUR
        raise AssertionError  # the last delay has all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """After how long a CDR is missing, and by what one knows."""

    after: timedelta
    is_learnt: bool
    sample: int


def learnt(arrivals: Arrivals, *, agreed: timedelta) -> Lateness:
    """Return after how long a CDR of a partner is missing: by its own past, or as agreed while that is too short.

    A night is added to what was seen: what comes is noticed once a day.
    """
    if arrivals.total < LEAST:
        return Lateness(after=agreed, is_learnt=False, sample=arrivals.total)
    after = min(arrivals.quantile(SHARE) + timedelta(days=1), LONGEST)
    return Lateness(after=after, is_learnt=True, sample=arrivals.total)
