"""How often somebody may try and fail: a few times a minute under one name."""

from collections import deque
from collections.abc import Iterable

PER_MINUTE = 5
_MINUTE = 60.0
_MOST = 20_000
"""Names that are remembered: more at once are an attack, and the oldest are forgotten."""


class Attempts:
    """Counts failures by name. Times are seconds of a clock that never goes back."""

    def __init__(self, *, per_minute: int = PER_MINUTE) -> None:
        self._limit = per_minute
        self._failed: dict[str, deque[float]] = {}

    def are_spent(self, names: Iterable[str], *, now: float) -> bool:
        """Whether one of the names has failed too often within the last minute."""
        return any(len(self._recent(name, now)) >= self._limit for name in names)

    def fail(self, names: Iterable[str], *, now: float) -> None:
        """Note a failure under each of the names."""
        for name in names:
            recent = self._recent(name, now)
            recent.append(now)
            self._failed[name] = recent
        while len(self._failed) > _MOST:
            del self._failed[next(iter(self._failed))]

    def succeed(self, names: Iterable[str]) -> None:
        """Forget the failures under these names: whoever has the secret is no guesser."""
        for name in names:
            self._failed.pop(name, None)

    def _recent(self, name: str, now: float) -> deque[float]:
        recent = self._failed.get(name)
        if recent is None:
            return deque(maxlen=self._limit)
        while recent and recent[0] <= now - _MINUTE:
            recent.popleft()
        if not recent:
            self._failed.pop(name, None)
        return recent
