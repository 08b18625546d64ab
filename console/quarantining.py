"""`rehome quarantine`: what waits, deciding on it, and lists that go out and come back."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging import settings as configuration
from charging.cleansing.answers import Choice
from charging.cleansing.issuers import party
from charging.cleansing.rules import RULES
from charging.cleansing.verdict import Owner
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.queries import landing
from charging.database.queries.quarantine import Wanted
from charging.errors import AnswerRefused, SettingsError, UnknownThing
from charging.legacy.source import COLUMNS
from charging.settings import Settings
from console import workplace
from console.summary import command
from expectations.check import SUITES
from expectations.expectation import Given
from tasks import quarantine, work_lists

MOST_SHOWN = 40
MOST_NEAR = 5
Word = quarantine.Order


def meant(
    *,
    key: str | None = None,
    owner: str | None = None,
    partner: str | None = None,
    entity: str | None = None,
    rule: str | None = None,
    source: str | None = None,
    older_than: int | None = None,
    decision: Choice | None = None,
) -> Wanted:
    """Return which cases a command line means; without a key, those that wait.

    Raises:
        UnknownThing: if a partner is not named by country and party, or there is no such party, entity or rule.
    """
    if partner and not party(partner):
        raise UnknownThing("roaming partner", partner, "name it by country and party, as NL-TNM")
    if owner and owner not in set(Owner):
        raise UnknownThing("party", owner, f"choose one of {', '.join(Owner)}")
    if entity and entity not in COLUMNS:
        raise UnknownThing("entity", entity, f"choose one of {', '.join(COLUMNS)}")
    if rule:
        _require_rule(rule)
    before = None if older_than is None else system_clock() - timedelta(days=older_than)
    return Wanted(
        keys=(key,) if key else (),
        owner=owner,
        partner=party(partner) if partner else None,
        entity=entity,
        rule=rule,
        source=source,
        decision=None if key else str(decision or Choice.WAITING),
        before=before,
    )


def _require_rule(rule: str) -> None:
    """Refuse a rule that neither cleansing nor a suite has."""
    given = Given(as_of=system_clock())
    known = RULES | {each.expectation_id for suite in SUITES.values() for each in suite(given)}
    if rule in known:
        return
    about = [name for name in sorted(known) if name.partition(".")[0] == rule.partition(".")[0]]
    near = get_close_matches(rule.casefold(), sorted(known), n=MOST_NEAR) or about[: 2 * MOST_NEAR]
    mend = f"near it are {', '.join(near)}" if near else "see the column rule of rehome quarantine list"
    raise UnknownThing("rule", rule, mend)


def _require_source(engine: sa.Engine, source: str) -> None:
    """Refuse a source of which nothing was ever extracted."""
    with engine.connect() as connection:
        known = landing.sources(connection)
    if source not in known:
        raise UnknownThing("source", source, f"there are extracts of: {', '.join(known) or 'none'}")


def listed(home: Path, wanted: Wanted) -> dict[str, Any]:
    """Return the cases that are meant, and their counts.

    Raises:
        UnknownThing: if there is no such source.
    """
    with _opened(home, wanted) as (engine, _):
        return quarantine.listed(engine, wanted)


def shown(home: Path, key: str) -> dict[str, Any]:
    """Return one case with its row and its history.

    Raises:
        UnknownThing: if there is no such case.
    """
    with _opened(home) as (engine, _):
        return quarantine.shown(engine, key)


def decide(home: Path, wanted: Wanted, word: Word, *, dry_run: bool) -> dict[str, Any]:
    """Decide on what is meant.

    Raises:
        AnswerRefused: if nothing says which cases are meant: an empty command line never means all of them.
        UnknownThing: if there is no such source.
    """
    if not (wanted.keys or wanted.owner or wanted.partner or wanted.entity or wanted.rule or wanted.source):
        raise AnswerRefused(
            "this", "nothing says which cases are meant", "name one (Q-…), or --owner, --entity, --rule"
        )
    with _opened(home, wanted) as (engine, settings):
        return quarantine.decide(engine, settings, wanted, word, via="console", dry_run=dry_run)


def export(home: Path, wanted: Wanted, file: Path) -> dict[str, Any]:
    """Write a list of what is meant.

    Raises:
        SettingsError: if the file's name does not say what it is to be.
        SeveralPartners: if it would tell a roaming partner what is another party's.
        UnknownThing: if there is no such source.
    """
    with _opened(home, wanted) as (engine, _):
        content, cases = work_lists.written(engine, wanted, form=_form(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(file)
    return {"file": str(file), "cases": cases}


def take_in(home: Path, file: Path, *, dry_run: bool, only_good: bool) -> dict[str, Any]:
    """Take an answered list.

    Raises:
        SourceError: if the file cannot be read as a list of ours.
    """
    content = work_lists.content_of(file)
    with _opened(home) as (engine, settings):
        return work_lists.taken_in(
            engine, settings, content, name=file.name, form=_form(file), dry_run=dry_run, only_good=only_good
        )


def _form(file: Path) -> str:
    form = file.suffix.casefold().removeprefix(".")
    if form not in {"xlsx", "csv"}:
        raise SettingsError("FILE", f"is {file.name}, which is neither .xlsx nor .csv", "name it so")
    return form


@contextmanager
def _opened(home: Path, wanted: Wanted | None = None) -> Iterator[tuple[sa.Engine, Settings]]:
    settings = configuration.load(workplace.of(home))
    engine = database.connect(database.address(settings))
    try:
        if wanted is not None and wanted.source:
            _require_source(engine, wanted.source)
        yield engine, settings
    finally:
        engine.dispose()


def list_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the counts by party and rule, then the oldest cases."""
    if not result["cases"]:
        yield "nothing of that kind is in quarantine"
        return
    yield f"{'cases':>7}  {'oldest':>7}  {'whose turn':22} {'entity':10} {'rule':18} decision"
    for group in result["counts"]:
        kind = " (question)" if group["kind"] == "question" else ""
        yield (
            f"{group['cases']:>7}  {group['oldest_days']:>5} d  {group['owner']:22} {group['entity']:10} "
            f"{group['rule']:18} {group['decision']}{kind}"
        )
    yield ""
    for case in result["cases"][:MOST_SHOWN]:
        yield f"{case['key']}  {case['age_days']:>4} d  {case['entity']} {case['row_key']}: {case['reason']}"
    if len(result["cases"]) > MOST_SHOWN:
        yield f"… and {len(result['cases']) - MOST_SHOWN} more: --json, or {command()} quarantine export FILE.xlsx"


