"""Judging one entity of an extract, share by share: rules first, then the suite, and what is stored of both."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any

import pandas as pd

from charging import canonical
from charging.cleansing import Cleansed, Context, Energy, cleanse
from charging.cleansing.answers import NOTHING
from charging.database.columns import storable_values
from charging.database.queries import clean as read_clean
from charging.database.queries.landing import Landed
from charging.errors import QualityBlocked
from charging.legacy.source import LandedRow
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
from expectations.answers import key_of
from expectations.check import check
from expectations.expectation import Given
from expectations.findings import Findings, Key

KEYS: Mapping[str, tuple[str, ...]] = {
    "location": ("location_id",),
    "station": ("station_id",),
    "evse": ("evse_uid",),
    "connector": ("evse_uid", "connector_number"),
    "tariff": ("tariff_id",),
    "customer": ("customer_id",),
    "contract": ("contract_id",),
    "token": ("token_uid",),
    "session": ("session_id",),
    "meter_value": ("session_id", "sample_number"),
    "reservation": ("reservation_id",),
    "charging_profile": ("profile_id",),
}
MODELS: Mapping[str, type] = {
    "location": Location,
    "station": Station,
    "evse": Evse,
    "connector": Connector,
    "tariff": Tariff,
    "customer": Customer,
    "contract": Contract,
    "token": Token,
    "session": Session,
    "meter_value": MeterValue,
    "reservation": Reservation,
    "charging_profile": ChargingProfile,
}
ROWS_AT_ONCE = 50_000
"""About so many rows are judged together: some 300 MB, however large the source is."""
OWN_OF_BACK_OFFICE = frozenset({"session", "meter_value"})
"""Their keys are unique inside one back-office only."""
NEVER_NEEDED = frozenset(
    {"connector", "tariff", "customer", "contract", "meter_value", "reservation", "charging_profile"}
)
"""A back-office may keep none of these; one without a station, a token or a session was not read rightly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What rules and suite together made of some rows of one entity."""

    numbers: Sequence[int]
    """The numbers in landing of the rows that were judged, in their order."""
    cleansed: Cleansed[Any]
    findings: Findings | None
    """None where there was nothing to ask about."""
    frame_counts: Mapping[str, int]
    """How many rows have a value, by column."""
    clean: list[Any]
    set_aside: list[dict[str, Any]]
    """Rows that the rules let pass and the suite did not, as they are stored in quarantine."""

    @property
    def quarantined(self) -> list[dict[str, Any]]:
        """Every row that was set aside, as it is stored."""
        names = ("entity", "key", "file", "line", "rule", "reason", "owner")
        by_rule = [
            {name: getattr(row, name) for name in names} | {"fields": dict(row.values)}
            for row in self.cleansed.quarantined
        ]
        return by_rule + self.set_aside

    @property
    def energy(self) -> Energy | None:
        """The energy account of the rows; what the suite set aside is not loaded."""
        made = self.cleansed.energy
        if made is None:
            return None
        aside = sum((Decimal(row["fields"]["energy_kwh"]) for row in self.set_aside), Decimal(0))
        return replace(made, loaded=made.loaded - aside, quarantined=made.quarantined + aside)


@dataclass(slots=True, kw_only=True)
class Account:
    """How the rows and the energy of one entity add up, share by share."""

    rows_in: int = 0
    loaded: int = 0
    merged: int = 0
    quarantined: int = 0
    has_energy: bool = False
    kwh: dict[str, Decimal] = field(
        default_factory=lambda: dict.fromkeys(("before", "loaded", "quarantined"), Decimal(0))
    )
    by_rule: dict[str, Decimal] = field(default_factory=dict)

    def add(self, share: Share, *, sign: int = 1) -> None:
        """Add what became of some rows, or take it away again."""
        self.rows_in += sign * share.cleansed.rows_in
        self.loaded += sign * len(share.clean)
        self.merged += sign * share.cleansed.merged
        self.quarantined += sign * len(share.quarantined)
        if (energy := share.energy) is not None:
            self.has_energy = True
            for name in self.kwh:
                self.kwh[name] += sign * getattr(energy, name)
            for rule, lost in energy.adjusted_by_rule.items():
                self.by_rule[rule] = self.by_rule.get(rule, Decimal(0)) + sign * lost

    def row(self) -> dict[str, Any]:
        """Return the account as it is stored."""
        counts = {name: getattr(self, name) for name in ("rows_in", "loaded", "merged", "quarantined")}
        if not self.has_energy:
            return counts | dict.fromkeys(
                ("kwh_before", "kwh_loaded", "kwh_quarantined", "kwh_adjusted", "kwh_adjustments")
            )
        return (
            counts
            | {f"kwh_{name}": value for name, value in self.kwh.items()}
            | {
                "kwh_adjusted": sum(self.by_rule.values(), Decimal(0)),
                "kwh_adjustments": {rule: str(lost) for rule, lost in sorted(self.by_rule.items()) if lost},
            }
        )


def shares(sizes: Sequence[tuple[int, int]], *, at_most: int) -> Iterator[tuple[int, int]]:
    """Put parts together, in order, to shares of so many rows; a larger part is a share of its own."""
    first: int | None = None
    last, held = 0, 0
    for part, count in sizes:
        if first is not None and held + count > at_most:
            yield first, last
            first, held = None, 0
        first = part if first is None else first
        last, held = part, held + count
    if first is not None:
        yield first, last


def landed_rows(entity: str, found: Iterable[Landed]) -> tuple[list[int], list[LandedRow]]:
    """Return landed rows as rules take them, and their numbers."""
    numbers, rows = [], []
    for one in found:
        numbers.append(one.number)
        rows.append(LandedRow(entity=entity, file=one.file, line=one.line, values=storable_values(one.values)))
    return numbers, rows


def _all_set_aside(cleansed: Cleansed[Any]) -> str:
    """Say why a table that had rows has none left: that is seldom the table's own fault."""
    (rule, count), *_ = Counter(one.rule for one in cleansed.quarantined).most_common(1)
    example = next(one for one in cleansed.quarantined if one.rule == rule)
    return f"all {cleansed.rows_in} rows were set aside, {count} of them by {rule} ({example.reason})"


