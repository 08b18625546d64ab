"""Doing much at once without the collector of cycles, which would go through all of it again and again."""

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
