"""Work lists as CSV: written with every formula disarmed, read as programs write it back (BOM, semicolons, cp1252)."""

import csv
import io
from collections.abc import Iterator, Sequence

from charging.database.queries.quarantine import Case
from charging.errors import UnreadableSource
from charging.work_list.columns import KEY, header, lines
from charging.work_list.formulas import neutralised, restored

DELIMITERS = ",;\t"


def written(cases: Sequence[Case]) -> bytes:
    """Return the list of these cases as CSV: UTF-8 with a byte order mark, by which spreadsheets know it."""
    target = io.StringIO(newline="")
    columns = header(cases)
    writer = csv.writer(target)
    writer.writerow(columns)
    for line in lines(cases):
        writer.writerow([neutralised(line[name]) for name in columns])
    return target.getvalue().encode("utf-8-sig")


def read(content: bytes, *, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells as text) of a CSV file, its header first.

    Raises:
        UnreadableSource: if it is no text, or no table.
    """
    text = _decoded(content, name=name)
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 1
    try:
        for row in reader:
            if any(row):
                yield begun, [restored(cell) for cell in row]
            begun = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableSource(name, f"line {begun} is no line of a table ({error})", "save it as CSV again") from None


def _decoded(content: bytes, *, name: str) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and KEY in text:
            return text
    raise UnreadableSource(name, f"it is no text with a column {KEY}", "save it as CSV UTF-8, or send the .xlsx")
