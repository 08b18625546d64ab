"""Two sides at the same time: loops and expressions on columns leave Python's lock alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def both(work: Callable[[Given], Made], one: Given, other: Given) -> tuple[Made, Made]:
    """Return what is made of two things. An error of either is raised once both have ended."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        later = beside.submit(work, other)
        now = work(one)
        return now, later.result()
