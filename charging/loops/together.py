"""Two things at the same time: loops and expressions on columns leave Python's lock alone, as does who waits."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def both(work: Callable[[Given], Made], one: Given, other: Given) -> tuple[Made, Made]:
    """Return what is made of two things. An error of either is raised once both have ended."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        later = beside.submit(work, other)
        now = work(one)
        return now, later.result()


def ahead(parts: Iterator[Made]) -> Iterator[Made]:
    """Yield the same parts, each of which is made while the one before it is in use: two are there at a time.

    Whoever stops early waits for the one that is being made.
    """
    end = object()
    with ThreadPoolExecutor(max_workers=1) as beside:
        later = beside.submit(next, parts, end)
        while (now := later.result()) is not end:
            later = beside.submit(next, parts, end)
            yield now  # type: ignore[misc]


class Beside:
    """One piece of work at a time that goes on beside whoever has begun it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._work: Future[None] | None = None

    def begin(self, work: Callable[[], None]) -> None:
        """Begin a piece of work when the one before has ended, whose error is raised here: nothing is begun then."""
        self.wait()
        self._work = self._thread.submit(work)

    def wait(self) -> None:
        """Return when nothing goes on any more; an error of what did is raised here, once."""
        work, self._work = self._work, None
        if work is not None:
            work.result()
