"""Deciding on what stands in quarantine: one transaction holds the decision, a new judgement, and what follows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from charging import canonical
from charging.cleansing.answers import UNREADABLE, Choice
from charging.clock import system_clock
from charging.database.operations import quarantine as write
from charging.database.operations.quarantine import Decision
from charging.database.queries import clean
from charging.database.queries import quarantine as read
from charging.database.queries.quarantine import Case, Wanted
from charging.database.turns import take_turns
from charging.deciders import SHORTEST_NAME, is_named
from charging.errors import AnswerRefused, UnknownThing
from charging.settings import Settings
from charging.work_list.answered import corrections_of
from charging.work_list.columns import seen
from tasks import cleansing

ROWS = ("rows_in", "loaded", "merged", "quarantined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody decides about one case or many."""

    choice: Choice
    by: str
    because: str
    given: Sequence[str] = field(default_factory=tuple)
    """Corrected values, as `field=value`."""


def listed(engine: sa.Engine, wanted: Wanted) -> dict[str, Any]:
    """Return the cases that are meant, and how many there are of each owner, entity and rule."""
    with engine.connect() as connection:
        found = read.cases(connection, wanted)
    now = system_clock()
    return {
        "counts": [_aged(group, now) for group in read.counts(found)],
        "cases": [told(case, now) for case in found],
    }


def shown(engine: sa.Engine, key: str) -> dict[str, Any]:
    """Return everything about one case: its row, and every decision on it.

    Raises:
        UnknownThing: if there is no such case.
    """
    with engine.connect() as connection:
        (case,) = _require(connection, [key])
        before = read.history(connection, case)
    named = ("choice", "rule", "reason", "corrections", "decided_by", "decided_because", "decided_via", "decided_at")
    history = [{name: row[name] for name in named} for row in before]
    return told(case, system_clock()) | {
        "fields": seen(case.fields),
        "history": history,
    }


def told(case: Case, now: datetime) -> dict[str, Any]:
    """Return a case as it is listed."""
    names = ("kind", "source", "extract_id", "entity", "file", "line", "row_key", "rule", "reason", "owner", "partner")
    said = ("decision", "decided_by", "decided_because", "decided_at")
    return (
        {"key": f"Q-{case.key}"}
        | {name: getattr(case, name) for name in names}
        | {"first_at": case.first_at, "age_days": (now - case.first_at).days}
        | {name: getattr(case, name) for name in said}
    )


def decide(
    engine: sa.Engine, settings: Settings, wanted: Wanted, order: Order, *, via: str, dry_run: bool
) -> dict[str, Any]:
    """Decide on every case that is meant and waits, and let what is let go rejoin; with `dry_run` undo all of it.

    Raises:
        AnswerRefused: if nobody or no reason is named, or a case that is named by its key cannot be decided like this.
        UnknownThing: if there is no such case.
    """
    if not is_named(order.by):
        problem = f"{order.by.strip()!r} is too short a name" if order.by.strip() else "nobody is named who decides"
        raise AnswerRefused(
            "this", problem, f"say who with --by, in {SHORTEST_NAME} letters or more; it is written down"
        )
    if not order.because.strip():
        raise AnswerRefused("this", "no reason is given", "say why with --reason; it is written down")
    with engine.connect() as connection, connection.begin() as transaction:
        take_turns(connection, "cleanse")
        found = _require(connection, wanted.keys) if wanted.keys else read.cases(connection, wanted)
        decisions, refused = _decisions(found, order, is_named=bool(wanted.keys))
        done = apply(connection, settings, decisions, via=via)
        if dry_run:
            transaction.rollback()
    return done | {"dry_run": dry_run, "refused": refused}


def apply(connection: sa.Connection, settings: Settings, decisions: Sequence[Decision], *, via: str) -> dict[str, Any]:
    """Write decisions down, judge their rows anew, and return what became of each, and how the rows add up."""
    now = system_clock()
    extracts = sorted({one.case.extract_id for one in decisions})
    before = _accounts(connection, extracts)
    tables = sorted({(one.case.source, one.case.extract_id, one.case.entity) for one in decisions})
    stood = {
        (extract_id, entity): read.answers(connection, source=source, extract_id=extract_id, entity=entity)
        for source, extract_id, entity in tables
    }
    write.store_decisions(connection, decisions, via=via, at=now)
    for _, extract_id, entity in tables:
        places = {
            (one.case.file, one.case.line)
            for one in decisions
            if (one.case.extract_id, one.case.entity) == (extract_id, entity)
        }
        held = {place: answer for place, answer in stood[extract_id, entity].items() if place in places}
        cleansing.cleanse_rows_on(connection, settings, extract_id, entity=entity, places=places, stood=held, at=now)
    after = {case.key: case for case in read.cases(connection, Wanted(keys=[one.case.key for one in decisions]))}
    hanging = _hanging(connection, decisions)
    outcomes = [
        {
            "key": f"Q-{one.case.key}",
            "row_key": one.case.row_key,
            "entity": one.case.entity,
            "rule": one.case.rule,
            "choice": str(one.choice),
            "corrections": dict(one.corrections),
            "became": _became(one, after.get(one.case.key), hanging),
        }
        for one in decisions
    ]
    return {"cases": outcomes, "before": before, "after": _accounts(connection, extracts)}


