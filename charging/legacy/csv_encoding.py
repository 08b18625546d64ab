"""In which encoding a file is written: by its mark, or by all of its bytes; what does not fit costs its line only."""

import codecs
from dataclasses import dataclass
from pathlib import Path
from zipfile import is_zipfile

from charging.errors import SourceNotFound, UnreadableSource

_PIECE = 1 << 20
_MOST_BROKEN = 0.2
"""If more of the lines than this fit no encoding, the file is no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How a file is decoded, and what is to be told about it."""

    name: str
    note: str


def detect_encoding(path: Path, *, stated: str | None = None) -> Encoding:
    """Return the encoding of a file: as stated, or UTF-16 by its mark, else UTF-8 or Windows-1252 by its bytes.

    Raises:
        SourceNotFound: if there is no such file.
        UnreadableSource: if it is empty, or not text.
    """
    if not path.is_file():
        raise SourceNotFound(str(path))
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UnreadableSource(path.name, "the file is empty", "export it again")
    if is_zipfile(path):
        raise UnreadableSource(path.name, "it is a ZIP", "read it with rehome extract zip")
    if stated is not None:
        return _require_encoding(path, stated)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding(name="utf-16", note="encoding utf-16")
    _refuse_binary(path)
    utf_8 = "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"
    if _decodes(path, utf_8):
        return Encoding(name=utf_8, note=f"encoding {utf_8}")
    return _by_lines(path, utf_8)


def errors_of(encoding: str) -> str:
    """Return how bytes that do not decode are kept, so that they can be found: UTF-16 can only replace them."""
    return "replace" if encoding.lower().replace("_", "-").startswith("utf-16") else "surrogateescape"


def _by_lines(path: Path, utf_8: str) -> Encoding:
    """Decide between UTF-8 and Windows-1252 by the lines that are more than ASCII."""
    of_utf_8 = of_cp1252 = neither = lines = 0
    with path.open("rb") as file:
        for line in file:
            lines += 1
            if line.isascii():
                continue
            if _is(line, "utf-8"):
                of_utf_8 += 1
            elif _is(line, "cp1252"):
                of_cp1252 += 1
            else:
                neither += 1
    if neither > max(1, lines * _MOST_BROKEN) or (neither and not (of_utf_8 or of_cp1252)):
        raise UnreadableSource(
            path.name, "it is neither UTF-8 nor Windows-1252", "save it as UTF-8, or name its encoding"
        )
    if of_utf_8 > of_cp1252:
        broken = f"{of_cp1252 + neither} lines are not UTF-8 and cannot be read"
        return Encoding(name=utf_8, note=f"encoding {utf_8}, by {of_utf_8} lines; {broken}")
    note = "encoding cp1252 (a fallback: it is not UTF-8)"
    if of_utf_8:
        note += f"; {of_utf_8} of its lines could be UTF-8, {of_cp1252} could not"
    return Encoding(name="cp1252", note=note)


def _is(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _require_encoding(path: Path, stated: str) -> Encoding:
    try:
        if _decodes(path, stated):
            return Encoding(name=stated, note=f"encoding {stated}, as stated")
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
