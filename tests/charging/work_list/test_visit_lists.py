"""Work orders as a list for the field, and what comes back."""

import csv
import io

import openpyxl
import pytest

from charging.errors import MissingColumns, UnreadableSource
from charging.migration.visits import Outcome
from charging.work_list import table, workbook
from charging.work_list.visit_answers import judge
from charging.work_list.visit_sheet import HEADER, as_csv, as_xlsx, key_of

ORDER = {
    "plan_id": "plan-1",
    "station_id": "=S1",
    "location": "Kade",
    "address": "Kade 5, 2611 AA, Delft, NL",
    "vendor": "KEBA",
    "model": "x",
    "firmware": None,
    "reason": "recipe keba asks for a visit",
    "instructions": "Open the web page.\nSet the URL to wss://new.example.",
    "owner": "maintenance",
    "state": "open",
    "contact": "+31 6 000",
}
OTHER = ORDER | {"station_id": "S2", "contact": None}


def answered(*answers, orders=(ORDER, OTHER)):
    """Return the lines of a CSV list in which each order has these answers, as a spreadsheet would hand them back."""
    lines = [dict(row) for row in csv.DictReader(io.StringIO(as_csv(orders).decode("utf-8-sig")))]
    for line, answer in zip(lines, answers, strict=False):
        line.update(answer)
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER)
    writer.writeheader()
    writer.writerows(lines)
    return list(table.read(out.getvalue().encode(), name="list.csv"))


def judged(lines, orders=(ORDER, OTHER)):
    return judge(lines, {key_of(order): order for order in orders}, name="list.csv")


DONE = {"Outcome": "done", "Done by": "J. Field"}


def test_an_answered_list_is_read_back_whole():
    found = judged(answered(DONE, {"Outcome": "Not done", "Done by": "J. Field", "Note": "locked"}))

    assert (found.lines, found.unanswered, found.problems) == (2, 0, ())
    assert [(one.station_id, one.outcome, one.by) for one in found.reports] == [
        ("=S1", Outcome.DONE, "J. Field"),
        ("S2", Outcome.NOT_DONE, "J. Field"),
    ]
    assert [one.contact for one in found.reports] == ["+31 6 000", None]


def test_the_workbook_calculates_nothing_and_says_the_same_as_the_csv():
    content = as_xlsx([ORDER, OTHER])

    read = list(workbook.read(content, name="list.xlsx"))
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows() for cell in row]

    assert [line for _, line in read] == [line for _, line in table.read(as_csv([ORDER, OTHER]), name="list.csv")]
    assert all(cell.data_type != "f" for cell in cells)
    assert as_xlsx([ORDER, OTHER]) == content
    assert judged(read).unanswered == 2


@pytest.mark.parametrize(
    ("answer", "column"),
    [
        pytest.param({"Outcome": "perhaps", "Done by": "J. Field"}, "Outcome", id="no outcome"),
        pytest.param({"Outcome": "done"}, "Done by", id="nobody"),
        pytest.param({"Outcome": "done", "Done by": "J"}, "Done by", id="hardly anybody"),
        pytest.param({"Outcome": "not done", "Done by": "J. Field"}, "Note", id="no reason"),
        pytest.param({"Done by": "J. Field"}, "Outcome", id="a name alone"),
        pytest.param(DONE | {"Note": "=1+1"}, "Note", id="a formula"),
        pytest.param(DONE | {"What to do": "something else"}, "What to do", id="changed instructions"),
        pytest.param(DONE | {"Key": "W-plan-1/S9"}, "Key", id="a key of nobody's"),
        pytest.param(DONE | {"Key": "W-plan-1/S2"}, "Key", id="a key twice"),
    ],
)
def test_a_line_that_cannot_be_taken_is_named(answer, column):
    found = judged(answered(answer))

    assert column in {problem.column for problem in found.problems}
    assert found.reports == ()
    assert len(found.problems) + found.unanswered == found.lines


def test_what_is_done_already_is_left_alone():
    done = ORDER | {"state": "done"}

    found = judged(answered(DONE), orders=(done, OTHER))

    assert (found.as_before, found.reports, found.unanswered) == (1, (), 1)


def test_a_file_that_is_no_list_of_ours_is_refused():
    with pytest.raises(UnreadableSource, match="it is empty"):
        judged([])
    with pytest.raises(MissingColumns, match="no column for Outcome"):
        judged([(1, [name for name in HEADER if name != "Outcome"])])
