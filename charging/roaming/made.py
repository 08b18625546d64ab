"""What was already made of values that many records repeat."""

from collections.abc import Callable, Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
MOST = 500_000
"""So many are remembered; of more, it begins anew: a list of millions must fit in memory."""


class Made(dict[K, V]):
    """What is made of each of many values, once for each as long as it is remembered."""

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> V:
        """Make what is asked for first."""
        if len(self) >= MOST:
            self.clear()
        made = self[key] = self._make(key)
        return made
