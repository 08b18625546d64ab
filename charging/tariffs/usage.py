"""What was measured during a session: the part of a CDR that a tariff is applied to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from charging.tariffs.tariff import Dimension


class Extreme(StrEnum):
    """The bounds of current (A, sum over the phases) and power (kW) within a period."""

    MIN_CURRENT = "MIN_CURRENT"
    MAX_CURRENT = "MAX_CURRENT"
    MIN_POWER = "MIN_POWER"
    MAX_POWER = "MAX_POWER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of a session in which nothing that matters to the price changed."""

    started_at: datetime
    volumes: Mapping[Dimension, Decimal]
    """kWh for ENERGY, hours for the times, as published."""
    extremes: Mapping[Extreme, Decimal] = field(default_factory=dict)
    tariff_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A session as its price needs it. Periods are in order of time; each ends where the next one begins."""

    ended_at: datetime
    periods: tuple[Period, ...]
    time_zone: str
    """IANA name of the location's zone, in which the times of day of a tariff are meant."""
    has_expired_reservation: bool = False
    """The driver reserved and never came."""
