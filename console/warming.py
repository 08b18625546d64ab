"""Importing what is slow to import, beside the waiting for parts that are slow to start."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from console.prefect_home import prefect_environment

HEAVY = ("console.scenario", "great_expectations.data_context.types.base", "altair", "vl_convert")
"""All that a rehearsal imports late, in the order of its need: the flows with Prefect, data quality, charts."""


@contextmanager
def warming() -> Iterator[Callable[[Path], None]]:
    """Yield what begins to import, in a thread, what comes later; who needs it before waits at his own import.

    The environment is set first, by which Prefect finds this home's server when it is imported. However the block ends,
    what was begun is waited for: a process that is about to end lets no library start.
    """
    is_over = threading.Event()
    begun: list[threading.Thread] = []

    def warm_up(home: Path) -> None:
        os.environ.update(prefect_environment(home))
        begun.append(threading.Thread(target=_import, args=(is_over,), name="warming"))
        begun[-1].start()

    try:
        yield warm_up
    finally:
        is_over.set()
        for thread in begun:
            thread.join()


def _import(is_over: threading.Event) -> None:
    for name in HEAVY:
        if not is_over.is_set():
            import_module(name)
