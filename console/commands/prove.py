"""`rehome prove`."""

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from console import shell
from console.commands.load import found_again

SHOWN = 20


def prove(*, as_json: shell.AsJson = False) -> None:
    """Prove counts, energy and fields from the source to what the target holds now. Nothing is written to it.

    Exit status 0 if every sum adds up and every row is there or was refused with a reason, 1 if not.
    """
    shell.work_there()
    from tasks import proving

    result = proving.prove.fn()
    shell.show(result, lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if result["is_proven"] else shell.Exit.NO)


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield every sum, what the target did to fields, and the rows that are not there."""
    yield _row("target", result["target"])
    for text in found_again(result.get("found_by", {})):
        yield _row("found again by", text)
    for one in result["lines"]:
        away = "".join(
            f" {'-' if not number.startswith('-') else '+'} {number.lstrip('-')} {name}"
            for name, number in one["exceptions"].items()
        )
        mark = "" if one["adds_up"] else "   DOES NOT ADD UP"
        yield _row(one["subject"], f"{one['before']} {one['unit']}{away} = {one['after']} ({one['step']}){mark}")
    for one in result["fields"]:
        yield _row("field", f"{one['entity']} {one['field']}: {one['what']} in {one['rows']} rows{_sample(one)}")
    for one in result["rows"][:SHOWN]:
        yield _row("exception", f"{one['entity']} {one['key']}: {one['kind']}: {one['reason']}")
    if len(result["rows"]) > SHOWN:
        yield _row("", f"and {len(result['rows']) - SHOWN} more: --json lists all")
    yield _row("adds up", "yes" if result["adds_up"] else "NO")
    yield _row("settled", "yes" if result["is_settled"] else "NO: rows above are not at the target as they should be")
    if result.get("page"):
        yield _row("page", result["page"])


def _sample(one: Mapping[str, Any]) -> str:
    if one["what"] == "no place" or not one["samples"]:
        return ""
    key, ours, theirs = one["samples"][0]
    return f", as {key}: ours {ours!r}, theirs {theirs!r}"


def _row(name: str, text: str) -> str:
    return f"{name:>32}  {text}"
