"""How values look on a page: exact, with their unit, the same for everybody. Everything that comes in is escaped."""

import base64
import csv
import gzip
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from reports.status import WORDS, Status

Column = tuple[str, str, str]
"""Attribute, heading, kind: one of `text`, `code`, `number`, `percent`, `money`, `instant`, `day`, `evidence`,
or `status:` and what it is a status of."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_THIN = "\u202f"  # narrow no-break space, what ISO 80000-1 groups digits by
_MINUS = "\u2212"
_NOTHING = Markup('<span class="nothing" title="nothing known">\u2013</span>')
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_PER_CENT = re.compile(r"(?<=\d) %")
_FIGURES = frozenset({"number", "percent", "money"})
_SHORT = 24
_LONG_WORD = re.compile(r"[^\s-]{33}")
_MOST_PLAIN = 500_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets take the wide ones too


def readable(text: str) -> str:
    """Return text without control characters and those that turn the direction of reading.

    A NUL in a name is more than ugly: it ends the process of the drawing library.
    """
    return _UNREADABLE.sub("\ufffd", text)


def number(value: Decimal | int) -> str:
    """Return a number exactly as it is, with grouped digits and a true minus sign."""
    return f"{value:,f}".replace(",", _THIN).replace("-", _MINUS) if isinstance(value, Decimal) else _whole(value)


def counted(many: int, noun: str) -> str:
    """Return so many of something, in the singular where it is one: `1 station`, `2 stations`."""
    return f"{number(many)} {noun}{'' if many == 1 else 's'}"


def spaced(text: str) -> str:
    """Return a sentence of ours in which no line ends between a number and its per cent sign."""
    return _PER_CENT.sub(f"{_THIN}%", text)


def measure(value: Decimal, unit: str) -> str:
    """Return a number with its unit; no line ends between the two."""
    return f"{number(value)}{_THIN}{unit}"


def money(value: Decimal, currency: str) -> str:
    """Return an amount with its currency: every digit it has, and at least two after the point."""
    exponent = value.as_tuple().exponent
    padded = value.quantize(Decimal("0.01")) if isinstance(exponent, int) and exponent > -2 else value
    return measure(padded, currency)


def day(value: date) -> Markup:
    """Return a day, with its ISO form for machines."""
    return Markup('<time datetime="{0}">{1}</time>').format(
        value.isoformat(), f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
    )


def instant(value: datetime, time_zone: str) -> Markup:
    """Return an instant as local 24 h time with the zone's name; ISO in UTC stands in the title."""
    local = value.astimezone(ZoneInfo(time_zone))
    iso = value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    shown = f"{local.day} {_MONTHS[local.month - 1]} {local.year} {local:%H:%M} {local.tzname()}"
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(iso, shown)


def status(kind: str, word: str) -> Markup:
    """Return a status as shape, word and colour."""
    return tag(WORDS[kind][word])


def tag(said: Status) -> Markup:
    """Return the mark of a status."""
    return Markup('<span class="status {}"><span class="shape" aria-hidden="true">{}</span>{}</span>').format(
        said.tone, said.shape, said.word
    )


def anchor(evidence_id: str) -> str:
    """Return the place of an evidence row in the page: its id may hold anything, a link may not."""
    return f"evidence-{sha256(_encodable(evidence_id)).hexdigest()[:12]}"


def cell(row: object, column: Column, time_zone: str) -> Markup | str:
    """Return one cell of a table as its column's kind wants it; a dash where nothing is known."""
    attribute, _, kind = column
    value = getattr(row, attribute)
    if value is None or value == "":
        return _NOTHING
    if kind.startswith("status:"):
        return status(kind.removeprefix("status:"), value)
    if kind == "instant":
        return instant(value, time_zone)
    if kind == "money":
        return money(value, getattr(row, "currency"))  # noqa: B009 - rows with money have a currency, by agreement
    return _SHOWN[kind](value)


def look(row: object, column: Column) -> str:
    """Return the class of one cell: figures stand at the right; text with a word that no line can hold may break it."""
    attribute, _, kind = column
    if kind in _FIGURES:
        return "figure"
    if kind != "text":
        return ""
    return "words long" if _LONG_WORD.search(str(getattr(row, attribute) or "")) else "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that travels inside the page."""

    href: str
    suffix: str
    """`csv`, or `csv.gz` where the plain file would make the page too heavy to mail."""


def enclose(rows: Sequence[object], columns: Sequence[Column]) -> Enclosure:
    """Return all rows as a `data:` link to a CSV file that no spreadsheet takes for formulas."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([attribute for attribute, _, _ in columns])
    writer.writerows([_in_csv(getattr(row, attribute)) for attribute, _, _ in columns] for row in rows)
    plain = b"\xef\xbb\xbf" + _encodable(written.getvalue())  # spreadsheets need the mark for UTF-8
    if len(plain) <= _MOST_PLAIN:
        return Enclosure(href=f"data:text/csv;charset=utf-8;base64,{_base64(plain)}", suffix="csv")
    packed = gzip.compress(plain, mtime=0)  # no clock in the page: the same rows, the same bytes
    return Enclosure(href=f"data:application/gzip;base64,{_base64(packed)}", suffix="csv.gz")


def _base64(payload: bytes) -> str:
    return base64.b64encode(payload).decode()


def _evidence(evidence_id: str) -> Markup:
    return Markup('<a href="#{}">{}</a>').format(anchor(evidence_id), _code(evidence_id))


def _code(value: object) -> Markup:
    # An id that breaks over lines is misread; one that no line can hold must break, or print would cut it.
    return Markup('<code class="{}">{}</code>').format("short" if len(str(value)) <= _SHORT else "long", value)


def _in_csv(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def _whole(value: int) -> str:
    return f"{value:,}".replace(",", _THIN).replace("-", _MINUS)


def _encodable(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a lone surrogate is no character; it becomes a question mark


_SHOWN: Mapping[str, Callable[[Any], Markup | str]] = {
    "text": str,
    "code": _code,
    "number": lambda value: number(value) if value else Markup('<span class="soft">0</span>'),
    "percent": lambda value: f"{number(value)}{_THIN}%",
    "day": day,
    "evidence": _evidence,
}
