"""Failures that may pass, and how long a partner may have us wait for the next attempt."""

from datetime import datetime
from email.utils import parsedate_to_datetime

MAX_WAIT_SECONDS = 120.0
"""Of one Retry-After, whatever it says."""


class Passing(Exception):
    """A failure that another attempt may not meet."""

    def __init__(self, problem: str, *, wait_seconds: float | None = None) -> None:
        self.problem, self.wait_seconds = problem, wait_seconds
        super().__init__(problem)


def retry_after(stated: str, *, now: datetime) -> float | None:
    """Return how long to wait: a Retry-After in seconds or as HTTP date, within reason; None where it says nothing."""
    if stated.strip().isdecimal():
        return min(float(stated), MAX_WAIT_SECONDS)
    try:
        wait = (parsedate_to_datetime(stated) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, 0.0), MAX_WAIT_SECONDS)


def wait(failure: Exception) -> bool | float:
    """Tell stamina whether to try again, and when, where the partner has said so."""
    if not isinstance(failure, Passing):
        return False
    return True if failure.wait_seconds is None else failure.wait_seconds
