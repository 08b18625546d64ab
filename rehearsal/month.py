"""A month of roaming, drawn from a seed: what truly happened, what each partner says of it, and how each must end.

Nothing here is shared with what judges it: prices are reckoned by a few lines of their own, in fractions.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import cycle
from random import Random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Amsterdam")
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
LONG_NIGHT = date(2026, 10, 25)
"""Of 25 hours: the clocks are set back."""
AFTERWARDS = date(2026, 11, 14)
"""A last night, two weeks later: by then everything of the month is due."""
PLUGS = 12
"""For each partner, so many stations with one EVSE, and as many drivers."""


class Fault(StrEnum):
    """What can be wrong with a session's records. Only the first two are no discrepancy in the end."""

    LATE = "late"
    OURS_LATE = "ours_late"
    """Our back-office tells of the session days later."""
    LOWER_CASE = "lower_case"
    OFFSET = "offset"
    WATT_HOURS = "watt_hours"
    MINUTES = "minutes"
    CLOCK = "clock"
    PRICE = "price"
    VAT = "vat"
    CURRENCY = "currency"
    ENERGY = "energy"
    MISSING = "missing"
    EXTRA = "extra"
    MUTATED = "mutated"
    TWICE = "twice"
    CREDITED = "credited"
    CREDIT_ALONE = "credit_alone"
    MALFORMED = "malformed"
    ANONYMOUS = "anonymous"


BY_FILE = (
    Fault.LATE,
    Fault.OURS_LATE,
    Fault.PRICE,
    Fault.CURRENCY,
    Fault.ENERGY,
    Fault.MISSING,
    Fault.EXTRA,
    Fault.MUTATED,
    Fault.TWICE,
    Fault.CREDITED,
    Fault.MALFORMED,
)
"""Those that a statement in CSV can have."""
_LATER = (Fault.LATE, Fault.OURS_LATE, Fault.MUTATED, Fault.TWICE, Fault.CREDITED)
_CLASS = {
    "equal": "matched",
    "within_tolerance": "matched",
    "credit_paired": "cancelled",
    "duplicate": "duplicate",
    "ambiguous": "quarantined",
}
"""Where a verdict puts money; any other leaves it open."""
SETTLED = frozenset({"equal", "within_tolerance", "credit_paired"})
"""Verdicts on which nobody must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A partner of the month. `faults` come in turn, on one session of so many."""

    name: str
    party: str
    faults: tuple[Fault, ...]
    number: int
    one_of: int = 3
    is_by_file: bool = False

    def token(self, plug: int) -> str:
        """Return the uid of a driver's card."""
        return f"04{self.number:02X}{plug:02X}A1B2C3D4"

    def contract(self, plug: int) -> str:
        """Return a driver's contract."""
        return f"{self.party}-C{self.number}{plug:07d}"

    def evse_id(self, plug: int) -> str:
        """Return the id of the EVSE that this driver uses."""
        return f"NL*EVN*E{self.number}{plug:02d}*1"