def _became(one: Decision, after: Case | None, hanging: Mapping[tuple[str, str], Mapping[str, int]]) -> str:
    """Say where a row is now; `hanging` counts by entity and key what still names those that were taken out."""
    if _takes_out(one):
        names = ", ".join(
            f"{n} x {entity}" for entity, n in hanging.get((one.case.entity, one.case.row_key), {}).items()
        )
        return f"taken out; what names it stays until it is cleansed again: {names}" if names else "taken out"
    if one.choice is Choice.DISCARDED:
        return "stays out"
    if after is None or after.decision != Choice.WAITING:
        return "answered" if one.case.kind == "question" and not one.corrections else "rejoined"
    return f"waits again, {after.rule}: {after.reason}"


def _takes_out(one: Decision) -> bool:
    """Whether it takes out a row that was loaded: a question is about such a one."""
    return one.choice is Choice.DISCARDED and one.case.kind == "question"


def _hanging(connection: sa.Connection, decisions: Sequence[Decision]) -> dict[tuple[str, str], dict[str, int]]:
    out: defaultdict[str, set[str]] = defaultdict(set)
    for one in filter(_takes_out, decisions):
        out[one.case.entity].add(one.case.row_key)
    counts = {entity: clean.referring(connection, entity, keys) for entity, keys in out.items()}
    return {(entity, key): found for entity, named in counts.items() for key, found in named.items()}


def _decisions(found: Sequence[Case], order: Order, *, is_named: bool) -> tuple[list[Decision], list[dict[str, str]]]:
    """Return what is decided, and which cases of many cannot be decided like this."""
    decisions, refused = [], []
    for case in found:
        try:
            if (one := _decision(case, order)) is not None:
                decisions.append(one)
        except AnswerRefused as no:
            if is_named:
                raise
            refused.append({"key": f"Q-{case.key}", "problem": no.problem, "mend": no.mend})
    return decisions, refused


def _decision(case: Case, order: Order) -> Decision | None:
    """Return what is decided about one case; None where just that was decided before."""
    name = f"case Q-{case.key}"
    try:
        corrections = corrections_of(order.given, case.fields)
    except ValueError as error:
        raise AnswerRefused(name, str(error), "give it as --set field=value") from None
    choice = Choice.CORRECTED if corrections else order.choice
    if choice is Choice.WAITING:
        return _taken_back(case, order)
    if case.decision == choice and (case.decided_by, case.decided_because) == (order.by, order.because):
        return None
    if case.decision in read.LOADED:
        problem = f"{case.decided_by} has {case.decision} it, and it is loaded"
        raise AnswerRefused(name, problem, "take it back first: rehome quarantine take-back")
    if case.row_sha256 is None:
        raise AnswerRefused(name, "its row is not in landing", "extract the source again")
    if choice is Choice.RELEASED and case.kind == "row" and case.rule in UNREADABLE:
        problem = f"{case.rule} misses a value that only its owner can give ({case.reason})"
        raise AnswerRefused(name, problem, "give it with --set field=value, or discard the row")
    return Decision(case=case, choice=choice, by=order.by, because=order.because, corrections=corrections)


def _taken_back(case: Case, order: Order) -> Decision:
    """Return what puts a row back to where it waited."""
    name = f"case Q-{case.key}"
    if case.decision == Choice.WAITING:
        raise AnswerRefused(name, "it waits, so there is nothing to take back", "see rehome quarantine show")
    if case.row_sha256 is None:
        raise AnswerRefused(name, "its row is not in landing", "extract the source again")
    return Decision(case=case, choice=Choice.WAITING, by=order.by, because=order.because)


def _require(connection: sa.Connection, keys: Sequence[str] | Any) -> list[Case]:
    bare = [str(key).removeprefix("Q-").removeprefix("q-") for key in keys]
    found = {case.key: case for case in read.cases(connection, Wanted(keys=bare))}
    for key in bare:
        if key not in found:
            raise UnknownThing("case", f"Q-{key}", "see rehome quarantine list")
    return [found[key] for key in dict.fromkeys(bare)]


def _accounts(connection: sa.Connection, extracts: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"source": row["source"], "entity": row["entity"]}
        | {name: row[name] for name in (*ROWS, "kwh_before", "kwh_loaded", "kwh_quarantined", "kwh_adjusted")}
        for extract_id in extracts
        for row in clean.accounts(connection, extract_id=extract_id)
    ]


def _aged(group: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return dict(group) | {"oldest_days": (now - group["oldest_at"]) // timedelta(days=1)}


def changed_accounts(result: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield (before, after) of every account that a decision has changed."""
    for before, after in zip(result["before"], result["after"], strict=True):
        if canonical.plain(before) != canonical.plain(after):
            yield before, after
