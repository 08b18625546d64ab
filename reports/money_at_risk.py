"""What the committee reads about roaming: the money that open cases put at risk, cut in several ways that add up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from reports.values import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Open cases of one partner, wave, age or turn together."""

    name: str
    cases: int
    amount: Decimal
    """Without VAT."""
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """All open cases, cut in one way; every case is in exactly one part."""

    by: str
    """`partner`, `wave`, `age` or `turn`."""
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    """Open cases of one partner, wave, age, turn and currency."""

    partner: str
    wave: str
    age: str
    turn: str
    cases: int
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """One of the cases with most money."""

    case_key: str
    partner: str
    verdict: str
    state: str
    turn: str
    wave: str
    days_open: int
    amount: Decimal
    currency: str
    explanation: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastNight:
    """How far a partner has been reconciled."""

    partner: str
    day: date
    reconciled_at: datetime
    coverage: str
    """`complete` or `incomplete`."""
    because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedCases:
    """Cases that are closed in the same way, with what was at risk when they were."""

    partner: str
    state: str
    cases: int
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CutAccount:
    """What all open cases put at risk, against the sum of one cut's parts."""

    by: str
    cases: int
    cases_in_parts: int
    amount: Decimal
    amount_in_parts: Decimal
    currency: str

    @property
    def verdict(self) -> str:
        """`adds_up` or `differs`."""
        same = (self.cases, self.amount) == (self.cases_in_parts, self.amount_in_parts)
        return "adds_up" if same else "differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyAtRisk:
    """The money at risk of all partners. It is as of what was last judged or decided, so that it can be made again."""

    network: str
    as_of: datetime
    time_zone: str
    headline: str
    figures: tuple[Figure, ...]
    totals: tuple[Part, ...]
    """One for each currency, counted from the cases themselves before any cut; its name is empty."""
    cuts: tuple[Cut, ...]
    rows: tuple[RiskRow, ...]
    cases: tuple[OpenCase, ...]
    """The largest amounts first."""
    nights: tuple[LastNight, ...]
    closed: tuple[ClosedCases, ...]

    @property
    def title(self) -> str:
        """How the page is called."""
        return f"Money at risk in roaming of {self.network}"

    @property
    def stem(self) -> str:
        """What the file's name is made of."""
        return "money-at-risk"

    @property
    def accounts(self) -> tuple[CutAccount, ...]:
        """Whether every cut adds up to what the cases themselves make, currency by currency."""
        return tuple(self._accounts())

    def _accounts(self) -> Iterator[CutAccount]:
        for total in self.totals:
            for cut in self.cuts:
                here = [part for part in cut.parts if part.currency == total.currency]
                yield CutAccount(
                    by=cut.by,
                    cases=total.cases,
                    cases_in_parts=sum(part.cases for part in here),
                    amount=total.amount,
                    amount_in_parts=sum((part.amount for part in here), Decimal(0)),
                    currency=total.currency,
                )
