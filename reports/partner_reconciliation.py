"""What one roaming partner reads: whose CDRs agree, which do not, and what we ask. Pseudonymised for that partner."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from reports.followed_cases import CaseAge, FollowedCase
from reports.values import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictTotals:
    """All CDRs of one verdict."""

    verdict: str
    ours: int
    theirs: int
    ours_kwh: Decimal
    theirs_kwh: Decimal
    ours_net: Decimal
    theirs_net: Decimal
    money_at_risk: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SideTotals:
    """Everything that one side stated, counted before any matching."""

    side: str
    """`ours` or `theirs`."""
    cdrs: int
    energy_kwh: Decimal
    net: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """The largest difference that counts as equal, as agreed."""

    quantity: str
    largest: Decimal
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One CDR, or pair of CDRs, that needs somebody. Tokens and contracts are pseudonyms made for this partner."""

    reference: str
    verdict: str
    ours_cdr_id: str | None
    theirs_cdr_id: str | None
    evse_id: str
    token: str | None
    contract: str | None
    started_at: datetime
    ours: str | None
    """What we state, with its unit."""
    theirs: str | None
    difference: Decimal | None
    """Theirs minus ours, without VAT."""
    money_at_risk: Decimal
    currency: str
    tier: str | None
    """How the pair was found."""
    explanation: str
    next_step: str
    age_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something that we ask of the partner."""

    what: str
    why: str
    cdrs: int
    due_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedQuality:
    """What is not as it should be in what the partner sent, though every CDR of it was judged."""

    cdrs: int
    asked: int
    """Of how many of them it was asked."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerReconciliation:
    """The CDRs of one partner and one period, on both sides. One currency; another one is another report."""

    partner: str
    partner_party: str
    our_party: str
    protocol: str
    """As spoken: `OCPI 2.2.1`."""
    date_from: date
    date_to: date
    """Exclusive."""
    time_zone: str
    as_of: datetime
    headline: str
    currency: str
    figures: tuple[Figure, ...]
    sides: tuple[SideTotals, SideTotals]
    """Ours, then theirs."""
    verdicts: tuple[VerdictTotals, ...]
    discrepancies: tuple[Discrepancy, ...]
    """The largest money at risk first."""
    requests: tuple[Request, ...]
    ages: tuple[CaseAge, ...]
    cases: tuple[FollowedCase, ...]
    """All that is open, of whichever night; the largest money at risk first."""
    tolerances: tuple[Tolerance, ...]
    feed: FeedQuality | None
    """None where nothing came, or nobody has asked."""
    contact: str
    input_sha256: str

    @property
    def title(self) -> str:
        """How the page is called."""
        return f"CDR reconciliation with {self.partner}"

    @property
    def stem(self) -> str:
        """What the file's name is made of."""
        return f"reconciliation-{self.partner}-{self.date_from}-{self.date_to}"

    @property
    def accounts(self) -> tuple["SideAccount", "SideAccount"]:
        """Whether the verdicts of each side add up to what it stated."""
        ours, theirs = self.sides
        return (
            SideAccount(
                side=ours.side,
                currency=ours.currency,
                cdrs=ours.cdrs,
                cdrs_judged=sum(each.ours for each in self.verdicts),
                energy_kwh=ours.energy_kwh,
                energy_judged_kwh=sum((each.ours_kwh for each in self.verdicts), Decimal(0)),
                net=ours.net,
                net_judged=sum((each.ours_net for each in self.verdicts), Decimal(0)),
            ),
            SideAccount(
                side=theirs.side,
                currency=theirs.currency,
                cdrs=theirs.cdrs,
                cdrs_judged=sum(each.theirs for each in self.verdicts),
                energy_kwh=theirs.energy_kwh,
                energy_judged_kwh=sum((each.theirs_kwh for each in self.verdicts), Decimal(0)),
                net=theirs.net,
                net_judged=sum((each.theirs_net for each in self.verdicts), Decimal(0)),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SideAccount:
    """What a side stated, against the sum of all verdicts."""

    side: str
    currency: str
    cdrs: int
    cdrs_judged: int
    energy_kwh: Decimal
    energy_judged_kwh: Decimal
    net: Decimal
    net_judged: Decimal

    @property
    def verdict(self) -> str:
        """`adds_up` or `differs`."""
        stated = (self.cdrs, self.energy_kwh, self.net)
        return "adds_up" if stated == (self.cdrs_judged, self.energy_judged_kwh, self.net_judged) else "differs"
