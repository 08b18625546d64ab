"""Judging an answered list before anything of it is taken: every line that cannot be is named, with what to do."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from charging.cleansing.answers import UNREADABLE, Choice
from charging.database.queries.quarantine import Case
from charging.deciders import is_named
from charging.errors import MissingColumns, UnreadableSource
from charging.work_list.answered import Answered, Judged, Problem, corrections_of
from charging.work_list.columns import BY, CORRECTIONS, DECISION, FIXED, KEY, ON, VALUE, VERSION, WHY, WORDS, cells

NO_SUCH_CASE = "there is no case of this key: it was changed, or the row is in quarantine no longer"
ANEW = "export the list anew and answer that"
AS_SENT = "put it back as it was sent; in a CSV file a spreadsheet may have re-typed it: send the .xlsx instead"


Last = Mapping[str, Mapping[str, Mapping[str, object]]]
"""The last decision on a case under each rule that set it aside."""


class _No(Exception):
    """A no about one line; it never leaves this file."""

    def __init__(self, column: str, problem: str, mend: str) -> None:
        self.column, self.problem, self.mend = column, problem, mend
        super().__init__(problem)


def judge(
    found: Iterable[tuple[int, Sequence[str]]],
    cases: Mapping[str, Case],
    *,
    name: str,
    today: date,
    last: Last,
) -> Judged:
    """Judge every line of a list; `cases` are all there are now, and `last` the last decision on each, by key and rule.

    Raises:
        MissingColumns: if a column of ours is missing.
        UnreadableSource: if there is no line at all, or a column stands there twice.
    """
    rows = iter(found)
    columns = _columns(next(rows, None), name=name)
    lines = [(row, _line(columns, values)) for row, values in rows]
    lines = [(row, line) for row, line in lines if any(line.values())]
    times = Counter(line[KEY] for _, line in lines)
    answered, problems, as_before, unanswered = [], [], 0, 0
    for row, line in lines:
        try:
            one = _judge_line(row, line, cases, times=times, today=today, last=last)
        except _No as no:
            problems.append(Problem(row=row, key=line[KEY], column=no.column, problem=no.problem, mend=no.mend))
            continue
        if isinstance(one, Answered):
            answered.append(one)
        elif one:
            as_before += 1
        else:
            unanswered += 1
    return Judged(
        lines=len(lines),
        answered=tuple(answered),
        as_before=as_before,
        unanswered=unanswered,
        problems=tuple(problems),
    )


def _columns(first: tuple[int, Sequence[str]] | None, *, name: str) -> list[str]:
    if first is None:
        raise UnreadableSource(name, "it is empty", ANEW)
    columns = [column.strip() for column in first[1]]
    if twice := [column for column, number in Counter(columns).items() if number > 1 and column]:
        raise UnreadableSource(name, f"it has the column {twice[0]!r} twice", "remove the one that was added")
    if missing := [column for column in (*FIXED, DECISION, CORRECTIONS, WHY, BY, ON) if column not in columns]:
        raise MissingColumns(name, missing, columns)
    return columns


def _line(columns: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    return dict.fromkeys(columns, "") | dict(zip(columns, values, strict=False))


def _judge_line(
    row: int,
    line: Mapping[str, str],
    cases: Mapping[str, Case],
    *,
    times: Mapping[str, int],
    today: date,
    last: Last,
) -> Answered | bool:
    """Return what the line says; True where just that was decided before, False where it says nothing."""
    if times[line[KEY]] > 1:
        raise _No(KEY, f"this case stands here {times[line[KEY]]} times", "answer it once")
    before = last.get(line[KEY].removeprefix("Q-"), {}).get(line["Rule"])
    if before is not None and line[KEY].removeprefix("Q-") not in cases and _says(line, before):
        return True
    case = _case(line, cases)
    for column in (DECISION, CORRECTIONS, WHY, BY, ON):
        if line[column].startswith("="):
            raise _No(column, "it is a formula", "write the value itself")
    word = line[DECISION].strip().casefold()
    if word in {"", "waiting"}:
        return _not_answered(line, case)
    one = _answer(row, line, case, word=word, today=today)
    if _is_as_before(one, before):
        _require_as_sent(line, case, but=_CHANGING)
        return True
    if line[VERSION] != f"V-{case.version}":
        raise _No(VERSION, "the case has changed since this list was written", ANEW)
    _require_as_sent(line, case, but=())
    return one


_CHANGING = (VERSION, "Extract", "Rule", "What is wrong", "Whose turn", "Waiting since")
"""What may have changed by the very answer that the list brings a second time."""


def _case(line: Mapping[str, str], cases: Mapping[str, Case]) -> Case:
    if not line[KEY]:
        raise _No(KEY, "it has no key", AS_SENT)
    case = cases.get(line[KEY].removeprefix("Q-"))
    if case is None or not line[KEY].startswith("Q-"):
        raise _No(KEY, NO_SUCH_CASE, ANEW)
    return case


def _require_as_sent(line: Mapping[str, str], case: Case, *, but: Sequence[str]) -> None:
    sent = cells(case)
    for column, value in line.items():
        if column in {DECISION, CORRECTIONS, WHY, BY, ON} or column in but or not column:
            continue
        if column not in sent and not column.startswith(VALUE):
            if value:
                raise _No(column, "this column is none of ours", "write remarks into Why")
            continue
        if column == "Extract" and value.startswith(f"{case.source}-"):
            continue  # an earlier extract said the same of the same row: key and version see to that
        if value.replace("\r\n", "\n").replace("\r", "\n") != sent.get(column, ""):
            raise _No(column, f"it was sent as {sent.get(column, '')[:60]!r} and says {value[:60]!r}", AS_SENT)


def _not_answered(line: Mapping[str, str], case: Case) -> bool:
    if line[VERSION] == f"V-{case.version}":
        _require_as_sent(line, case, but=())
    if line[CORRECTIONS].strip():
        raise _No(DECISION, "values were given, and no decision", "choose correct")
    return False


def _answer(row: int, line: Mapping[str, str], case: Case, *, word: str, today: date) -> Answered:
    if word not in WORDS:
        raise _No(DECISION, f"{line[DECISION]!r} is no decision", f"choose {', '.join(WORDS)} or leave it empty")
    choice = WORDS[word]
    corrections = _corrections(line[CORRECTIONS], case)
    if choice is Choice.CORRECTED and not corrections:
        raise _No(CORRECTIONS, "no value was given", "write field=value, or choose release")
    if choice is not Choice.CORRECTED and corrections:
        raise _No(CORRECTIONS, f"values were given, and the decision is {word}", "choose correct, or take them out")
    if choice is Choice.RELEASED and case.kind == "row" and case.rule in UNREADABLE:
        raise _No(DECISION, f"{case.rule} needs a value, and release brings none", "choose correct, and give the value")
    by, because = line[BY].strip(), line[WHY].strip()
    if not is_named(by):
        raise _No(BY, "nobody is named", "write who decided")
    if not because:
        raise _No(WHY, "no reason is given", "write why")
    _day(line[ON].strip(), case, today=today)
    return Answered(row=row, case=case, choice=choice, corrections=corrections, by=by, because=because)


def _corrections(text: str, case: Case) -> dict[str, str | None]:
    try:
        return corrections_of((part for part in text.splitlines() if part.strip()), case.fields)
    except ValueError as error:
        raise _No(CORRECTIONS, str(error), "write field=value, one to a line") from None


def _day(text: str, case: Case, *, today: date) -> None:
    """The day is optional; one that is given must be one on which the case can have been answered."""
    if not text:
        return
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        raise _No(ON, f"{text!r} is no date, or could be two", "write it as 2026-03-31") from None
    if not case.first_at.date() <= day <= today:
        raise _No(ON, f"{day} is before the case came in, or still to come", "write the day of the answer")


def _says(line: Mapping[str, str], before: Mapping[str, object]) -> bool:
    """Whether a line says what was decided about a case that is no more."""
    word, given = line[DECISION].strip().casefold(), before["corrections"]
    try:
        corrections = corrections_of(filter(str.strip, line[CORRECTIONS].splitlines()), given)  # type: ignore[arg-type]
    except ValueError:
        return False
    said = (WORDS.get(word), corrections, line[BY].strip(), line[WHY].strip())
    return said == (before["choice"], given, before["decided_by"], before["decided_because"])


def _is_as_before(one: Answered, last: Mapping[str, object] | None) -> bool:
    if last is None:
        return False
    said = (str(one.choice), dict(one.corrections), one.by, one.because)
    return said == (last["choice"], last["corrections"], last["decided_by"], last["decided_because"])