def case_lines(case: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything about one case."""
    yield _row("case", f"{case['key']} ({case['kind']})")
    yield _row("row", f"{case['entity']} {case['row_key']}, line {case['line']} of {case['file']}")
    yield _row("extract", case["extract_id"])
    yield _row("what is wrong", f"{case['rule']}: {case['reason']}")
    yield _row("whose turn", f"{' '.join(filter(None, (case['owner'], case['partner'])))}, for {case['age_days']} days")
    for name, value in case["fields"].items():
        yield _row(name, "-" if value is None else str(value))
    for made in case["history"]:
        values = "".join(f" {name}={value}" for name, value in made["corrections"].items())
        yield _row(
            f"{made['decided_at']:%Y-%m-%d %H:%M}",
            f"{made['choice']}{values} by {made['decided_by']} ({made['decided_via']}): {made['decided_because']}",
        )
    yield _row("decision", case["decision"])


def decision_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what became, or would become, of each row, and how the counts add up then."""
    if not result["cases"] and not result["refused"]:
        yield _row("as before", "nothing of that kind waits, or all of it was decided so before")
    yield from _outcomes(result)
    for no in result["refused"]:
        yield _row("not decided", f"{no['key']}: {no['problem']}; {no['mend']}")
    if result["dry_run"]:
        yield _row("dry run", "nothing was changed; --yes does it")


def export_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was written."""
    yield _row("written", f"{result['file']}: {result['cases']} cases")


def import_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the list says, what of it cannot be taken and why, and what becomes of the rest."""
    yield _row(
        "list",
        f"{result['lines']} lines: {result['answered']} answered, {result['as_before']} as before, "
        f"{result['unanswered']} still to answer, {len(result['problems'])} that cannot be taken",
    )
    for no in result["problems"][:MOST_SHOWN]:
        yield _row(f"line {no['row']}", f"{no['column']}: {no['problem']}; {no['mend']}")
    if len(result["problems"]) > MOST_SHOWN:
        yield _row("", f"… and {len(result['problems']) - MOST_SHOWN} more: --json")
    yield from _outcomes(result)
    if result["is_refused"]:
        yield _row("not taken", "nothing was changed: mend these lines, or take the others with --only-good")
    elif result["dry_run"]:
        yield _row("dry run", "nothing was changed; --yes does it")


def _outcomes(result: Mapping[str, Any]) -> Iterator[str]:
    for case in result["cases"][:MOST_SHOWN]:
        values = "".join(f" {name}={value}" for name, value in case["corrections"].items())
        choice = "taken back" if case["choice"] == Choice.WAITING else case["choice"]
        yield _row(choice, f"{case['key']} {case['entity']} {case['row_key']}{values}: {case['became']}")
    if len(result["cases"]) > MOST_SHOWN:
        yield _row("", f"… and {len(result['cases']) - MOST_SHOWN} more")
    for before, after in quarantine.changed_accounts(result):
        yield _row(f"{after['source']} {after['entity']}", _change(before, after, ("loaded", "merged", "quarantined")))
        if kwh := _change(before, after, ("kwh_loaded", "kwh_quarantined", "kwh_adjusted")):
            yield _row("kWh", kwh)


def _change(before: Mapping[str, Any], after: Mapping[str, Any], names: Sequence[str]) -> str:
    changed = (name for name in names if before[name] != after[name])
    return ", ".join(f"{before[name]} → {after[name]} {name.removeprefix('kwh_')}" for name in changed)


def _row(name: str, text: str) -> str:
    return f"{name:>18}  {text}"
