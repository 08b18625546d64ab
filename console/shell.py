"""What every command shares with the shell: the home, the exit status, and how a result is shown."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from enum import IntEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from charging.errors import InRehearsal, SettingsError

T = TypeVar("T")

REHEARSAL, RECORD = "rehearsal", "rehearsal.json"
"""The folder of a rehearsal within its home, and the file there by which it is known."""
LEAVING = "for the real network end it (rehome rehearse --end), or name another home in REHOME_HOME"

AsJson = Annotated[bool, typer.Option("--json", help="Data on standard output as JSON, talk on standard error.")]


class Exit(IntEnum):
    """What the exit status says."""

    PASS = 0
    NO = 1
    ERROR = 2
    INCONCLUSIVE = 3
    REFUSED = 4


def home(*, is_made: bool = True, is_told: bool = True) -> Path:
    """Return the home, after telling Prefect, which reads its environment when first imported, where it lives.

    While a rehearsal is kept there, the command is about that one: with `is_told` it says so.

    Raises:
        SettingsError: if it is to be made where it is missing, and cannot be made or written to.
    """
    from console import prefect_home

    folder = Path(os.environ.get("REHOME_HOME", ".rehome")).resolve()
    if is_made:
        try:
            (folder / "prefect").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(folder, error.strerror) from None
        if not os.access(folder, os.W_OK):
            raise _unusable(folder, "it is read-only")
    os.environ |= prefect_home.prefect_environment(folder)
    if is_told and is_rehearsed(folder):
        place = folder / REHEARSAL
        print(f"rehome: this is about the rehearsal in {place}; {LEAVING}", file=sys.stderr)  # noqa: T201
    return folder


def own_work(purpose: str) -> Path:
    """Return the home for what is about the real network alone.

    Raises:
        InRehearsal: if a rehearsal is kept there.
        SettingsError: if the home cannot be made or written to.
    """
    folder = home(is_told=False)
    if is_rehearsed(folder):
        raise InRehearsal(purpose, str(folder), LEAVING)
    return folder


def work_there() -> None:
    """Let tasks, which find their home by themselves, work where the command is about.

    Raises:
        SettingsError: if the home cannot be made or written to.
    """
    folder = home()
    os.environ["REHOME_HOME"] = str(folder / REHEARSAL if is_rehearsed(folder) else folder)


def is_rehearsed(folder: Path) -> bool:
    """Whether a rehearsal is kept in this home."""
    return (folder / REHEARSAL / RECORD).exists()


def _unusable(folder: Path, problem: str | None) -> SettingsError:
    return SettingsError("REHOME_HOME", f"names {folder}: {problem}", "name a folder that you may write to")


def show(result: T, lines: Callable[[T], Iterable[str]], *, as_json: bool) -> None:
    """Print a result: as one JSON document, or as the lines that a person reads.

    `result` is anything of dataclasses, mappings, sequences and plain values.
    """
    from charging import canonical

    tolerate()
    if as_json:
        print(json.dumps(canonical.plain(result), indent=2))  # noqa: T201
    else:
        for line in lines(result):
            print(printable(line))  # noqa: T201
    sys.stdout.flush()


def tolerate() -> None:
    """Let standard output take whatever is shown: it may hold what the terminal's alphabet has not."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def printable(line: str) -> str:
    """Return a line without what would command a terminal: names come from a legacy, and may hold anything."""
    return "".join(character if character.isprintable() else "\ufffd" for character in line)