def judge(
    entity: str,
    found: tuple[list[int], list[LandedRow]],
    known: Context,
    given: Given,
    *,
    beside: Sequence[LandedRow] = (),
    may_be_empty: bool = False,
) -> Share:
    """Judge some rows of one entity, with every row that rules compare them with; store nothing.

    Raises:
        CountsDisagree: if a row is not accounted for.
        QualityBlocked: if an expectation whose consequence is "block" is not met.
    """
    numbers, rows = found
    cleansed: Cleansed[Any] = cleanse(entity, rows, known, beside=beside)
    frame = _frame(entity, cleansed.clean)
    findings = None
    if not (may_be_empty and frame.empty):
        findings = check(f"{entity}s", frame, key=KEYS[entity], given=given)
        if findings.blocks and frame.empty and cleansed.quarantined:
            raise QualityBlocked(findings.suite, [*findings.blocks, _all_set_aside(cleansed)])
        findings.require_no_blocks()
    reasons = {} if findings is None else findings.quarantined_keys
    aside = [
        (value, place)
        for value, place in zip(cleansed.clean, cleansed.places, strict=True)
        if key(entity, value) in reasons and read_clean.SUITE not in known.answers.get(place, NOTHING).waived
    ]
    gone = {id(value) for value, _ in aside}
    return Share(
        numbers=numbers,
        cleansed=cleansed,
        findings=findings,
        frame_counts={str(column): int(count) for column, count in frame.count().items()},
        clean=[value for value in cleansed.clean if id(value) not in gone],
        set_aside=[
            {
                "entity": entity,
                "key": str(key(entity, value)),
                "file": place[0],
                "line": place[1],
                "rule": read_clean.SUITE,
                "reason": " ".join(reasons[key(entity, value)]),
                "owner": "data team",
                "fields": canonical.plain(value),
            }
            for value, place in aside
        ],
    )


def key(entity: str, value: object) -> Key:
    """Return the key by which a suite names a clean row."""
    return key_of([getattr(value, name) for name in KEYS[entity]])


def _frame(entity: str, values: Sequence[Any]) -> pd.DataFrame:
    """Return values as a frame of their fields; everything stays the object it is, so that decimals stay exact."""
    names = [field.name for field in fields(MODELS[entity])]
    return pd.DataFrame({name: [getattr(value, name) for value in values] for name in names}, dtype=object)
