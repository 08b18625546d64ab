"""What a gate judges by, and each criterion's verdict. Pure, so that the same evidence is judged alike for ever."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from charging.cleansing.line_stop import LIMITS
from charging.migration.binomial import lower_bound, upper_bound


class Verdict(StrEnum):
    """What the machine says. Only a person's decision lets a wave begin."""

    OPEN = "open"
    CLOSED = "closed"
    INCONCLUSIVE = "inconclusive"
    """There is too little to judge by: wait, or decide on one's own account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    count: int
    total: int

    def __str__(self) -> str:
        return f"{self.count} of {self.total}"

    def exceeds(self, limit: Fraction) -> bool:
        """Whether the plain share is above the limit."""
        return self.total > 0 and Fraction(self.count, self.total) > limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Pilot:
    """How the pilot of one type went."""

    kind: str
    """Vendor, model and firmware."""
    planned: int
    verified: int
    rolled_back: int
    to_site: int

    @property
    def is_done(self) -> bool:
        """Whether every station of it has come to rest."""
        return self.planned > 0 and self.verified + self.rolled_back + self.to_site >= self.planned

    @property
    def has_failed(self) -> bool:
        """Whether it left a station to a visit, or moved none at all: no more of this type until that is understood."""
        return bool(self.to_site) or (self.is_done and not self.verified)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a gate judges by. The same evidence gives the same judgement and the same hash, always."""

    gate: str
    wave: int
    """The wave that waits; 0 is the pilot."""
    as_of: datetime
    quarantined_stations: Share
    """Of live stations."""
    quarantined_tokens: Share
    """Of active tokens."""
    pilots: tuple[Pilot, ...]
    """Of the types that the wave contains."""
    problems: Share
    """Stations rolled back or sent to site, of those that are done in earlier waves."""
    vetoes: tuple[str, ...]
    """Events that stop the migration whatever the numbers: a trapped driver, a safety incident, a wrong price."""
    connected: Share
    """Moved stations that are heard at the target, of those that are verified."""
    disputed_moved: Share
    """Roaming CDRs of the last night with a discrepancy, of all at moved stations."""
    disputed_not_moved: Share
    unnamed: tuple[str, ...]
    """Stations of earlier waves whose stage is not known."""
    overdue: tuple[str, ...]
    """Stations that are past their stage's deadline."""
    incomplete_nights: tuple[str, ...] = ()
    """Partners of whose last night not every CDR has come, each with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where each criterion turns. Shares are exact fractions."""

    quarantined_stations: Fraction = LIMITS["station"]
    quarantined_tokens: Fraction = LIMITS["token"]
    problems: Fraction = Fraction(5, 100)
    least_done: int = 20
    connected: Fraction = Fraction(95, 100)
    disputed: Fraction = Fraction(5, 100)
    least_cdrs: int = 60
    """By the rule of three the smallest clean sample that shows a share below 5 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One criterion's verdict, in words."""

    criterion: str
    verdict: Verdict
    reason: str


def findings(evidence: Evidence, *, limits: Limits) -> Iterator[Finding]:
    """Return the verdict of every criterion that applies."""
    yield _vetoes(evidence)
    yield _quality("stations", evidence.quarantined_stations, limit=limits.quarantined_stations)
    yield _quality("tokens", evidence.quarantined_tokens, limit=limits.quarantined_tokens)
    for pilot in evidence.pilots:
        yield _pilot(pilot)
    yield _problems(evidence.problems, limits=limits)
    yield _health(evidence.connected, limits=limits)
    if evidence.connected.total:  # until a station has moved there is nothing to compare
        yield _roaming(evidence, limits=limits)
    yield _listed("named stages", evidence.unnamed, "are in no named stage: find out where they are")
    yield _listed("deadlines", evidence.overdue, "are past their deadline: run the cutover again or send someone")


def _vetoes(evidence: Evidence) -> Finding:
    verdict = Verdict.CLOSED if evidence.vetoes else Verdict.OPEN
    reason = f"veto: {'; '.join(sorted(evidence.vetoes))}" if evidence.vetoes else "no veto event"
    return Finding(criterion="vetoes", verdict=verdict, reason=reason)


