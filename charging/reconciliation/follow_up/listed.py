"""Which CDR a line of an invoice means, where both of our back-offices have numbered a charge alike. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A CDR that an invoice bills."""

    cdr_id: str
    net: Decimal | None = None
    gross: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A CDR as we have it, and what is open about it."""

    cdr_id: str
    currency: str
    net: Decimal | None
    case_key: str | None = None
    invoices: tuple[str, ...] = ()
    """Every invoice that lists it, or may: only an amount says that a list means the other of two of this id."""
    back_office: str | None = None
    """Which of ours has numbered it: `legacy` or `target`; None where that is not known, and for a CDR of theirs."""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an invoice states of all its lines."""

    currency: str
    period_from: date | None = None
    period_until: date | None = None

    def may_bill(self, cdr: Billed) -> bool:
        """Whether the CDR may be of the period; a day on either side is left to clocks, and to whether ends count."""
        if cdr.ended_at is None:
            return True
        day = cdr.ended_at.date()
        is_early = self.period_from is not None and day < self.period_from - _DAY
        return not is_early and (self.period_until is None or day <= self.period_until + _DAY)

    def is_amount(self, line: Line, cdr: Billed) -> bool:
        """Whether the line states just what the CDR does."""
        return line.net is not None and line.net == cdr.net and cdr.currency == self.currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """What the lines mean that list one id: each of them is in one place."""

    told: tuple[tuple[Billed, tuple[Line, ...]], ...]
    """The CDRs that are listed, each with its lines: all but the first of them list it again."""
    untold: tuple[Line, ...] = ()
    """Of these nobody can say which CDR they mean."""


def assigned(lines: Sequence[Line], cdrs: Sequence[Billed], *, terms: Terms) -> Assigned:
    """Assign the lines that list one id to the CDRs of this id, one to one; there is one of each at least.

    Among several CDRs the amount tells, and what is left over is the other's, where it can be no repetition. A line
    alone must also agree with the period, where that tells the CDRs apart. Nothing is guessed.
    """
    if len(cdrs) == 1:
        return Assigned(told=((cdrs[0], tuple(lines)),))
    if len(lines) < len(cdrs):
        return _some(lines, cdrs, terms)
    found: list[list[Line]] = [[] for _ in cdrs]
    rest: list[Line] = []
    for line in lines:
        places = [at for at, cdr in enumerate(cdrs) if not found[at] and terms.is_amount(line, cdr)]
        (found[places[0]] if places else rest).append(line)
    left = [at for at, its in enumerate(found) if not its]
    again = [_repeated(line, cdrs, terms) for line in rest]
    if len(rest) == len(left) and set(again) <= {None} and _is_one(rest, [cdrs[at] for at in left]):
        for at, line in zip(left, rest, strict=True):
            found[at].append(line)
        rest = []
    elif not left:
        for line, place in zip(rest, again, strict=True):
            if place is not None:
                found[place].append(line)
        rest = [line for line, place in zip(rest, again, strict=True) if place is None]
    told = tuple((cdr, tuple(its)) for cdr, its in zip(cdrs, found, strict=True) if its)
    return Assigned(told=told, untold=tuple(rest))


def _some(lines: Sequence[Line], cdrs: Sequence[Billed], terms: Terms) -> Assigned:
    """Assign lines that do not list every CDR: each to the only one that it can mean."""
    inside = [at for at, cdr in enumerate(cdrs) if terms.may_bill(cdr)] or list(range(len(cdrs)))
    able = [[at for at in inside if line.net is None or terms.is_amount(line, cdrs[at])] for line in lines]
    is_told = [len(one) == 1 and sum(one[0] in other for other in able) == 1 for one in able]
    return Assigned(
        told=tuple((cdrs[one[0]], (line,)) for line, one, told in zip(lines, able, is_told, strict=True) if told),
        untold=tuple(line for line, told in zip(lines, is_told, strict=True) if not told),
    )


def _repeated(line: Line, cdrs: Sequence[Billed], terms: Terms) -> int | None:
    """Return the place of a CDR whose very amount the line states."""
    return next((at for at, cdr in enumerate(cdrs) if terms.is_amount(line, cdr)), None)


def _is_one(lines: Sequence[Line], cdrs: Sequence[Billed]) -> bool:
    """Whether it changes nothing which line is whose: all lines are alike, or all CDRs are."""
    return len({line.net for line in lines}) == 1 or len({(cdr.net, cdr.currency) for cdr in cdrs}) == 1
