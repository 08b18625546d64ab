"""A night's round, and what follows from lists of CDRs."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from charging.reconciliation.follow_up.follow import About, Round, follow

DAY = date(2026, 11, 1)
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ENDED = datetime(2026, 11, 1, 13, 0, tzinfo=UTC)


@dataclass
class Book:
    """One partner's cases, night after night."""

    night: object
    cases: dict = field(default_factory=dict)
    history: list = field(default_factory=list)

    def after(self, ours, theirs, *, day=DAY, at=AT, around=(), **more):
        judged = self.night(ours, theirs, **more).judged
        rounds = Round(
            partner="roa",
            day=day,
            at=at,
            about=lambda _: About(ended_at=ENDED, station_id="CS-1", wave=2),
            due=lambda ended_at: ended_at + timedelta(days=3),
        )
        done = follow(judged, list(self.cases.values()), night=rounds, around=around)
        self.cases |= {case.subject: case for case in done.cases}
        self.history += done.history
        return done

    def only(self):
        (case,) = self.cases.values()
        return case


@pytest.fixture
def book(night):
    return Book(night)


@pytest.fixture
def ended():
    """When the CDRs' sessions ended, unless they say otherwise."""
    return ENDED
