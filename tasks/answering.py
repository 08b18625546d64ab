"""Answers for what stands in quarantine, as a flow gives them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import task

from charging import canonical
from charging import settings as configuration
from charging.cleansing.answers import Choice
from charging.database.queries.quarantine import Wanted
from charging.errors import AnswerRefused
from charging.work_list.columns import WORDS
from tasks import opening, quarantine, work_lists
from tasks.quarantine import Order


@task
def decide(
    meant: Mapping[str, str], *, decision: str, corrected: Sequence[str], by: str, reason: str, dry_run: bool
) -> dict[str, Any]:
    """Decide on one case, or on all that wait and are meant.

    Raises:
        AnswerRefused: if nothing says which cases are meant, who decides, or why.
    """
    if not any(meant.values()):
        raise AnswerRefused("this", "nothing says which cases are meant", "name one, or a party, an entity or a rule")
    key = meant["key"]
    others = {name: meant[name] or None for name in ("owner", "entity", "rule")}
    wanted = Wanted(keys=(key,)) if key else Wanted(**others, decision=str(Choice.WAITING))  # type: ignore[arg-type]
    order = Order(choice=WORDS[decision], by=by, because=reason, given=tuple(corrected))
    settings = configuration.load()
    with opening.engine(settings) as engine:
        return _plain(quarantine.decide(engine, settings, wanted, order, via="form", dry_run=dry_run))


@task
def take_list(file: str, *, only_good: bool, dry_run: bool) -> dict[str, Any]:
    """Take a list that a party has answered, whole or not at all.

    Raises:
        SourceError: if it cannot be read as a list of ours.
    """
    path, settings = Path(file), configuration.load()
    content = work_lists.content_of(path)
    form = "xlsx" if path.suffix.casefold() == ".xlsx" else "csv"
    with opening.engine(settings) as engine:
        return _plain(
            work_lists.taken_in(
                engine, settings, content, name=path.name, form=form, dry_run=dry_run, only_good=only_good
            )
        )


@task
def waiting() -> dict[str, Any]:
    """Return what waits, and for whom."""
    with opening.engine() as engine:
        return _plain(quarantine.listed(engine, Wanted(decision=str(Choice.WAITING))))


def _plain(result: Mapping[str, Any]) -> dict[str, Any]:
    plain = canonical.plain(result)
    assert isinstance(plain, dict)  # noqa: S101 - a mapping is written as one
    return dict(plain)
