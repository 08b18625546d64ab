"""In which culture a file writes its numbers and dates: proven from its own values, or asked; never assumed."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from charging.errors import UnreadableSource
from charging.legacy.readings import DateReadings, NumberReadings

ORDERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
_DATE = re.compile(
    r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp])\.?[Mm]\.?)?)?"
)
_YEAR_FIRST = re.compile(r"\d{4}-\d")
_OFFSET = re.compile(r"(?:[Zz]|[+-]\d{2}:?\d{2})$")
_TIME = re.compile(r"\d{1,2}:\d{2}")
_POINT = re.compile(r"[+-]?\d+\.\d+")
_GROUPED_POINT = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+")
_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+")
_BETWEEN = re.compile("[ '\u00a0\u2009\u202f\u2019]")
_SPACED = re.compile("[+-]?\\d{1,3}(?:[ '\u00a0\u2009\u202f\u2019]\\d{3})+(?:[.,]\\d+)?")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # 1,234 is a thousand and more, or one and a quarter


@dataclass(slots=True)
class Evidence:
    """What the values of a file prove about its culture. Feed it every value; then ask."""

    source: str
    decimals: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    zoneless: str | None = None
    proofs: Counter[str] = field(default_factory=Counter)
    """How many dates can be read in one order only, by that order."""
    in_column: dict[str, str] = field(default_factory=dict)
    """The first of these, by order, with its column."""
    number_readings: NumberReadings = field(default_factory=NumberReadings)
    date_readings: DateReadings = field(default_factory=DateReadings)

    def see_number(self, text: str, *, line: int) -> None:
        """Note what the writing of a number proves."""
        text = ungrouped(text)
        if _EITHER.fullmatch(text):
            self.decimals.setdefault("either", f"{text!r} in line {line}")
            self.number_readings.see(text)
        elif _POINT.fullmatch(text) or _GROUPED_POINT.fullmatch(text):
            self.decimals.setdefault(".", f"{text!r} in line {line}")
        elif _COMMA.fullmatch(text):
            self.decimals.setdefault(",", f"{text!r} in line {line}")

    def see_instant(self, text: str, *, line: int, column: str = "") -> None:
        """Note what the writing of an instant proves, and whether it says its zone."""
        if self.zoneless is None and _TIME.search(text) and not _OFFSET.search(text):
            self.zoneless = f"{text!r} in line {line}"
        match = _DATE.match(text)
        if match is None:
            self.proofs["ymd"] += _YEAR_FIRST.match(text) is not None
            return
        first, second = int(match[1]), int(match[3])
        self._see_order(first, second, f"{text!r} in column {column!r} in line {line}")
        where = f"{text!r} in line {line}"
        if first > 12 or match[2] == ".":  # a point between day and month is written day first, everywhere
            self.orders.setdefault("dmy", where)
        elif second > 12:
            self.orders.setdefault("mdy", where)
        else:
            self.orders.setdefault("same" if first == second else "either", where)
            if "dmy" not in self.orders and "mdy" not in self.orders:
                self.date_readings.see(column, int(match[4]), first, second)

    def _see_order(self, first: int, second: int, where: str) -> None:
        """Note in which order alone a date can be one; one that can be neither proves nothing."""
        orders = [order for order, month in (("dmy", second), ("mdy", first)) if month <= 12]
        found = orders[0] if len(orders) == 1 else "either"
        self.proofs[found] += 1
        self.in_column.setdefault(found, where)

    def decimal(self) -> str:
        """Return the decimal mark.

        Raises:
            UnreadableSource: if the values disagree, or could mean either.
        """
        return self._decide(
            self.decimals,
            first=".",
            second=",",
            what="decimal mark",
            evidence=self.number_readings.told,
            mend='say which with --decimal , or --decimal . (decimal = "," under [culture] in a mapping file)',
        )

    def date_order(self) -> str:
        """Return `ymd`, `dmy` or `mdy`.

        Raises:
            UnreadableSource: if the dates disagree, or could mean either.
        """
        if not self.orders:
            return "ymd"
        return self._decide(
            self.orders,
            first="dmy",
            second="mdy",
            what="order of day and month",
            evidence=self.date_readings.told,
            mend='say which with --date-order dmy or mdy (date_order = "dmy" under [culture] in a mapping file)',
        )

    def require_order(self, stated: str) -> None:
        """Refuse an order of day and month that more dates contradict than prove; fewer cost only their own rows.

        Raises:
            UnreadableSource: if the stated order does not fit.
        """
        others = [
            order for order in ("dmy", "mdy", "either") if order != stated and (stated == "ymd" or order != "either")
        ]
        against = sum(self.proofs[order] for order in others)
        if not against or against < self.proofs[stated]:
            return
        where = next(self.in_column[order] for order in others if order in self.in_column)
        fits = [order for order in ("dmy", "mdy") if order != stated and self.proofs[order]] or ["dmy or mdy"]
        problem = (
            f"its dates are stated to be {ORDERS[stated]}, and {where} is no such date; "
            f"against that order speak {against} of its dates, for it {self.proofs[stated]}"
        )
        mend = f"say --date-order {' or '.join(fits)} (date_order under [culture] in a mapping file)"
        raise UnreadableSource(self.source, problem, mend)

    def _decide(
        self, seen: dict[str, str], *, first: str, second: str, what: str, evidence: Callable[[], str], mend: str
    ) -> str:
        if first in seen and second in seen:
            problem = f"its {what} changes from {seen[first]} to {seen[second]}"
            raise UnreadableSource(self.source, problem, "export it again in one culture")
        if "either" in seen and first not in seen and second not in seen:
            problem = f"its {what} is ambiguous: {seen['either']}, and nothing settles it: {evidence()}"
            raise UnreadableSource(self.source, problem, mend)
        return second if second in seen else first


def plain_number(text: str, *, decimal: str) -> str:
    """Return a number in the notation `1234.5`; what is no number in this culture stays as it is."""
    if (digits := ungrouped(text)) != text:
        return plain_number(digits, decimal=decimal)
    if decimal == "," and (_COMMA.fullmatch(text)):
        return text.replace(".", "").replace(",", ".")
    if decimal == "." and _GROUPED_POINT.fullmatch(text):
        return text.replace(",", "")
    if decimal == "." and "," in text and _EITHER.fullmatch(text):
        return text.replace(",", "")
    if decimal == "," and "." in text and _EITHER.fullmatch(text):
        return text.replace(".", "")
    return text


def ungrouped(text: str) -> str:
    """Return a number without the spaces or apostrophes between its thousands; they are no decimal mark anywhere."""
    return _BETWEEN.sub("", text) if _SPACED.fullmatch(text) else text


def iso_instant(text: str, *, date_order: str) -> str:
    """Return an instant in ISO 8601's order, its zone untouched; what is no such date stays as it is."""
    match = _DATE.match(text)
    if date_order == "ymd" or match is None:
        return text
    first, _, second, year, hour, minute, seconds, half = match.groups()
    day, month = (first, second) if date_order == "dmy" else (second, first)
    date = f"{year}-{int(month):02d}-{int(day):02d}"
    if hour is None:
        return date + text[match.end() :]
    hours = int(hour)
    if half is not None:
        hours = hours % 12 + (12 if half in "Pp" else 0)
    return f"{date} {hours:02d}:{minute}:{seconds or '00'}{text[match.end() :]}"
