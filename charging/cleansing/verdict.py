"""What cleansing says about a row: clean, mended, merged, asked about, or set aside. Nothing else can happen to one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from charging.cleansing.answers import NOBODY, Answer
from charging.cleansing.population import Facts
from charging.network import (
    ChargingProfile,
    Connector,
    Contract,
    Customer,
    Evse,
    Location,
    MeterValue,
    Reservation,
    Session,
    Station,
    Tariff,
    Token,
)

if TYPE_CHECKING:
    from charging.cleansing.kept_stops import KeptStop

SHIFTED = "csv_shift"
"""A source sets this column to what is wrong where the cells of a line did not fit its header."""

TOTAL = "csv_total"
"""A source sets this column on a line that only sums others up."""

WITHHELD = "(withheld)"
"""Stands in a log for what is personal; the landed row still has it."""

PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)
"""A number that can be added to a million others without rounding."""

Model = TypeVar(
    "Model",
    Location,
    Station,
    Evse,
    Connector,
    Tariff,
    Customer,
    Contract,
    Token,
    Session,
    MeterValue,
    Reservation,
    ChargingProfile,
)


class Confidence(StrEnum):
    """How a fix knows."""

    CERTAIN = "certain"
    VOTE = "vote"
    """Most other rows of the same station say so."""
    ESTIMATED = "estimated"


class Owner(StrEnum):
    """Whose turn it is."""

    DATA_TEAM = "data team"
    STATION_MAKER = "station maker"
    CARRIER = "carrier"
    MAINTENANCE = "maintenance"
    ROAMING_PARTNER = "roaming partner"
    NETWORK_OWNER = "network owner"


class Row(Protocol):
    """A landed row, whichever room it comes from."""

    @property
    def entity(self) -> str: ...

    @property
    def file(self) -> str: ...

    @property
    def line(self) -> int: ...

    @property
    def values(self) -> Mapping[str, str | None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What rules may know beside the rows. Where a set of ids is None, references to it are not judged."""

    as_of: datetime
    time_zone: str | None = None
    """The zone of times that carry none, where the row itself does not say."""
    currency: str | None = None
    century: int | None = None
    """What to add to a year below 100, where the row itself does not say; None repairs none."""
    station_ids: frozenset[str] | None = None
    location_ids: frozenset[str] | None = None
    session_ids: frozenset[str] | None = None
    """The source's sessions, loaded or set aside: samples wait beside a session that waits."""
    customer_ids: frozenset[str] | None = None
    tariff_ids: frozenset[str] | None = None
    tariffs_valid_until: Mapping[str, datetime] = field(default_factory=dict)
    """When tariffs end, by their id; one without an end is not among them."""
    facts: Facts = field(default_factory=Facts)
    """What the whole population says, gathered before any row is judged (`charging.cleansing.gather`)."""
    known_token_uids: frozenset[str] = frozenset()
    """Canonical uids from a better source (the issuer's export), by which ambiguous ones are resolved."""
    own_parties: frozenset[str] = frozenset()
    """Parties (`NL-EVN`) whose contracts are our own: their tokens have no issuer."""
    answers: Mapping[tuple[str, int], Answer] = field(default_factory=lambda: NOBODY)
    """What owners have said about rows that were set aside before, by file and line."""
    kept_stops: "Mapping[str, KeptStop]" = field(default_factory=dict)
    """Ends of the source's sessions that the gateway heard in its stead, by session id."""
    max_power_kw: Decimal = Decimal(400)
    """More than this no station of the network can deliver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One value that was changed, and what it was. A merge has the field `merged_into` and names the row that stays."""

    entity: str
    key: str
    field: str
    rule: str
    before: str | None
    after: str | None
    confidence: Confidence
    evidence: str | None = None
    """The count of a vote, as `41 of 41 sessions of Alfen NG920 start at 0`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The row was loaded, and somebody should still answer this."""

    entity: str
    key: str
    rule: str
    question: str
    owner: Owner
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A row that was set aside, with everything needed to decide on it."""

    entity: str
    key: str
    file: str
    line: int
    rule: str
    reason: str
    owner: Owner
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Energy in kWh that went in and is neither loaded nor quarantined: what a rule took away (or, negative, added)."""

    key: str
    rule: str
    energy_kwh: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """The energy account in kWh: before = loaded + quarantined + adjustments, exactly."""

    before: Decimal = Decimal(0)
    loaded: Decimal = Decimal(0)
    quarantined: Decimal = Decimal(0)
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def adjusted(self) -> Decimal:
        """The sum of the adjustments."""
        return sum((each.energy_kwh for each in self.adjustments), Decimal(0))

    @property
    def adjusted_by_rule(self) -> Mapping[str, Decimal]:
        """What each rule took away in all, by rule; what rules gave and took to nothing is listed all the same."""
        total: dict[str, Decimal] = {}
        for each in self.adjustments:
            total[each.rule] = total.get(each.rule, Decimal(0)) + each.energy_kwh
        return dict(sorted(total.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleansed(Generic[Model]):
    """What became of every row: rows in = clean + quarantined + merged."""

    entity: str
    rows_in: int
    clean: tuple[Model, ...]
    fixes: tuple[Fix, ...]
    quarantined: tuple[Quarantined, ...]
    questions: tuple[Question, ...]
    merged: int
    energy: Energy | None = None
    """For sessions only."""
    places: tuple[tuple[str, int], ...] = ()
    """File and line of the row behind each of the clean ones, in their order."""
    clean_at: tuple[int, ...] = ()
    """Which of the rows that were handed in is behind each of the clean ones, counted from 0."""
    fixes_at: tuple[int, ...] = ()
    questions_at: tuple[int, ...] = ()
