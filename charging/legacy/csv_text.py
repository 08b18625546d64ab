"""From the bytes of a delimited file to its records: encoding, delimiter, and what cannot be a record."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

from charging.errors import SourceNotFound, UnreadableSource

_PIECE = 1 << 20
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 50
_LONGEST_EXCERPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of the file. With a `problem` it could not be read as one, and `raw` is all there is."""

    line: int
    cells: tuple[str, ...] = ()
    problem: str | None = None
    raw: str = ""


def detect_encoding(path: Path, *, stated: str | None = None) -> str:
    """Return the encoding of a file: as stated, or UTF-16 by its mark, UTF-8 if every byte agrees, else Windows-1252.

    Raises:
        SourceNotFound: if there is no such file.
        UnreadableSource: if it is empty, or not text.
    """
    name = path.name
    if not path.is_file():
        raise SourceNotFound(str(path))
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UnreadableSource(name, "the file is empty", "export it again")
    if stated is not None:
        return _require_encoding(path, stated)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    _refuse_binary(path)
    for encoding in ("utf-8-sig", "cp1252"):
        if _decodes(path, encoding):
            return encoding if start.startswith(codecs.BOM_UTF8) or encoding != "utf-8-sig" else "utf-8"
    raise UnreadableSource(name, "it is neither UTF-8 nor Windows-1252", "save it as UTF-8, or name its encoding")


def _require_encoding(path: Path, stated: str) -> str:
    try:
        if _decodes(path, stated):
            return stated
    except LookupError:
        raise UnreadableSource(path.name, f"there is no encoding {stated!r}", "name one such as utf-8") from None
    raise UnreadableSource(path.name, f"it is not in {stated}", "leave the encoding out, and it is detected")


def _decodes(path: Path, encoding: str) -> bool:
    """Whether the whole file is in that encoding; a last character that is cut off proves nothing against it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while piece := file.read(_PIECE):
                decoder.decode(piece)
        except UnicodeDecodeError:
            return False
    return True


def _refuse_binary(path: Path) -> None:
    with path.open("rb") as file:
        sample = file.read(_PIECE)
    if sample.count(0) * 10 > len(sample):
        raise UnreadableSource(path.name, "a tenth of it is NUL bytes", "save it as UTF-8 text; UTF-16 needs its mark")


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


def records(path: Path, *, encoding: str, delimiter: str, width: int) -> Iterator[Record]:
    """Yield every record after the header; one whose cells do not fit the header comes with its problem."""
    for record in islice(_parse(path, encoding, delimiter), 1, None):
        if record.problem is None and len(record.cells) != width:
            yield from _misfits(record, width)
        else:
            yield record


def _misfits(record: Record, width: int) -> Iterator[Record]:
    """Yield a misfit by its physical lines: a stray quote may have swallowed many, and each of them is a lost row."""
    lines = [line.rstrip("\r\n") for line in StringIO(record.raw, newline="")]
    problem = f"it has {len(record.cells)} cells, and the header has {width}"
    if len(lines) > 1:
        problem = "a quote that is never closed runs through it"
    elif not record.raw.endswith(("\n", "\r")):
        problem = f"the file ends in the middle of it: {problem}"
    for offset, line in enumerate(lines):
        yield Record(line=record.line + offset, problem=problem, raw=_excerpt(line))


class _Lines:
    """The lines of a file, remembering those that the current record is made of."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.read: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.read.append(line)
        return line


def _parse(path: Path, encoding: str, delimiter: str) -> Iterator[Record]:
    # Only a character that the end of the file cuts off can need replacing: everything else has been decoded before.
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        line = 1
        while True:
            lines.read.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield from _unreadable(line, lines.read, str(error))
            else:
                raw = "".join(lines.read)
                if "\0" in raw:
                    yield Record(line=line, problem="it holds NUL bytes", raw=_excerpt(raw.replace("\0", "\ufffd")))
                elif raw.endswith("\ufffd"):
                    yield Record(line=line, problem="the file ends inside a character of it", raw=_excerpt(raw))
                elif cells:
                    yield Record(line=line, cells=tuple(cells), raw=raw)
            line += len(lines.read)


def _unreadable(line: int, raw: list[str], problem: str) -> Iterator[Record]:
    for offset, text in enumerate(raw):
        yield Record(line=line + offset, problem=problem, raw=_excerpt(text.rstrip("\r\n")))


def _excerpt(text: str) -> str:
    if len(text) <= _LONGEST_EXCERPT:
        return text
    return f"{text[:_LONGEST_EXCERPT]}… ({len(text):,} characters)"
