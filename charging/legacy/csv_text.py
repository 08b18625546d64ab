"""From the text of a delimited file to its records: delimiter, header, and what cannot be a record."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from charging.errors import UnreadableSource
from charging.legacy.csv_encoding import errors_of

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 50
_LONGEST_EXCERPT = 10_000
_UNDECODED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of the file. With a `problem` it could not be read as one, and `raw` is all there is."""

    line: int
    cells: tuple[str, ...] = ()
    problem: str | None = None
    raw: str = ""


def detect_delimiter(path: Path, encoding: str) -> str:
    """Return the delimiter under which most records have as many cells as the header, and the header has most.

    Raises:
        UnreadableSource: if no delimiter makes a table of it.
    """
    best, delimiter = (0.0, 1), ""
    for candidate in _DELIMITERS:
        sample = [record for record in islice(_parse(path, encoding, candidate), _SAMPLE) if record.problem is None]
        if sample:
            width = len(sample[0].cells)
            score = (sum(len(record.cells) == width for record in sample) / len(sample), width)
            if width > 1 and score > best:
                best, delimiter = score, candidate
    if not delimiter:
        raise UnreadableSource(
            path.name, "it is no table: its first line has one column only", "export it as CSV with a header"
        )
    return delimiter


def read_header(path: Path, encoding: str, delimiter: str) -> tuple[str, ...]:
    """Return the names of the columns.

    Raises:
        UnreadableSource: if two columns have one name, or one has none.
    """
    first = next(_parse(path, encoding, delimiter))
    header = tuple(cell.strip() for cell in first.cells)
    twice = sorted({name for name in header if header.count(name) > 1 or not name})
    if first.problem is not None or twice:
        problem = first.problem or f"several columns are called {twice[0]!r}"
        raise UnreadableSource(path.name, f"its header is no header: {problem}", "give every column a name of its own")
    return header


def records(path: Path, *, encoding: str, delimiter: str, header: tuple[str, ...]) -> Iterator[Record]:
    """Yield every record after the header; one whose cells do not fit the header comes with its problem."""
    for record in islice(_parse(path, encoding, delimiter, width=len(header)), 1, None):
        if record.problem is None and tuple(cell.strip() for cell in record.cells) == header:
            yield Record(line=record.line, problem="it is the header once more", raw=_excerpt(record.raw))
        else:
            yield record


class _Lines:
    """The lines of a file, remembering those that the current record is made of, and giving some of them again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.read: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.read.append(line)
        return line

    def give_again(self) -> None:
        """Give all but the first line of the current record again: a stray quote must cost its own line only."""
        self._again.extendleft(reversed(self.read[1:]))
        del self.read[1:]


def _parse(path: Path, encoding: str, delimiter: str, *, width: int | None = None) -> Iterator[Record]:
    with path.open(encoding=encoding, newline="", errors=errors_of(encoding)) as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        line = 1
        while True:
            lines.read.clear()
            try:
                cells: list[str] | None = next(reader)
                problem = ""
            except StopIteration:
                return
            except csv.Error as error:
                cells, problem = None, str(error)
            record = _record(line, cells, problem, lines, width=width)
            if record is not None:
                yield record
            line += len(lines.read)


def _record(line: int, cells: list[str] | None, problem: str, lines: _Lines, *, width: int | None) -> Record | None:
    """Return what was read; None for an empty line."""
    if cells is not None and (width is None or len(cells) in {0, width}):
        raw = "".join(lines.read)
        if not (problem := _of_bytes(raw)):
            return Record(line=line, cells=tuple(cells), raw=raw) if cells else None
    elif len(lines.read) > 1:
        problem = "a quote that is opened in it is never closed"
        lines.give_again()
    elif cells is not None:
        problem = f"it has {len(cells)} cells, and the header has {width}"
        if not lines.read[0].endswith(("\n", "\r")):
            problem = f"the file ends in the middle of it: {problem}"
    return Record(line=line, problem=_of_bytes("".join(lines.read)) or problem, raw=_excerpt("".join(lines.read)))


def _of_bytes(raw: str) -> str:
    """Return what is wrong with the bytes of a record, or nothing."""
    if "\0" in raw:
        return "it holds NUL bytes"
    if raw.endswith("\ufffd") or _UNDECODED.search(raw[-1:]):
        return "the file ends inside a character of it"
    return "it holds bytes that are no characters in the encoding of the file" if _UNDECODED.search(raw) else ""


def _excerpt(raw: str) -> str:
    text = raw.rstrip("\r\n").replace("\0", "\ufffd")
    if len(text) > _LONGEST_EXCERPT:
        text = f"{text[:_LONGEST_EXCERPT]}… ({len(text):,} characters)"
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
