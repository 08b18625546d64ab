"""What we and a partner have agreed about comparing and billing CDRs."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import IntEnum

from charging.tariffs.rounding import Rounding


class Tier(IntEnum):
    """How two CDRs were found to be of one session; the lower, the surer."""

    CDR_ID = 1
    SESSION_ID = 2
    AUTHORIZATION_REFERENCE = 3
    EVSE_AND_TOKEN = 4
    EVSE_AND_CONTRACT = 5
    EVSE_AND_TIME = 6
    """Suspect: for a person to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """The largest differences that still count as equal."""

    energy_kwh: Decimal = Decimal("0.010")
    duration: timedelta = timedelta(seconds=60)
    clock: timedelta = timedelta(seconds=60)
    """How far the two clocks may be apart before it is said."""
    money: Decimal | None = None
    """None: derived, half a minor unit for every priced line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The part of a partner file that the reconciliation reads."""

    currency: str
    time_zone: str
    """IANA name; OCPI's CDRs do not carry the location's own."""
    vat_percent: Decimal | None = None
    tolerances: Tolerances = field(default_factory=Tolerances)
    rounding: Rounding = field(default_factory=Rounding)
    lateness: timedelta = timedelta(days=3)
    """How old a session must be before its missing CDR is a discrepancy."""
    tiers: tuple[Tier, ...] = tuple(Tier)
    """Which ids mean something to this partner: a hub that rewrites session ids has no use for that tier."""
