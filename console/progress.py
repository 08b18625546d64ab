"""Where things stand, as it happens: a live display for people, plain lines where there is no terminal, or NDJSON.

All of it goes to standard error; standard output is for results.
"""

import json
import sys
import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Telling(Protocol):
    """Something that can be told where things stand."""

    def begin(self, phase: str, title: str) -> None:
        """Say that a phase begins."""
        ...

    def advance(self, phase: str, done: int, total: int, detail: str) -> None:
        """Say how far a phase is."""
        ...

    def end(self, phase: str, outcome: str) -> None:
        """Say that a phase is over, and what came of it."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def choose(*, as_json: bool) -> Telling:
    """Return the way of telling that fits where standard error goes."""
    if as_json:
        return Events()
    return Display() if sys.stderr.isatty() else Lines()


class Lines:
    """One line when a phase ends, and while a long one goes on now and then one more."""

    EVERY_SECONDS = 5.0

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._told = self._began
        self._titles: dict[str, str] = {}

    def begin(self, phase: str, title: str) -> None:
        self._titles[phase] = title
        self._told = time.monotonic()

    def advance(self, phase: str, done: int, total: int, detail: str) -> None:
        if time.monotonic() - self._told >= self.EVERY_SECONDS:
            self._told = time.monotonic()
            self._say(f"{self._titles.get(phase, phase)}: {done} of {total} {detail}".rstrip())

    def end(self, phase: str, outcome: str) -> None:
        self._say(f"{self._titles.get(phase, phase)}: {outcome}")

    def _say(self, text: str) -> None:
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", file=sys.stderr, flush=True)  # noqa: T201

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Events:
    """One JSON object a line, for programs that watch."""

    def begin(self, phase: str, title: str) -> None:
        self._emit({"event": "begin", "phase": phase, "title": title})

    def advance(self, phase: str, done: int, total: int, detail: str) -> None:
        self._emit({"event": "advance", "phase": phase, "done": done, "total": total, "detail": detail})

    def end(self, phase: str, outcome: str) -> None:
        self._emit({"event": "end", "phase": phase, "outcome": outcome})

    def _emit(self, event: dict[str, object]) -> None:
        print(json.dumps(event), file=sys.stderr, flush=True)  # noqa: T201

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Display:
    """A bar for each phase, alive on the terminal."""

    def __init__(self) -> None:
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.fields[title]}", markup=False),  # a file may be called [/b]
            BarColumn(bar_width=24),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def begin(self, phase: str, title: str) -> None:
        self._tasks[phase] = self._bars.add_task("", total=None, title=title, detail="")

    def advance(self, phase: str, done: int, total: int, detail: str) -> None:
        shown = f"{done}/{total} {detail}".rstrip()
        self._bars.update(self._tasks[phase], completed=done, total=total, detail=shown)

    def end(self, phase: str, outcome: str) -> None:
        self._bars.update(self._tasks[phase], completed=1, total=1, detail=outcome)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
