"""Doing much at once without the collector of cycles, or with little of it: it goes through all of it each time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let Python look for no cycles inside the block, and as before after it; what nobody names is freed all the same.

    A share of sessions is half a million objects, and all of them are needed to its end: a quarter of the time that
    judging takes would go into finding that out. What a block may hold is bounded, so its memory is.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


_SELDOM = 50_000
"""Objects that came and stayed before cycles are looked for among them; Python's own is 700."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let Python look for cycles less often inside the block, and as before after it.

    A wave of thousands is hundreds of thousands of objects that are all needed to its end; half of the engine's time
    would go into finding that out. It may last for hours, so that cycles are not left lying, as in `uncollected`.
    """
    young, *older = gc.get_threshold()
    gc.set_threshold(_SELDOM, *older)
    try:
        yield
    finally:
        gc.set_threshold(young, *older)
