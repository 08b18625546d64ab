"""The rows of a statement, whether it is a CSV or a workbook."""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from charging.errors import UnreadableSource
from charging.legacy.csv_encoding import detect_encoding
from charging.legacy.csv_text import detect_delimiter, read_header, records

Cell = str | Decimal | datetime | timedelta
"""A text, in whatever culture; or a value that a workbook holds as such, which needs none."""
LARGEST = 200_000_000
"""What a workbook may unpack to, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; with a `problem` it is none that can be read."""

    line: int
    cells: tuple[Cell, ...]
    raw: bytes
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A header and the rows below it."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def read_csv(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> Sheet:
    """Return a delimited file; what is not stated is detected, and told in the notes.

    Raises:
        SourceError: if it is no table.
    """
    found = detect_encoding(path, stated=encoding)
    mark = delimiter or detect_delimiter(path, found.name)
    header = read_header(path, found.name, mark)
    rows = tuple(
        Row(
            line=each.line,
            cells=each.cells,
            raw=each.raw.rstrip("\r\n").encode("utf-8", "replace"),
            problem=each.problem,
        )
        for each in records(path, encoding=found.name, delimiter=mark, header=header)
    )
    return Sheet(header=header, rows=rows, notes=(found.note, f"delimiter {mark!r}"))


def read_workbook(path: Path) -> Sheet:
    """Return the first sheet of an XLSX; a formula is not calculated, and costs its row.

    Raises:
        UnreadableSource: if it is no whole workbook, or has no header.
    """
    mend = "ask for the file again, saved as .xlsx"
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST:
                raise UnreadableSource(path.name, f"it unpacks to more than {LARGEST // 1_000_000} MB", mend)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        lines = [tuple(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        title = str(book.worksheets[0].title)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, EOFError, IndexError, ParseError) as error:
        raise UnreadableSource(path.name, f"it is no whole workbook ({type(error).__name__})", mend) from None
    header = _header(path, lines)
    rows = (_row(number, line, len(header)) for number, line in enumerate(lines[1:], start=2))
    return Sheet(header=header, rows=tuple(row for row in rows if any(row.cells)), notes=(f"sheet {title!r}",))


def _header(path: Path, lines: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    cells = [str(cell).strip() if cell is not None else "" for cell in lines[0]] if lines else []
    while cells and not cells[-1]:
        cells.pop()
    if not cells or len(set(cells)) < len(cells) or "" in cells:
        raise UnreadableSource(path.name, "its first row is no header", "give every column a name of its own, in row 1")
    return tuple(cells)


def _row(number: int, line: Sequence[Any], width: int) -> Row:
    cells = tuple(map(_cell, [*line[:width], *[None] * (width - len(line))]))
    formula = next((cell for cell in cells if isinstance(cell, str) and cell.startswith("=")), None)
    problem = None if formula is None else f"a formula stands in it ({formula[:40]}): ask for its value"
    raw = json.dumps([as_text(cell) for cell in cells], ensure_ascii=False).encode("utf-8", "replace")
    return Row(line=number, cells=cells, raw=raw, problem=problem)


def _cell(value: Any) -> Cell:
    match value:
        case bool():
            found: Cell = "true" if value else "false"
        case int() | float():
            found = Decimal(repr(value))  # of a float the shortest that is this number: what was typed in
        case datetime() | timedelta():
            found = value
        case date():
            found = datetime.combine(value, time())
        case time():
            found = value.isoformat()
        case _:
            found = "" if value is None else str(value).strip()
    return found


def as_text(cell: Cell) -> str:
    """Return a cell as text, as ids need it and as it is put together with another: a whole number has no point."""
    match cell:
        case Decimal():
            return f"{cell.to_integral_value() if cell == cell.to_integral_value() else cell:f}"
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat(sep=" ")
        case timedelta():
            seconds = cell // timedelta(seconds=1)
            return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        case _:
            return cell