def _quality(what: str, share: Share, *, limit: Fraction) -> Finding:
    """Stop the line where too much of what drivers use stands in quarantine."""
    return Finding(
        criterion=f"quality of {what}",
        verdict=Verdict.CLOSED if share.exceeds(limit) else Verdict.OPEN,
        reason=f"{share} {what} in quarantine (limit {_percent(float(limit))})",
    )


def _pilot(pilot: Pilot) -> Finding:
    reason = (
        f"pilot of {pilot.kind}: {pilot.verified} verified, {pilot.rolled_back} rolled back, {pilot.to_site} to site, "
        f"of {pilot.planned}"
    )
    if pilot.has_failed:
        verdict = Verdict.CLOSED
    else:
        verdict = Verdict.OPEN if pilot.is_done and not pilot.rolled_back else Verdict.INCONCLUSIVE
    return Finding(criterion="pilots", verdict=verdict, reason=reason)


def _problems(share: Share, *, limits: Limits) -> Finding:
    """Close where chance is no excuse any more; where the share is too high and chance may be, a person decides."""
    criterion, limit = "previous waves", _percent(float(limits.problems))
    if not share.total:
        return Finding(criterion=criterion, verdict=Verdict.OPEN, reason="no station has been moved yet")
    least, most = lower_bound(share.count, share.total), upper_bound(share.count, share.total)
    reason = (
        f"{share} stations had problems, {_percent(share.count / share.total)} (limit {limit}): "
        f"from so few, between {_percent(least)} and {_percent(most)} of such stations"
    )
    is_sure = share.total >= limits.least_done and least > limits.problems
    worse = Verdict.CLOSED if is_sure else Verdict.INCONCLUSIVE
    return Finding(
        criterion=criterion, verdict=worse if share.exceeds(limits.problems) else Verdict.OPEN, reason=reason
    )


def _health(share: Share, *, limits: Limits) -> Finding:
    is_low = share.total > 0 and Fraction(share.count, share.total) < limits.connected
    return Finding(
        criterion="health",
        verdict=Verdict.CLOSED if is_low else Verdict.OPEN,
        reason=f"{share} moved stations are connected (at least {_percent(float(limits.connected))})",
    )


def _roaming(evidence: Evidence, *, limits: Limits) -> Finding:
    """Compare moved stations with the others of the same night, so that a partner's bad night condemns nobody.

    A night of which not everything has come can condemn, but not acquit.
    """
    moved, stayed = evidence.disputed_moved, evidence.disputed_not_moved
    reason = f"CDRs with a discrepancy: {moved} at moved stations, {stayed} at the others"
    if moved.total and stayed.total and lower_bound(moved.count, moved.total) > upper_bound(stayed.count, stayed.total):
        return Finding(criterion="roaming", verdict=Verdict.CLOSED, reason=f"{reason}: moving made it worse")
    if evidence.incomplete_nights:
        reason = f"{reason}: not everything has come ({'; '.join(sorted(evidence.incomplete_nights))})"
        return Finding(criterion="roaming", verdict=Verdict.INCONCLUSIVE, reason=reason)
    if moved.total < limits.least_cdrs:
        reason = f"{reason}: fewer than {limits.least_cdrs} at moved stations prove nothing"
        return Finding(criterion="roaming", verdict=Verdict.INCONCLUSIVE, reason=reason)
    most = upper_bound(moved.count, moved.total)
    return Finding(
        criterion="roaming",
        verdict=Verdict.OPEN if most <= limits.disputed else Verdict.INCONCLUSIVE,
        reason=f"{reason}: surely fewer than {_percent(most)} (limit {_percent(float(limits.disputed))})",
    )


def _listed(criterion: str, stations: tuple[str, ...], problem: str) -> Finding:
    if not stations:
        return Finding(criterion=criterion, verdict=Verdict.OPEN, reason=f"{criterion}: none is missing")
    shown = ", ".join(sorted(stations)[:5]) + (" …" if len(stations) > 5 else "")
    return Finding(criterion=criterion, verdict=Verdict.CLOSED, reason=f"{len(stations)} stations {problem} ({shown})")


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
