"""The folder in which a night's parts lie while it is judged: it goes with the night, however that ends."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = "rehome.lock"
_PREFIX = "night-"


@contextmanager
def night_folder(place: Path | None) -> Iterator[Path]:
    """Make a folder in a place (None: this machine's own) that is there until the end.

    A night that is killed leaves its folder behind, but not its hold on the lock in it: what nobody holds any more is
    swept before.
    """
    parent = place or Path(tempfile.gettempdir())
    _sweep(parent)
    with tempfile.TemporaryDirectory(prefix=f".{_PREFIX}", dir=parent) as made, Path(made, LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Under a name that is swept only now: it is never seen without somebody's hold on it.
        folder = Path(made).rename(parent / Path(made).name.removeprefix("."))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    for lock in parent.glob(f"{_PREFIX}*/{LOCK}"):
        with suppress(OSError), lock.open("r+") as held:  # held by a living night, another account's, or gone meanwhile
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
