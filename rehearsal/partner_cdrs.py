"""A rehearsed partner's CDRs as OCPI 2.2.1 JSON, made from what truly happened and from the faults drawn."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any

from rehearsal.partner_faults import Fault
from rehearsal.pricing import cost
from rehearsal.truth import TrueSession

Record = dict[str, Any]

FORMER_OPERATOR = "NL*EVX"
"""The operator code in the EVSE ids before they were replaced."""
CLOCK_SKEW = timedelta(seconds=75)
TIME_ZONE = "Europe/Amsterdam"
_LATER = timedelta(hours=1)
_MORE_KWH = Decimal("0.350")


def former_evse_id(evse_id: str) -> str:
    """Return the id that an EVSE bore before it was replaced."""
    outlet = evse_id.split("*", 2)[2]
    return f"{FORMER_OPERATOR}*{outlet}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """How a partner keeps its records."""

    tariff: Mapping[str, Any]
    does_rewrite_ids: bool
    """As a hub does: its own CDR and session ids, and no authorisation reference."""

    def cdr_id(self, session_id: str) -> str:
        """Return the id under which the partner files a session."""
        return f"H{_digest(session_id)[:20]}" if self.does_rewrite_ids else f"CDR-{session_id}"

    def records(
        self, session: TrueSession, fault: Fault | None, *, before: datetime
    ) -> Iterator[tuple[Record, Fault | None]]:
        """Yield the CDRs of one session, each with its fault; none is updated at or after `before`."""
        plain = self.record(session)
        if fault is Fault.MISSING:
            return
        if fault is Fault.CREDITED:
            yield from self._credited(session, before)
            return
        if fault is not None and fault is not Fault.DUPLICATE:
            yield self._faulty(session, plain, fault), fault
            return
        yield plain, None
        if fault is Fault.DUPLICATE:
            yield _again(plain, suffix="-R", before=before, times=1), Fault.DUPLICATE

    def record(self, session: TrueSession, *, energy_kwh: Decimal | None = None) -> Record:
        """Return the right CDR of a session, or the right one of another energy."""
        energy = Decimal(session.meter_stop_wh - session.meter_start_wh) / 1000 if energy_kwh is None else energy_kwh
        hours = Decimal((session.stopped_at - session.started_at) // timedelta(seconds=1)) / 3600
        dimensions = [
            {"type": "ENERGY", "volume": energy},
            {"type": "TIME", "volume": hours.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)},
        ]
        periods = [{"start_date_time": session.started_at, "dimensions": dimensions, "tariff_id": self.tariff["id"]}]
        net, gross = cost(self.tariff, periods, time_zone=TIME_ZONE).in_cents()
        country_code, party_id = (session.party or "").split("-", 1)
        return {
            "country_code": "NL",
            "party_id": "EVN",
            "id": self.cdr_id(session.session_id),
            "start_date_time": session.started_at,
            "end_date_time": session.stopped_at,
            "session_id": _digest(session.session_id)[20:50] if self.does_rewrite_ids else session.session_id,
            "cdr_token": {
                "country_code": country_code,
                "party_id": party_id,
                "uid": session.token_uid,
                "type": "RFID",
                "contract_id": session.contract_id,
            },
            "auth_method": "WHITELIST",
            "cdr_location": {
                "id": session.station_id,
                "address": "Stationsplein 1",
                "city": "Utrecht",
                "country": "NLD",
                "coordinates": {"latitude": "52.08950", "longitude": "5.11030"},
                "evse_uid": session.evse_uid,
                "evse_id": session.evse_id,
                "connector_id": str(session.connector_id),
                "connector_standard": "IEC_62196_T2",
                "connector_format": "SOCKET",
                "connector_power_type": "AC_3_PHASE",
            },
            "currency": self.tariff["currency"],
            "tariffs": [self.tariff],
            "charging_periods": periods,
            "total_cost": {"excl_vat": net, "incl_vat": gross},
            "total_energy": energy,
            "total_time": dimensions[1]["volume"],
            "last_updated": session.stopped_at,
        }

    def ghost(self, session: TrueSession) -> Record:
        """Return a CDR of a charge that never happened, at a station that nobody knows."""
        ghost = deepcopy(self.record(session))
        ghost["id"] = self.cdr_id(f"ghost-{session.session_id}")
        ghost["session_id"] = f"ghost-{session.session_id}"
        ghost["cdr_location"]["evse_id"] = f"NL*EVN*EGHOST{_digest(session.session_id)[:6].upper()}*1"
        return ghost

    def _faulty(self, session: TrueSession, plain: Record, fault: Fault) -> Record:
        edits: dict[Fault, Callable[[Record], Record]] = {
            Fault.ENERGY: lambda record: self.record(session, energy_kwh=record["total_energy"] + _MORE_KWH),
            Fault.PRICE: _overpriced,
            Fault.OLD_EVSE: lambda record: _with_evse(record, former_evse_id(session.evse_id)),
            Fault.LOWER_CASE: lambda record: _with_evse(record, session.evse_id.lower()),
            Fault.CLOCK: _skewed,
            Fault.MALFORMED: lambda record: {**record, "total_energy": "twelve"},
            Fault.PRICE_AS_TEXT: lambda record: {
                **record, "total_cost": {side: str(amount) for side, amount in record["total_cost"].items()}
            },
        }  # fmt: skip
        return edits[fault](plain)

    def _credited(self, session: TrueSession, before: datetime) -> Iterator[tuple[Record, Fault]]:
        """Yield a wrong CDR, the credit that takes it back (only the total is negated), and the right one."""
        right = self.record(session)
        wrong = _overpriced(right)
        credit = _again(wrong, suffix="-C", before=before, times=1)
        credit |= {"credit": True, "credit_reference_id": wrong["id"]}
        credit["total_cost"] = {side: -amount for side, amount in wrong["total_cost"].items()}
        yield wrong, Fault.CREDITED
        yield credit, Fault.CREDIT
        yield _again(right, suffix="-N", before=before, times=2), Fault.REPLACEMENT


def _again(record: Record, *, suffix: str, before: datetime, times: int) -> Record:
    updated = min(record["last_updated"] + times * _LATER, before - timedelta(seconds=1))
    return {**record, "id": record["id"] + suffix, "last_updated": max(updated, record["last_updated"])}


def _overpriced(record: Record) -> Record:
    def dearer(amount: Decimal) -> Decimal:
        return (amount * Decimal("1.1") + Decimal("0.40")).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)

    return {**record, "total_cost": {side: dearer(amount) for side, amount in record["total_cost"].items()}}


def _with_evse(record: Record, evse_id: str) -> Record:
    return {**record, "cdr_location": {**record["cdr_location"], "evse_id": evse_id}}


def _skewed(record: Record) -> Record:
    periods = [
        {**period, "start_date_time": period["start_date_time"] + CLOCK_SKEW} for period in record["charging_periods"]
    ]
    shifted = {name: record[name] + CLOCK_SKEW for name in ("start_date_time", "end_date_time")}
    return {**record, **shifted, "charging_periods": periods}


def _digest(session_id: str) -> str:
    return sha256(f"hub/{session_id}".encode()).hexdigest()
