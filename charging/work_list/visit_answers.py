"""Judging an answered list of work orders: every line is taken, said to be unanswered, or refused with the mend."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from charging.deciders import is_named
from charging.errors import MissingColumns, UnreadableSource
from charging.migration.visits import Outcome, Report, State
from charging.work_list.answered import Problem
from charging.work_list.columns import KEY
from charging.work_list.visit_sheet import ANSWERS, BY, CONTACT, FIXED, HEADER, NOTE, OUTCOME, Order, cells

_WORDS = {str(outcome): outcome for outcome in Outcome}
_VOLATILE = frozenset({"State", "Why"})
"""What may have changed since the list was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of every line."""

    lines: int
    reports: tuple[Report, ...]
    as_before: int
    """Lines of orders that are done already."""
    unanswered: int
    problems: tuple[Problem, ...]


def judge(found: Iterable[tuple[int, Sequence[str]]], orders: Mapping[str, Order], *, name: str) -> Judged:
    """Judge every line; `orders` are those of the plan, by key.

    Raises:
        MissingColumns: if a column of ours is missing.
        UnreadableSource: if there is no line at all.
    """
    rows = iter(found)
    columns = [column.strip() for column in next(rows, (0, ()))[1]]
    if not columns:
        raise UnreadableSource(name, "it is empty", "export the list anew and answer that")
    if missing := [column for column in HEADER if column not in columns]:
        raise MissingColumns(name, missing, columns)
    lines = [(row, dict.fromkeys(columns, "") | dict(zip(columns, values, strict=False))) for row, values in rows]
    lines = [(row, line) for row, line in lines if any(line.values())]
    times = Counter(line[KEY] for _, line in lines)
    reports: list[Report] = []
    problems: list[Problem] = []
    as_before = unanswered = 0
    for row, line in lines:
        if problem := _problem(line, orders, times=times):
            column, what, mend = problem
            problems.append(Problem(row=row, key=line[KEY], column=column, problem=what, mend=mend))
        elif not line[OUTCOME].strip():
            unanswered += 1
        elif orders[line[KEY]]["state"] == State.DONE:
            as_before += 1
        else:
            reports.append(_report(line))
    return Judged(
        lines=len(lines),
        reports=tuple(reports),
        as_before=as_before,
        unanswered=unanswered,
        problems=tuple(problems),
    )


def _report(line: Mapping[str, str]) -> Report:
    return Report(
        station_id=line["Station"],
        outcome=_WORDS[line[OUTCOME].strip().casefold()],
        by=line[BY].strip(),
        note=line[NOTE].strip(),
        contact=line[CONTACT].strip() or None,
    )


def _problem(
    line: Mapping[str, str], orders: Mapping[str, Order], *, times: Mapping[str, int]
) -> tuple[str, str, str] | None:
    """Return what is wrong with a line: the column, the problem and the mend."""
    order = orders.get(line[KEY])
    if order is None:
        return KEY, "there is no work order of this key", "put it back as it was sent, or export the list anew"
    if times[line[KEY]] > 1:
        return KEY, f"this order stands here {times[line[KEY]]} times", "answer it once"
    sent = cells(order)
    for column in FIXED:
        if column not in _VOLATILE and line[column].replace("\r\n", "\n") != sent[column]:
            return column, f"it was sent as {sent[column][:60]!r}", "put it back as it was sent"
    for column in ANSWERS:
        if line[column].startswith("="):
            return column, "it is a formula", "write the value itself"
    return _unclear(line)


def _unclear(line: Mapping[str, str]) -> tuple[str, str, str] | None:
    word = line[OUTCOME].strip().casefold()
    if not word:
        return (OUTCOME, "something was noted, and no outcome", "choose one") if line[BY].strip() else None
    if word not in _WORDS:
        return OUTCOME, f"{line[OUTCOME]!r} is no outcome", f"choose {', '.join(_WORDS)} or leave it empty"
    if not is_named(line[BY]):
        return BY, "nobody is named", "write who was there"
    if word == Outcome.NOT_DONE and not line[NOTE].strip():
        return NOTE, "no reason is given", "write why it could not be done"
    return None
