"""Work lists as XLSX: written so that the same cases give the same bytes and no text is calculated; read as text."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
import xlsxwriter
from openpyxl.utils.exceptions import InvalidFileException

from charging.database.queries.quarantine import Case
from charging.errors import UnreadableSource
from charging.work_list.columns import ANSWERS, DECISION, ON, WORDS, header, lines

SHEET = "Cases"
CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""The file says when its cases came in, not when it was written: the same cases give the same bytes."""
WIDTHS = {"What is wrong": 60, "Corrected values": 34, "Why": 34, "Row": 24, "File": 24}
LARGEST = 200_000_000
"""What a list may unpack to, in bytes: a hundred times a list of ten thousand cases."""
HOW = (
    "One line is one case. Fill in the five white columns; everything else is protected and must come back as it is.",
    "Decision: release loads the row as it is, correct loads it with the values that you give, discard leaves it out.",
    "An empty decision lets the case go on waiting.",
    "Corrected values: field=value, one to a line (Alt+Enter), for example stopped_at=2026-03-01T10:00:00Z.",
    "The fields are the columns that begin with “value:”. Nothing is guessed: only what stands here is changed.",
    "Why, Answered by: needed with every decision. Answered on: a date, as 2026-03-31.",
)


def written(cases: Sequence[Case]) -> bytes:
    """Return the list of these cases as a workbook."""
    target = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    book = xlsxwriter.Workbook(target, options)
    book.set_properties({"created": CREATED, "title": "Work list"})
    _cases(book, cases)
    how = book.add_worksheet("How to answer")
    how.set_column(0, 0, 110)
    for number, text in enumerate(HOW):
        how.write_string(number, 0, text, book.add_format({"text_wrap": True, "valign": "top"}))
    book.close()
    return target.getvalue()


def _cases(book: xlsxwriter.Workbook, cases: Sequence[Case]) -> None:
    sheet, columns = book.add_worksheet(SHEET), header(cases)
    looks = {
        "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "num_format": "@"}),
        "kept": book.add_format({"font_color": "#555555", "bg_color": "#F2F2F2", "num_format": "@", "valign": "top"}),
        "free": book.add_format({"locked": False, "num_format": "@", "text_wrap": True, "valign": "top", "border": 4}),
        "day": book.add_format({"locked": False, "num_format": "yyyy-mm-dd", "valign": "top", "border": 4}),
    }
    for number, name in enumerate(columns):
        sheet.set_column(number, number, WIDTHS.get(name, 18))
        sheet.write_string(0, number, name, looks["head"])
    last = 0
    for last, line in enumerate(lines(cases), start=1):
        for number, name in enumerate(columns):
            if name in ANSWERS:
                sheet.write_blank(last, number, None, looks["day" if name == ON else "free"])
            else:
                sheet.write_string(last, number, line[name], looks["kept"])
    place = columns.index(DECISION)
    sheet.data_validation(1, place, max(last, 1), place, {"validate": "list", "source": list(WORDS)})
    sheet.autofilter(0, 0, last, len(columns) - 1)
    sheet.freeze_panes(1, 1)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})


def read(content: bytes, *, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells as text) of a workbook's first sheet, its header first.

    A formula is yielded as what it is, with its `=`; it is for the caller to refuse.

    Raises:
        UnreadableSource: if it is no workbook, or not all of one.
    """
    mend = "ask for the file again, saved as .xlsx"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST:
                raise UnreadableSource(name, f"it unpacks to more than {LARGEST // 1_000_000} MB", mend)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        sheet = book[SHEET] if SHEET in book.sheetnames else book.worksheets[0]
        found = [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, EOFError, IndexError, ParseError) as error:
        raise UnreadableSource(name, f"it is no whole workbook ({type(error).__name__})", mend) from None
    yield from enumerate(found, start=1)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime() if value.time().isoformat() == "00:00:00":
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case bool():
            return "TRUE" if value else "FALSE"
        case _:
            return str(value)
