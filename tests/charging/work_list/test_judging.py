"""An answered list is judged line by line: what was changed, added, doubled or overtaken is named with its line."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import openpyxl
import pytest

from charging.cleansing.answers import Choice
from charging.errors import MissingColumns, UnreadableSource
from charging.work_list import table, workbook
from charging.work_list.answered import corrections_of
from charging.work_list.judging import judge

TODAY = date(2026, 3, 31)
GOOD = {"Decision": "release", "Why": "checked on site", "Answered by": "the fitter"}
ROWS = 3_000


def answered(content: bytes, edits, *, header=None) -> bytes:
    """Return a workbook in which cells have been written as a person would: by (row, column name)."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["Cases"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for row, values in edits.items():
        for name, value in values.items():
            sheet.cell(row, columns[name]).value = value
    for name, value in (header or {}).items():
        sheet.cell(1, columns[name]).value = value
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def read_by(content, cases, *, form=workbook, last=None):
    known = {case.key: case for case in cases}
    return judge(form.read(content, name="list"), known, name="list", today=TODAY, last=last or {})


@pytest.fixture(scope="module")
def cases(make_case):
    return [make_case(number) for number in range(1, ROWS + 1)]


@pytest.fixture(scope="module")
def content(cases):
    return workbook.written(cases)


DAMAGE = {
    2: ({"Key": "Q-00000000ffff"}, "Key"),
    3: ({"Key": ""}, "Key"),
    4: ({"Version": "V-0000000000000000"}, "Version"),
    5: ({"File": "other.csv"}, "File"),
    6: ({"Line": 7000}, "Line"),
    7: ({"Entity": "token"}, "Entity"),
    8: ({"value: session_id": 7}, "value: session_id"),
    9: ({"value: energy_kwh": "75"}, "value: energy_kwh"),
    10: ({"Decision": "maybe"}, "Decision"),
    11: ({"Answered by": ""}, "Answered by"),
    12: ({"Why": ""}, "Why"),
    13: ({"Answered on": "31/03/26"}, "Answered on"),
    14: ({"Answered on": datetime(2026, 4, 1, tzinfo=UTC).replace(tzinfo=None)}, "Answered on"),
    15: ({"Decision": "correct"}, "Corrected values"),
    16: ({"Decision": "correct", "Corrected values": "colour=red"}, "Corrected values"),
    17: ({"Decision": "correct", "Corrected values": "energy_kwh 7"}, "Corrected values"),
    18: ({"Decision": "correct", "Corrected values": "energy_kwh=7; note=8"}, "Corrected values"),
    19: ({"Decision": "discard", "Corrected values": "energy_kwh=7"}, "Corrected values"),
    20: ({"Decision": "", "Corrected values": "energy_kwh=7"}, "Decision"),
    21: ({"Why": "=1+1"}, "Why"),
    22: ({"Rule": "tx.neg"}, "Rule"),
    23: ({"Whose turn": "nobody"}, "Whose turn"),
}
"""What people do to a list, by the line that they do it to, and the column that is to be named."""


def test_refuses_every_damaged_line_of_three_thousand_by_its_number(cases, content):
    edits = dict.fromkeys(range(2, ROWS + 2), GOOD) | {row: GOOD | damage for row, (damage, _) in DAMAGE.items()}
    edits[31] = GOOD | {"Key": f"Q-{cases[28].key}"}  # the case of line 30, answered twice
    book = answered(content, edits)
    stale = [replace(case, reason="anew") if number == 40 else case for number, case in enumerate(cases)]

    judged = read_by(book, stale)

    expected = {row: column for row, (_, column) in DAMAGE.items()} | {30: "Key", 31: "Key", 42: "Version"}
    assert {problem.row: problem.column for problem in judged.problems} == expected
    assert all(problem.mend for problem in judged.problems)
    assert len(judged.answered) == ROWS - len(expected)
    assert judged.lines == ROWS


@pytest.mark.parametrize("form", [workbook, table], ids=["xlsx", "csv"])
def test_what_comes_back_untouched_says_nothing_and_is_refused_nowhere(form, cases):
    judged = read_by(form.written(cases), cases, form=form)

    assert (judged.answered, judged.problems, judged.unanswered) == ((), (), ROWS)


