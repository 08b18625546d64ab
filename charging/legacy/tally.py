"""What a manifest says about the rows that came: how many of which file, when they were, and what they delivered."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
    _first: datetime | None = None
    _last: datetime | None = None

    def count(self, row: LandedRow) -> None:
        """Take one row into account."""
        self.files[row.entity][row.file] += 1
        if row.entity == "session":
            self._session(row.values)

    @property
    def window(self) -> tuple[datetime | None, datetime | None]:
        """The first and the last instant that a session names, in UTC; a time without any zone is taken for UTC."""
        return _in_utc(self._first), _in_utc(self._last)

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
        written = stamp(text)
        if written is None:
            return
        if written.tzinfo is None:
            found = instants(written, zone) or (written.replace(tzinfo=UTC),)
            written = found[0]
        if self._first is None or written < self._first:
            self._first = written
        if self._last is None or written > self._last:
            self._last = written


def _in_utc(moment: datetime | None) -> datetime | None:
    """Return an instant in UTC; one that lies outside of what a calendar holds there is none."""
    try:
        return None if moment is None else moment.astimezone(UTC)
    except OverflowError:
        return None
