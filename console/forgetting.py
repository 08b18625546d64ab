"""`rehome forget`: which person is meant, and what became of every place where it stood."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from charging import settings as configuration
from charging.database import connection as database
from charging.errors import AnswerRefused
from charging.personal.forgetting import Kind
from console import workplace
from tasks import forgetting


def forget(home: Path, named: Mapping[str, str], *, by: str, reason: str, dry_run: bool) -> dict[str, Any]:
    """Forget the person that is named in one way.

    Raises:
        AnswerRefused: if nobody is named, or in two ways.
    """
    given = [(Kind(kind), text) for kind, text in named.items() if text.strip()]
    if len(given) != 1:
        raise AnswerRefused("this", "a person is named in one way", "pass --customer, --contract, --token or --email")
    ((kind, text),) = given
    settings = configuration.load(workplace.of(home))
    engine = database.connect(database.address(settings))
    try:
        return forgetting.forget(engine, settings, kind, text, by=by, reason=reason, dry_run=dry_run)
    finally:
        engine.dispose()


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is changed, what is kept and why, and what is to be published anew. Nothing of it names the person."""
    if not result["is_new"]:
        yield _row("as before", "this person has been forgotten already")
        return
    yield _row("known by", ", ".join(f"{number} {kind}" for kind, number in result["names"].items()))
    for place, number in result["places"].items():
        yield _row(str(number), place)
    for place, number in result["kept"].items():
        why = result["kept_because"].get(place)
        yield _row("kept", f"{number} rows of {place}" + (f": {why}" if why else ""))
    for report in result["reports"]:
        yield _row("publish anew", report)
    yield _row("totals", f"{len(result['totals'])} counts and sums, before and after alike")
    yield _row("request", result["request"])
    if result["dry_run"]:
        yield _row("dry run", "nothing was changed; --yes does it")


def _row(name: str, text: str) -> str:
    return f"{name:>18}  {text}"
