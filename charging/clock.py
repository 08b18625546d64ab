"""The clock, as something that is handed in: rules and engines never ask the machine for the time."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present instant, aware and in UTC."""


def system_clock() -> datetime:
    """Return the machine's present instant in UTC. Only the edges (console, tasks, rehearsal) may call this."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place where the machine is asked
