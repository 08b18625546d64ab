"""`rehome load`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from console import shell

SHOWN = 20
WIDTH = 100
"""Of a line, in characters: what is longer is cut, with how much of it is missing; `--json` has all."""
_NAME = 18


def load(
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this, only show what would be done.")] = False,  # noqa: FBT002
    despite: Annotated[str, typer.Option(help="Why to go on though too much stands in quarantine.")] = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Show what the target lacks and what it would not be told; with --yes load it, and read everything back.

    Exit status 1 if a row is not at the target as it should be.
    """
    shell.work_there()
    from tasks import loading

    result = loading.load.fn(dry_run=not yes, despite=despite)
    shell.show(result, lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if result["is_settled"] else shell.Exit.NO)


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person reads, in lines that a terminal holds, and where to read the whole of one that is cut."""
    shown = list(_lines(result))
    yield from shown
    if any(line.endswith((" more characters)", " more fields", " fields")) for line in shown):
        yield _row("", "lines that say how much more there is are whole with --json")


def found_again(found_by: Mapping[str, str]) -> Iterator[str]:
    """Yield by what the rows of files are found again, and what cannot be proven without a key."""
    from charging.targets.csv_keys import KEY, WHOLE_ROWS

    for column, files in sorted(
        (column, [what for what in found_by if found_by[what] == column]) for column in set(found_by.values())
    ):
        if column == KEY:
            yield f"{KEY}, the last column: by it the same row is found again in every file"
        elif column == WHOLE_ROWS:
            yield f"{', '.join(files)}: whole rows only; one that reads otherwise counts as missing"
        else:
            yield f"{', '.join(files)}: the column {column}"


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the counts, field by field what changes, and every row that stays out."""
    what = "dry run: nothing was sent" if result["dry_run"] else "done, and read back"
    yield _row("target", f"{result['target']} ({what})")
    yield from (_row("found again by", text) for text in found_again(result["found_by"]))
    for entity, actions in result["by_entity"].items():
        yield _row(entity, ", ".join(f"{number} {action}" for action, number in actions.items() if number))
    for entity, number in result["not_taken"].items():
        yield _row(entity, f"{number} that the target has no place for")
    if result["verdicts"]:
        yield _row("seen at target", ", ".join(f"{number} {name}" for name, number in result["verdicts"].items()))
    yield from _some(result["changes"], "change", _change)
    yield from _some(
        result["kept"],
        "kept",
        lambda one: f"{one['entity']} {one['key']}: {one['field']} {one['theirs']!r}, ours {one['ours']!r}",
    )
    yield from _some(
        result["refused"], "stays out", lambda one: f"{one['entity']} {one['key']}: {one['verdict']}: {one['reason']}"
    )
    yield _row("settled", "yes" if result["is_settled"] else "NO: run it again, or see the rows above")


def _change(one: Mapping[str, Any]) -> str:
    head = f"{one['action']} {one['entity']} {one['key']}: "
    fields = [f"{name}: {before!r} -> {after!r}" for name, (before, after) in one["fields"].items()]
    for kept in range(len(fields), 0, -1):
        left = f" and {len(fields) - kept} more fields" if kept < len(fields) else ""
        if len(text := f"{head}{', '.join(fields[:kept])}{left}") <= WIDTH - _NAME - 2:
            return text
    return f"{head}{len(fields)} fields" if len(fields) > 1 else head + "".join(fields)


def _cut(text: str, room: int) -> str:
    """Return a text that fits, with how much of it is missing."""
    if len(text) <= room:
        return text
    kept = room - len(f"… ({len(text)} more characters)")
    return f"{text[:kept]}… ({len(text) - kept} more characters)"


def _some(rows: Any, name: str, told: Any) -> Iterator[str]:
    for row in rows[:SHOWN]:
        yield _row(name, told(row))
    if len(rows) > SHOWN:
        yield _row("", f"and {len(rows) - SHOWN} more: --json lists all")


def _row(name: str, text: str) -> str:
    return f"{name:>{_NAME}}  {_cut(text, WIDTH - _NAME - 2)}"
