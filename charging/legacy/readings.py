"""What each reading of an ambiguous value would imply: the evidence on which a person decides."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(slots=True)
class DateReading:
    """What dates would be, read one way."""

    count: int = 0
    at_weekend: int = 0
    backwards: int = 0
    earliest: date = date.max
    latest: date = date.min
    months: set[tuple[int, int]] = field(default_factory=set)
    before: dict[str, date] = field(default_factory=dict)

    def see(self, column: str, year: int, month: int, day: int) -> None:
        """Take a date of a column in; rows of an export mostly go one way in time."""
        try:
            seen = date(year, month, day)
        except ValueError:  # the 31st of a shorter month, or no year
            return
        self.count += 1
        self.at_weekend += seen.weekday() >= 5
        self.backwards += seen < self.before.get(column, seen)
        self.before[column] = seen
        self.earliest, self.latest = min(self.earliest, seen), max(self.latest, seen)
        self.months.add((year, month))

    def told(self) -> str:
        """Return what this reading would imply."""
        if not self.count:
            return "none of them is a date"
        return (
            f"{self.count} dates fit, from {self.earliest} to {self.latest} in {len(self.months)} months, "
            f"{self.at_weekend} at a weekend, and from row to row time goes back {self.backwards} times"
        )


@dataclass(slots=True)
class DateReadings:
    """What dates would be, read day first and month first."""

    dmy: DateReading = field(default_factory=DateReading)
    mdy: DateReading = field(default_factory=DateReading)

    def see(self, column: str, year: int, first: int, second: int) -> None:
        """Take a date of a column in, either way."""
        self.dmy.see(column, year, second, first)
        self.mdy.see(column, year, first, second)

    def told(self) -> str:
        """Return what each reading would imply."""
        return f"read as dmy {self.dmy.told()}; read as mdy {self.mdy.told()}"


@dataclass(slots=True)
class NumberReadings:
    """What numbers such as `1,234` would be, with a comma between thousands and as a decimal mark."""

    count: int = 0
    least: Decimal = Decimal("Infinity")
    most: Decimal = Decimal("-Infinity")

    def see(self, text: str) -> None:
        """Take a number in, whose one mark has three digits after it."""
        value = Decimal(text.replace(",", "").replace(".", ""))
        self.count += 1
        self.least, self.most = min(self.least, value), max(self.most, value)

    def told(self) -> str:
        """Return what each reading would imply."""
        low, high = (value / 1000 for value in (self.least, self.most))
        return (
            f"{self.count} numbers are written so, from {self.least} to {self.most} if it stands between thousands, "
            f"from {low} to {high} if it is the decimal mark"
        )
