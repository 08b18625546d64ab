"""No more requests in a second than the other side has been promised."""

import time
from collections.abc import Callable


class Pace:
    """Lets the caller go on when it is its turn. Clock and sleep are handed in for those who cannot wait."""

    def __init__(
        self,
        per_second: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._between, self._now, self._sleep, self._next = 1 / per_second, now, sleep, 0.0

    def __call__(self, _request: object = None) -> None:
        """Wait for the next turn."""
        now = self._now()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._between
