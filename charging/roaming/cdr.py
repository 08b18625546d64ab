"""The canonical CDR: one shape for both sides of a reconciliation and for every protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme, Period, Usage


class Side(StrEnum):
    """Whose claim a CDR is."""

    OURS = "ours"
    THEIRS = "theirs"


class Cohort(StrEnum):
    """Whether the station had been moved to the target when the session began."""

    MOVED = "moved"
    NOT_MOVED = "not_moved"


BACK_OFFICES: Mapping[Cohort, str] = {Cohort.NOT_MOVED: "legacy", Cohort.MOVED: "target"}
"""Which back-office of ours has numbered a session of a cohort."""


class Protocol(StrEnum):
    """In which protocol a CDR was stated; what it can say, and whether it can change, depends on it."""

    OCPI = "ocpi"
    OICP = "oicp"
    OCHP = "ochp"
    EMIP = "emip"
    STATEMENT = "statement"
    """A list by file, read by a mapping."""
    OWN = "own"
    """Made from our own sessions."""


class CdrState(StrEnum):
    """How final a CDR is. OCPI's are always final; OCHP's pass through the others until approved or rejected."""

    NEW = "new"
    ACCEPTED = "accepted"
    APPROVED = "approved"
    DECLINED = "declined"
    REVISED = "revised"
    REJECTED = "rejected"
    INTERMEDIATE = "intermediate"
    """eMIP: a report on the way, which bills nothing."""
    FINAL = "final"


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrLine:
    """A measured quantity: kWh for ENERGY, hours for the times, A and kW for the extremes of a period."""

    measure: Dimension | Extreme
    started_at: datetime
    volume: Decimal
    tariff_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cdr:
    """The billable record of one session. Ids are compared in their compact form; `…_raw` is what stood on the wire.

    What a protocol cannot say is None, never zero.
    """

    side: Side
    partner: str
    owner: str
    """Country and party of the operator whose station it was: `NL-EVN`."""
    cdr_id: str
    session_id: str | None
    authorization_reference: str | None
    evse_raw: str
    evse_compact: str
    token_uid: str | None
    contract_compact: str | None
    started_at: datetime
    ended_at: datetime
    energy_kwh: Decimal
    net: Decimal | None
    gross: Decimal | None
    currency: str
    tariff_id: str | None
    lines: tuple[CdrLine, ...]
    is_credit: bool
    credits_cdr_id: str | None
    last_updated: datetime
    """Where a protocol has no such field, when it was received."""
    raw_sha256: str
    quality: tuple[str, ...] = ()
    """Codes of what was odd about the record (`unit.energy_wh`, `id.separator_nonstandard`…)."""
    station_id: str | None = None
    cohort: Cohort | None = None
    protocol: Protocol = Protocol.OCPI
    state: CdrState = CdrState.FINAL
    session_aliases: tuple[str, ...] = ()
    """Under which other ids the session is known to somebody on the way: the hub, the operator, the provider."""
    token_hash: str | None = None
    """Where the wire carries no uid but its hash: `sha-1:…` or `sha-256:…`, in lower-case hexadecimal digits."""
    evse_uid: str | None = None
    connector_id: str | None = None
    charging_started_at: datetime | None = None
    charging_ended_at: datetime | None = None
    """Where the protocol tells the energy's flow from the session around it (OICP)."""
    total_hours: Decimal | None = None
    parking_hours: Decimal | None = None
    meter_start_kwh: Decimal | None = None
    meter_end_kwh: Decimal | None = None
    start_offset_minutes: int | None = None
    """The offset from UTC in which the start was written, for the vote on time zones; None: none was stated."""
    is_cost_significant: bool = True
    """False where the sender says that its amount means nothing (Gireve's `[?]`), or the protocol has none (OICP)."""
    invoice_id: str | None = None
    time_zone: str | None = None
    """Of the location (IANA), from our own locations or the partner's; None: the one agreed with the partner."""

    @property
    def cdr_key(self) -> str:
        """The natural key: one for each version of a record that a side has stated."""
        return f"{self.side}|{self.partner}|{self.owner}|{self.cdr_id}|{self.raw_sha256[:12]}"


def usage(cdr: Cdr, *, time_zone: str) -> Usage:
    """Return what was measured, as a tariff needs it; `time_zone` (IANA) is for a CDR whose location's is not known.

    Restrictions are in the local time of the location (OCPI 2.2.1, mod_tariffs, TariffRestrictions).
    """
    ordered = sorted(cdr.lines, key=lambda line: line.started_at)
    periods = tuple(
        _period(started_at, tuple(lines)) for started_at, lines in groupby(ordered, key=lambda line: line.started_at)
    )
    measured = {line.measure for line in cdr.lines if line.volume}
    return Usage(
        ended_at=cdr.ended_at,
        periods=periods,
        time_zone=cdr.time_zone or time_zone,
        has_expired_reservation=measured == {Dimension.RESERVATION_TIME},
    )


def _period(started_at: datetime, lines: Sequence[CdrLine]) -> Period:
    return Period(
        started_at=started_at,
        volumes={line.measure: line.volume for line in lines if isinstance(line.measure, Dimension)},
        extremes={line.measure: line.volume for line in lines if isinstance(line.measure, Extreme)},
        tariff_id=next((line.tariff_id for line in lines if line.tariff_id), None),
    )
