"""A session while it is being judged: its row, and what has been read out of it so far."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from charging.cleansing.case import Case, Repair
from charging.cleansing.values import iso, plain
from charging.cleansing.verdict import Confidence, Owner
from charging.network import Session


@dataclass(slots=True, kw_only=True)
class Draft:
    """What a row says, typed. `stopped_at` and the energy may still be missing."""

    case: Case
    station_id: str
    connector_id: int | None
    token_uid: str | None
    started_at: datetime
    stopped_at: datetime | None
    server_started_at: datetime | None
    server_stopped_at: datetime | None
    meter_start_wh: Decimal | None
    meter_stop_wh: Decimal | None
    energy_kwh: Decimal | None
    cost: Decimal | None
    currency: str | None
    location_id: str | None
    is_estimated: bool = False
    is_billable: bool = True
    is_plain: bool = False
    """Whether no rule of a single row has anything to say about it (`charging.cleansing.session_plain`)."""

    @property
    def lasted(self) -> timedelta:
        """How long it took; nothing, while its end is missing."""
        return (self.stopped_at or self.started_at) - self.started_at

    def retime(
        self,
        started_at: datetime,
        stopped_at: datetime | None,
        *,
        rule: str,
        confidence: Confidence,
        evidence: str | None = None,
    ) -> None:
        """Let it have been at another time, and log that."""
        for column, moment in (("started_at", started_at), ("stopped_at", stopped_at)):
            if moment is not None and self.case.values.get(column) is not None:
                after = iso(moment)
                self.case.repair(Repair(field=column, rule=rule, after=after, confidence=confidence, evidence=evidence))
        self.started_at, self.stopped_at, self.is_plain = started_at, stopped_at, False

    def estimate(self, rule: str, *, owner_asked: str, **found: datetime | Decimal) -> None:
        """Fill in what the source does not say, mark it as an estimate, and ask whether it may be billed."""
        for column, value in found.items():
            setattr(self, column, value)
            text = iso(value) if isinstance(value, datetime) else plain(value)
            self.case.repair(Repair(field=column, rule=rule, after=text, confidence=Confidence.ESTIMATED))
        self.is_estimated, self.is_plain = True, False
        self.case.ask(rule, owner_asked, Owner.NETWORK_OWNER)

    def complete(self, rule: str, *, evidence: str, **found: datetime | Decimal) -> None:
        """Fill in what the source does not say and somebody else has heard: no estimate, and it may be billed."""
        for column, value in found.items():
            setattr(self, column, value)
            text = iso(value) if isinstance(value, datetime) else plain(value)
            self.case.repair(Repair(field=column, rule=rule, after=text, evidence=evidence))
        self.is_plain = False

    def session(self) -> Session:
        """Return the clean session."""
        if self.stopped_at is None or self.energy_kwh is None:
            raise ValueError(f"session {self.case.key} has no end or no energy and is still open")
        return Session(
            session_id=self.case.key,
            station_id=self.station_id,
            connector_id=self.connector_id,
            location_id=self.location_id,
            token_uid=self.token_uid,
            started_at=self.started_at,
            stopped_at=self.stopped_at,
            meter_start_wh=self.meter_start_wh,
            meter_stop_wh=self.meter_stop_wh,
            energy_kwh=self.energy_kwh,
            cost=self.cost,
            currency=self.currency,
            is_estimated=self.is_estimated,
            is_billable=self.is_billable,
        )


def still_open(drafts: Iterable[Draft]) -> list[Draft]:
    """Return the drafts whose rows are still to be loaded."""
    return [draft for draft in drafts if (case := draft.case).rejection is None and case.merged_by is None]


def by_station(drafts: Iterable[Draft]) -> list[list[Draft]]:
    """Return the open drafts of each station in the order in which they began."""
    groups: dict[str, list[Draft]] = {}
    for draft in still_open(drafts):
        groups.setdefault(draft.station_id, []).append(draft)
    return [sorted(group, key=lambda draft: (draft.started_at, draft.case.row.line)) for group in groups.values()]


def by_connector(stations: Iterable[Iterable[Draft]]) -> list[list[Draft]]:
    """Return the open drafts of each connector in the order that they have in those of its station.

    Where the source does not say at which connector it was, nothing can be said about neighbours.
    """
    found: list[list[Draft]] = []
    for station in stations:
        groups: dict[int, list[Draft]] = {}
        for draft in still_open(station):
            if draft.connector_id is not None:
                groups.setdefault(draft.connector_id, []).append(draft)
        found.extend(groups.values())
    return found
