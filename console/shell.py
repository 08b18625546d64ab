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

from charging.errors import SettingsError

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Data on standard output as JSON, talk on standard error.")]


class Exit(IntEnum):
    """What the exit status says."""

    PASS = 0
    NO = 1
    ERROR = 2
    INCONCLUSIVE = 3
    REFUSED = 4


def home(*, is_made: bool = True) -> Path:
    """Return the home, after telling Prefect, which reads its environment when first imported, where it lives.

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
    return folder


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