GOOD = Member(name="tnm", party="NL-TNM", number=1, one_of=20, faults=(Fault.LATE, Fault.OURS_LATE))
HOSTILE = Member(name="roa", party="NL-ROA", number=2, faults=tuple(Fault))
FILES = Member(name="liste", party="DE-LST", number=3, faults=BY_FILE, is_by_file=True)
MEMBERS = (GOOD, HOSTILE, FILES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A session as it truly was."""

    session_id: str
    member: Member
    plug: int
    started_at: datetime
    ended_at: datetime
    energy_kwh: Decimal
    known_on: date
    """The night by which our back-office tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A record as a partner states it."""

    cdr_id: str
    session_id: str
    member: Member
    plug: int
    started_at: datetime
    ended_at: datetime
    energy_kwh: Decimal
    net: Decimal
    gross: Decimal
    sent_on: date
    """The night in which it comes first."""
    last_updated: datetime
    currency: str = "EUR"
    credits: str | None = None
    bears: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The verdict that must stand at the end of the month: on which session and which record, with how much at risk."""

    verdict: str
    charge: Charge | None
    record: Stated | None
    at_risk: Decimal = Decimal(0)
    kinds: frozenset[str] = frozenset()
    """What the verdict must name."""

    @property
    def amounts(self) -> Iterator[tuple[str, str, Decimal]]:
        """Yield what each side states: side, currency, amount without VAT."""
        if self.charge is not None:
            yield "ours", "EUR", cost(self.charge.energy_kwh)[0]
        if self.record is not None:
            yield "theirs", self.record.currency, self.record.net


@dataclass(slots=True, kw_only=True)
class Month:
    """All of it. What was planted is by session."""

    drawn: list[Charge] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    """Those of them that really were: the others only a partner tells of."""
    stated: list[Stated] = field(default_factory=list)
    endings: dict[str, list[Ending]] = field(default_factory=lambda: {member.name: [] for member in MEMBERS})
    planted: dict[str, Fault] = field(default_factory=dict)

    def balance(self, member: Member) -> dict[tuple[str, str, str], Decimal]:
        """Return a partner's money by side, currency, and where it is in the end; what is nothing is left out."""
        money: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        for ending in self.endings[member.name]:
            for side, currency, net in ending.amounts:
                money[side, currency, _CLASS.get(ending.verdict, "open")] += net
        return {slot: amount for slot, amount in money.items() if amount}

    def bearing(self, member: Member, fault: Fault) -> set[str]:
        """Return the sessions of a partner that bear a fault."""
        return {
            one.session_id for one in self.drawn if one.member is member and self.planted.get(one.session_id) is fault
        }


def days() -> list[date]:
    """Return the nights of the month."""
    return [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]


def cost(energy_kwh: Decimal) -> tuple[Decimal, Decimal]:
    """Return what a session costs without and with VAT: 0.50 and 0.39 for each kWh, 21 %, each rounded once."""
    exact = Fraction(1, 2) + Fraction(39, 100) * Fraction(energy_kwh)
    return _cents(exact), _cents(exact * Fraction(121, 100))


def draw(seed: int, *, a_day: int = 8) -> Month:
    """Return a month with so many sessions a day of each partner's drivers."""
    month, rng = Month(), Random(seed)
    for member in MEMBERS:
        faults = cycle(rng.sample(member.faults, len(member.faults)))
        number = 0
        for day in (*days(), AFTERWARDS):
            for started_at, ended_at in _times(day, a_day, rng):
                number += 1
                charge = Charge(
                    session_id=f"{member.number}{number:05d}",
                    member=member,
                    plug=number % PLUGS,
                    started_at=started_at,
                    ended_at=ended_at,
                    energy_kwh=Decimal(rng.randrange(1_000, 60_000)) / 1000,
                    known_on=_night(ended_at),
                )
                _enter(month, charge, next(faults) if number % member.one_of == 0 else None, rng)
    return month


def _times(day: date, a_day: int, rng: Random) -> Iterator[tuple[datetime, datetime]]:
    """Yield sessions that begin on a day; one that goes on after midnight, and four in the hour that comes twice."""
    midnight = datetime.combine(day, time.min, tzinfo=ZONE).astimezone(UTC)
    for number in range(a_day - 1):
        started_at = midnight + timedelta(minutes=90 * number + 260 + rng.randrange(60))
        yield started_at, started_at + timedelta(seconds=rng.randrange(900, 5400))
    if day != AFTERWARDS:
        evening = datetime.combine(day, time(23, 20), tzinfo=ZONE).astimezone(UTC)
        yield evening, evening + timedelta(minutes=rng.randrange(50, 90))
    if day == LONG_NIGHT:
        for minutes in (125, 155, 185, 215):  # 2:05 and 2:35, twice
            yield midnight + timedelta(minutes=minutes), midnight + timedelta(minutes=minutes + 20)


def _night(instant: datetime) -> date:
    return instant.astimezone(ZONE).date()


def _enter(month: Month, charge: Charge, fault: Fault | None, rng: Random) -> None:
    """Put a session into the month, with what is said of it and how that must end."""
    if charge.known_on >= LAST and fault in _LATER:
        fault = None  # what comes later would come after the end
    if fault is not None:
        month.planted[charge.session_id] = fault
    if fault is Fault.OURS_LATE:
        charge = replace(charge, known_on=charge.known_on + timedelta(days=rng.randrange(1, 4)))
    month.drawn.append(charge)
    if fault is not Fault.EXTRA:
        month.charges.append(charge)
    stated, endings = _BY_FAULT.get(fault, _plain)(charge, _honest(charge), rng)
    month.stated.extend(replace(one, bears=fault) for one in stated)
    month.endings[charge.member.name].extend(endings)


def _honest(charge: Charge) -> Stated:
    net, gross = cost(charge.energy_kwh)
    return Stated(
        cdr_id=f"CDR-{charge.session_id}",
        session_id=charge.session_id,
        member=charge.member,
        plug=charge.plug,
        started_at=charge.started_at,
        ended_at=charge.ended_at,
        energy_kwh=charge.energy_kwh,
        net=net,
        gross=gross,
        sent_on=_night(charge.ended_at),
        last_updated=charge.ended_at + timedelta(minutes=1),
    )


_Said = tuple[list[Stated], list[Ending]]


def _pair(
    charge: Charge, one: Stated, verdict: str = "equal", at_risk: Decimal = Decimal(0), *, kind: str | None = None
) -> Ending:
    kinds = {kind} if kind else set()
    if one.member.is_by_file and one.started_at.astimezone(ZONE).fold:
        kinds.add("clock")  # a wall clock does not say which of the two hours it was
        verdict = "within_tolerance" if verdict == "equal" else verdict
    return Ending(verdict=verdict, charge=charge, record=one, at_risk=at_risk, kinds=frozenset(kinds))


def _alone(one: Stated, verdict: str, *, kind: str | None = None) -> Ending:
    at_risk = Decimal(0) if verdict in SETTLED else abs(one.net)
    kinds = frozenset([kind] if kind else [])
    return Ending(verdict=verdict, charge=None, record=one, at_risk=at_risk, kinds=kinds)


def _plain(charge: Charge, one: Stated, _: Random) -> _Said:
    return [one], [_pair(charge, one)]


def _on(one: Stated, days_later: int, **changes: object) -> Stated:
    """Return a record that comes days later, and says so."""
    later = timedelta(days=days_later)
    known = {"sent_on": one.sent_on + later, "last_updated": one.last_updated + later}
    return replace(one, **(known | changes))  # type: ignore[arg-type]


def _late(charge: Charge, one: Stated, rng: Random) -> _Said:
    late = _on(one, rng.randrange(1, 6))
    return [late], [_pair(charge, late)]


def _lower_case(charge: Charge, one: Stated, _: Random) -> _Said:
    lower = replace(one, cdr_id=one.cdr_id.lower())
    return [lower], [_pair(charge, lower)]


def _clock(charge: Charge, one: Stated, _: Random) -> _Said:
    apart = timedelta(seconds=75)
    shifted = replace(one, started_at=one.started_at + apart, ended_at=one.ended_at + apart)
    return [shifted], [_pair(charge, shifted, "within_tolerance", kind="clock")]


def _price(charge: Charge, one: Stated, rng: Random) -> _Said:
    more = Decimal(rng.randrange(20, 500)) / 100
    dear = replace(one, net=one.net + more, gross=_cents(Fraction(one.net + more) * Fraction(121, 100)))
    return [dear], [_pair(charge, dear, "ours_right", more)]


def _vat(charge: Charge, one: Stated, _: Random) -> _Said:
    confused = replace(one, net=one.gross)
    return [confused], [_pair(charge, confused, "ours_right", one.gross - one.net, kind="vat_confusion")]


def _currency(charge: Charge, one: Stated, _: Random) -> _Said:
    foreign = replace(one, currency="CHF")
    return [foreign], [_pair(charge, foreign, "ours_right", one.net, kind="currency")]


def _energy(charge: Charge, one: Stated, rng: Random) -> _Said:
    energy = one.energy_kwh + Decimal(rng.randrange(300, 3000)) / 1000
    net, gross = cost(energy)
    more = replace(one, energy_kwh=energy, net=net, gross=gross)
    return [more], [_pair(charge, more, "quantity_differs", net - one.net, kind="energy")]


def _missing(charge: Charge, one: Stated, _: Random) -> _Said:
    verdict = "late" if one.sent_on >= AFTERWARDS else "missing_at_partner"
    return [], [Ending(verdict=verdict, charge=charge, record=None, at_risk=one.net)]


def _extra(_: Charge, one: Stated, __: Random) -> _Said:
    return [one], [_alone(one, "late" if one.sent_on >= AFTERWARDS else "missing_at_us")]


def _mutated(charge: Charge, one: Stated, _: Random) -> _Said:
    again = _on(one, 1, net=one.net + 1, gross=one.gross + 1)
    return [one, again], [_pair(charge, one), _alone(again, "duplicate", kind="mutated")]


def _twice(charge: Charge, one: Stated, _: Random) -> _Said:
    again = _on(one, 2, cdr_id=f"{one.cdr_id}-R")
    return [one, again], [_pair(charge, one), _alone(again, "duplicate")]


def _credited(charge: Charge, one: Stated, rng: Random) -> _Said:
    (wrong,), _ = _price(charge, one, rng)
    credit = _on(wrong, 1, cdr_id=f"{one.cdr_id}-C", net=-wrong.net, gross=-wrong.gross, credits=one.cdr_id)
    right = _on(one, 2, cdr_id=f"{one.cdr_id}-2")
    cancelled = [_alone(each, "credit_paired") for each in (wrong, credit)]
    return [wrong, credit, right], [*cancelled, _pair(charge, right)]


def _credit_alone(charge: Charge, one: Stated, _: Random) -> _Said:
    unknown = f"{one.cdr_id}-GONE"
    credit = replace(one, cdr_id=f"{unknown}-C", session_id="", net=-one.net, gross=-one.gross, credits=unknown)
    return [one, credit], [_pair(charge, one), _alone(credit, "credit_unpaired")]


def _malformed(charge: Charge, one: Stated, _: Random) -> _Said:
    verdict = "missing_at_partner"
    return [one], [
        Ending(verdict=verdict, charge=charge, record=None, at_risk=one.net, kinds=frozenset(["unreadable"]))
    ]


def _anonymous(charge: Charge, one: Stated, _: Random) -> _Said:
    nameless = replace(one, cdr_id=f"H-{one.plug}-{one.ended_at:%d%H%M}", session_id="")
    return [nameless], [_pair(charge, nameless, "ambiguous", kind="suspect")]


_BY_FAULT: dict[Fault | None, Callable[[Charge, Stated, Random], _Said]] = {
    Fault.LATE: _late,
    Fault.LOWER_CASE: _lower_case,
    Fault.CLOCK: _clock,
    Fault.PRICE: _price,
    Fault.VAT: _vat,
    Fault.CURRENCY: _currency,
    Fault.ENERGY: _energy,
    Fault.MISSING: _missing,
    Fault.EXTRA: _extra,
    Fault.MUTATED: _mutated,
    Fault.TWICE: _twice,
    Fault.CREDITED: _credited,
    Fault.CREDIT_ALONE: _credit_alone,
    Fault.MALFORMED: _malformed,
    Fault.ANONYMOUS: _anonymous,
}


def _cents(exact: Fraction) -> Decimal:
    return Decimal((exact * 200 + 1) // 2) / 100