def test_takes_what_was_answered(cases, content):
    edits = {
        2: GOOD,
        3: GOOD | {"Decision": " Discard ", "Answered on": datetime(2026, 3, 3, tzinfo=UTC).replace(tzinfo=None)},
        4: GOOD | {"Decision": "correct", "Corrected values": "energy_kwh = 7.25\nnote="},
        5: {"Decision": "waiting"},
    }

    judged = read_by(answered(content, edits), cases)

    assert judged.problems == ()
    assert [(one.row, one.choice, dict(one.corrections)) for one in judged.answered] == [
        (2, Choice.RELEASED, {}),
        (3, Choice.DISCARDED, {}),
        (4, Choice.CORRECTED, {"energy_kwh": "7.25", "note": None}),
    ]
    assert {(one.by, one.because) for one in judged.answered} == {("the fitter", "checked on site")}


def test_takes_nothing_twice(cases, content):
    (case,) = [case for case in cases if case.line == 2]
    last = {
        case.key: {
            "tx.zero": {
                "choice": "released",
                "corrections": {},
                "decided_by": "the fitter",
                "decided_because": "checked on site",
            }
        }
    }
    book = answered(content, {2: GOOD})
    since = [replace(one, decision="released") if one is case else one for one in cases]

    for known in (since, [one for one in cases if one is not case]):
        judged = read_by(book, known, last=last)
        assert (judged.answered, judged.as_before) == ((), 1)
        assert [problem.row for problem in judged.problems] == []


def test_a_value_must_come_with_the_release_of_what_cannot_be_read(make_case):
    case = make_case(1, rule="mv.garbage")

    judged = read_by(answered(workbook.written([case]), {2: GOOD}), [case])

    assert [problem.problem for problem in judged.problems] == ["mv.garbage needs a value, and release brings none"]


def test_knows_a_list_that_excel_has_written_again(make_case):
    cases = [
        make_case(1, fields={"session_id": "S1", "note": "é"}),
        make_case(2, fields={"session_id": "S2", "note": "b"}),
    ]
    lines = [row for _, row in table.read(table.written(cases), name="list")]
    decision, by, why = (lines[0].index(name) for name in ("Decision", "Answered by", "Why"))
    for row in lines[1:]:
        row[decision], row[by], row[why] = "release", "André", "geprüft"
    text = "\r\n".join(";".join(f'"{cell}"' for cell in row) for row in lines)

    for content in (text.encode("cp1252"), text.encode("utf-8-sig")):
        judged = read_by(content, cases, form=table)
        assert judged.problems == ()
        assert {one.by for one in judged.answered} == {"André"}


def test_refuses_ids_that_a_spreadsheet_has_re_typed(make_case):
    cases = [make_case(number) for number in (1, 2)]
    text = table.written(cases).decode("utf-8-sig").replace(",0000001,", ",1,")

    judged = read_by(text.replace("2026-03-02", "02/03/2026").encode(), cases, form=table)

    assert [(problem.row, problem.column) for problem in judged.problems] == [(2, "Row"), (3, "Waiting since")]
    assert "in a CSV file a spreadsheet may have re-typed it" in judged.problems[0].mend


def test_refuses_remarks_in_a_column_of_their_own(make_case):
    lines = table.written([make_case(9)]).decode("utf-8-sig").splitlines()
    text = f"{lines[0]},Remark\r\n{lines[1]},see me\r\n"

    (problem,) = read_by(text.encode(), [make_case(9)], form=table).problems

    assert (problem.column, problem.mend) == ("Remark", "write remarks into Why")


@pytest.mark.parametrize(
    ("form", "content", "message"),
    [
        pytest.param(workbook, b"", "it is no whole workbook", id="empty workbook"),
        pytest.param(workbook, b"PK\x03\x04 and no more", "it is no whole workbook", id="begun workbook"),
        pytest.param(table, b"", "it is no text with a column Key", id="empty file"),
        pytest.param(table, b"Key\0", "it is no text with a column Key", id="NUL"),
        pytest.param(table, b'Key,"Version\n1,2\n', "is no line of a table", id="quote that never ends"),
        pytest.param(table, b"Key,Key\n1,2\n", "it has the column 'Key' twice", id="column twice"),
    ],
)
def test_says_why_a_file_is_no_list(form, content, message):
    with pytest.raises(UnreadableSource, match=message):
        read_by(content, [], form=form)


def test_says_which_column_is_missing(cases, content):
    with pytest.raises(MissingColumns, match="list has no column for Answered by"):
        read_by(answered(content, {}, header={"Answered by": "Signed"}), cases)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_workbook_is_no_list(content, share):
    with pytest.raises(UnreadableSource, match="it is no whole workbook"):
        read_by(content[: int(len(content) * share)], [])


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["a"], "'a' is not written field=value"),
        (["b=1"], "there is no field 'b'; the row has a"),
        (["a=1", "a=2"], "a is given twice"),
    ],
)
def test_guesses_no_corrected_value(pairs, message):
    with pytest.raises(ValueError, match=message):
        corrections_of(pairs, ["a"])
