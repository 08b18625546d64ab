"""The cells of a statement's rows, by our names for its columns, out of the culture in which they are written. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from charging.legacy.culture import iso_instant, plain_number
from charging.roaming.stated_values import number
from charging.roaming.statement.mapping import INSTANTS, StatementMapping
from charging.roaming.statement.table import Cell, Row, as_text
from charging.roaming.statement.wall_clock import Moment, moment

_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_SECONDS = {"h": 3600, "min": 60, "s": 1}
_SPREADSHEET = re.compile(r"\d+[.,]?\d*[eE]\+\d+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Culture:
    """How the texts of a file are written."""

    decimal: str
    date_order: str
    time_zone: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided, in words."""
        return f"decimal mark {self.decimal!r}, date order {self.date_order}", f"time zone {self.time_zone}"


class Reading:
    """Finds and reads the cells of one file. Without a culture, only `written` can be asked."""

    def __init__(self, header: tuple[str, ...], *, mapping: StatementMapping, culture: Culture | None) -> None:
        self.mapping, self._culture = mapping, culture or Culture(decimal=".", date_order="ymd", time_zone="UTC")
        self._places = {name: tuple(map(header.index, names)) for name, names in mapping.columns.items()}

    def places(self, name: str) -> list[int]:
        """Return where the cells of one of our columns are."""
        return list(self._places.get(name, ()))

    def written(self, row: Row, name: str) -> str:
        """Return what is written as text, for the culture to be told by; nothing where it is a value of a workbook."""
        cells = self._cells(row, name)
        return " ".join(as_text(cell) for cell in cells) if all(isinstance(cell, str) for cell in cells) else ""

    def has_clock_values(self, rows: Iterable[Row]) -> bool:
        """Whether there are instants that a workbook holds as such: they never carry a zone."""
        return any(isinstance(cell, datetime) for row in rows for name in INSTANTS for cell in self._cells(row, name))

    def text(self, row: Row, name: str) -> str:
        """Return a cell as text, empty where there is none.

        Raises:
            ValueError: if a spreadsheet has made a power of ten of an id.
        """
        found = self.shown(row, name)
        if _SPREADSHEET.fullmatch(found):
            raise ValueError(f"`{name}` is {found!r}, as spreadsheets damage long numbers: ask for the file again")
        return found

    def shown(self, row: Row, name: str) -> str:
        """Return whatever stands there, as text."""
        return " ".join(as_text(cell) for cell in self._cells(row, name)).strip()

    def number(self, row: Row, name: str) -> Decimal | None:
        """Return a number, None where the cell is empty.

        Raises:
            ValueError: if it is none in the culture of the file.
        """
        cells = self._cells(row, name)
        if len(cells) == 1 and isinstance(cells[0], Decimal):
            return cells[0]
        shown = self.shown(row, name)
        if self.mapping.has_plain_numbers and "," in shown:
            mend = "write it as 1234.5, or give the file a mapping whose [culture] says its decimal mark"
            raise ValueError(f"`{name}` is {shown[:40]!r}: no number without a mapping; {mend}")
        return number(plain_number(shown, decimal=self._culture.decimal), name)

    def energy(self, row: Row) -> tuple[Decimal, tuple[str, ...]]:
        """Return the energy in kWh, and what was converted.

        Raises:
            ValueError: if it is missing: no energy is not zero.
        """
        found = self.number(row, "energy_kwh")
        if found is None:
            raise ValueError("`energy_kwh` is missing")
        return (found, ()) if self.mapping.energy_unit == "kWh" else (found / 1000, ("converted.energy_wh",))

    def moment_of(self, row: Row, name: str) -> Moment | None:
        """Return an instant, None where the cell is empty.

        Raises:
            ValueError: if it is none.
        """
        cells = self._cells(row, name)
        if len(cells) == 1 and isinstance(cells[0], datetime):
            return moment(cells[0], time_zone=self._culture.time_zone, name=name)
        if not (written := self.shown(row, name)):
            return None
        plain = iso_instant(written, date_order=self._culture.date_order)
        try:
            stated = datetime.fromisoformat(plain)
        except ValueError:
            raise ValueError(f"`{name}` is {written[:40]!r}: no instant") from None
        if not re.search(r"\d:\d", plain) and "T" not in plain:
            raise ValueError(f"`{name}` is {written[:40]!r}, a day without a time")
        return moment(stated, time_zone=self._culture.time_zone, name=name)

    def duration(self, row: Row) -> timedelta | None:
        """Return how long the session was, None where the cell is empty.

        Raises:
            ValueError: if it is not written as the mapping says.
        """
        cells, unit = self._cells(row, "duration"), self.mapping.duration_unit
        if len(cells) == 1 and isinstance(cells[0], timedelta):
            return cells[0]
        if unit != "hh:mm:ss":
            value = self.number(row, "duration")
            return None if value is None else timedelta(microseconds=int(value * _SECONDS[unit] * 1_000_000))
        written = self.text(row, "duration")
        if not written:
            return None
        found = _CLOCK.fullmatch(written)
        if not found:
            raise ValueError(
                f"`duration` is {written[:40]!r}: it is written as 01:30:00, unless [units] says otherwise"
            )
        return timedelta(hours=int(found[1]), minutes=int(found[2]), seconds=int(found[3] or 0))

    def _cells(self, row: Row, name: str) -> list[Cell]:
        return [row.cells[place] for place in self._places.get(name, ()) if place < len(row.cells)]
