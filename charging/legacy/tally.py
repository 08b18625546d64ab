"""What a manifest says about the rows that came: how many of which file, when they were, and what they delivered."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from charging.cleansing.values import energy_kwh, instants, stamp
from charging.legacy.source import LandedRow

_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])(?=-)", re.ASCII)
UNDATED = "undated"
"""The month of energy whose session says no date that can be read."""


@dataclass(slots=True)
class Tally:
    """Counted row by row while they pass."""

    files: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    kwh: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    _window: tuple[datetime, datetime] | None = None
    _inner: tuple[str, str] = ("~", "")
    """Between these days, as written, no time can widen the window: most rows need not be read as instants."""

    def count(self, row: LandedRow) -> None:
        """Take one row into account."""
        self.files[row.entity][row.file] += 1
        if row.entity == "session":
            self._session(row.values)

    @property
    def window(self) -> tuple[datetime | None, datetime | None]:
        """The first and the last instant that a session names, in UTC; a time without any zone is taken for UTC."""
        return self._window or (None, None)

    @property
    def kwh_by_month(self) -> dict[str, Decimal]:
        """The energy that sessions claim, by the month of their stop as the source writes it."""
        return dict(sorted(self.kwh.items()))

    @property
    def total_kwh(self) -> Decimal:
        """All the energy that sessions claim."""
        return sum(self.kwh.values(), Decimal(0))

    def _session(self, values: Mapping[str, str | None]) -> None:
        started_at, stopped_at = values.get("started_at"), values.get("stopped_at")
        energy = energy_kwh(values)
        if energy is not None:
            month = _MONTH.match(stopped_at or started_at or "")
            self.kwh[month[0] if month else UNDATED] += energy
        for text in (started_at, stopped_at):
            if text:
                self._widen(text, values.get("time_zone"))

    def _widen(self, text: str, zone: str | None) -> None:
        if self._inner[0] < text[:10] < self._inner[1]:
            return
        written = stamp(text)
        found = () if written is None else instants(written, zone) or instants(written.replace(tzinfo=UTC), None)
        if found:
            first, last = self._window or (found[0], found[0])
            self._window = min(first, *found), max(last, *found)
            self._inner = _day(self._window[0], 1), _day(self._window[1], -1)


def _day(moment: datetime, days: int) -> str:
    """Return a day as written, so many days later: a zone can move a time from one day to the next, and no further."""
    try:
        return (moment + timedelta(days=days)).date().isoformat()
    except OverflowError:
        return moment.date().isoformat()
