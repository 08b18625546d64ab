"""OICP 2.3 CDRs from JSON to the canonical shape (eRoamingChargeDetailRecord). Pure.

There is no price in a CDR of OICP: PartnerProductID names what both sides price by.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import msgspec

from charging.roaming.cdr import Cdr, CdrLine, Protocol, Side
from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.ocpi.parse import UNREADABLE, Parsed, Rejected, UnreadablePage, records
from charging.roaming.ocpi.parse_stated import NOBODY, owner_of
from charging.roaming.ocpi.quality import contract_codes, evse_codes
from charging.roaming.ocpi.wire_values import number as json_number
from charging.roaming.oicp.wire import Identification, Named, Record, Signed
from charging.roaming.stated_values import energy_codes, hours, local_instant, require_order, required
from charging.tariffs.tariff import Dimension

_RECORD = msgspec.json.Decoder(Record)
_METERS_AGREE = Decimal("0.01")
"""In kWh: readings have three decimals, and a station may count on while it ends."""


def parse_cdrs(
    data: bytes | msgspec.Raw, *, partner: str, received_at: datetime, currency: str, owner: str | None = None
) -> Parsed:
    """Return the CDRs of a list, and those of its records that are none.

    `currency` is the agreed one: the record has no price. `owner` (`NL-EVN`) is whose stations they are from, where it
    is known; else the EVSE id tells, or the hub's name of the operator.

    Raises:
        UnreadablePage: if `data` is no list.
    """
    cdrs: list[Cdr] = []
    rejected: list[Rejected] = []
    for raw in records(data):
        try:
            cdrs.append(_cdr(raw, partner=partner, received_at=received_at, currency=currency, owner=owner))
        except (*UNREADABLE, ValueError, ArithmeticError) as problem:
            digest = sha256(raw).hexdigest()
            rejected.append(Rejected(cdr_id=session_id(raw), reason=str(problem), raw=raw, raw_sha256=digest))
    return Parsed(cdrs=tuple(cdrs), rejected=tuple(rejected))


def session_id(raw: bytes) -> str | None:
    """Return the SessionID of a record, None where there is none that can be read."""
    try:
        return msgspec.json.decode(raw, type=Named).session_id or None
    except UNREADABLE:
        return None


def signed_values(raw: bytes) -> tuple[bytes | None, bytes | None]:
    """Return the signed readings, and what verifies them, as they stood on the wire: signatures cover bytes.

    Raises:
        UnreadablePage: if the record is no JSON object.
    """
    try:
        found = msgspec.json.decode(raw, type=Signed)
    except UNREADABLE as problem:
        raise UnreadablePage(f"the record is no object: {problem}") from problem
    signed, verified = (bytes(each) for each in (found.signed_metering_values, found.calibration_law_verification_info))
    return (None if signed == b"null" else signed), (None if verified == b"null" else verified)


def _cdr(raw: bytes, *, partner: str, received_at: datetime, currency: str, owner: str | None) -> Cdr:
    record = _RECORD.decode(raw)
    name = required(record.session_id, "SessionID")
    evse = required(record.evse_id, "EvseID")
    start, end = local_instant(record.session_start, "SessionStart"), local_instant(record.session_end, "SessionEnd")
    flow = local_instant(record.charging_start, "ChargingStart"), local_instant(record.charging_end, "ChargingEnd")
    require_order(start.at, end.at)
    require_order(flow[0].at, flow[1].at)
    energy = _number(record.consumed_energy, "ConsumedEnergy")
    if energy is None:
        raise ValueError("`ConsumedEnergy` is missing: ask the hub for the session's energy")
    first, last = _number(record.meter_value_start, "MeterValueStart"), _number(record.meter_value_end, "MeterValueEnd")
    uid, contract, driver_codes = _driver(record.identification)
    plugged, charging = end.at - start.at, flow[1].at - flow[0].at
    codes = {
        *evse_codes(evse),
        *(contract_codes(contract) if contract else ()),
        *driver_codes,
        *energy_codes(energy),
        *_meter_codes(energy, first, last),
        *(() if start.at <= flow[0].at and flow[1].at <= end.at else ("time.charging_outside",)),
        *(("parking.approximated",) if plugged > charging else ()),
        *start.codes,
        *end.codes,
    }
    return Cdr(
        side=Side.THEIRS,
        partner=partner,
        owner=owner or _owner(evse, record.hub_operator_id),
        cdr_id=name,
        session_id=name,
        authorization_reference=None,
        evse_raw=evse,
        evse_compact=compact_evse(evse),
        token_uid=compact_token(uid) if uid else None,
        contract_compact=compact_contract(contract) if contract else None,
        started_at=start.at,
        ended_at=end.at,
        energy_kwh=energy,
        net=None,
        gross=None,
        currency=currency,
        tariff_id=record.partner_product_id or None,
        lines=tuple(_lines((start.at, end.at), (flow[0].at, flow[1].at), energy)),
        is_credit=False,
        credits_cdr_id=None,
        last_updated=received_at,
        raw_sha256=sha256(raw).hexdigest(),
        quality=tuple(sorted(codes)),
        protocol=Protocol.OICP,
        session_aliases=tuple(
            alias for alias in (record.cpo_partner_session_id, record.emp_partner_session_id) if alias
        ),
        charging_started_at=flow[0].at,
        charging_ended_at=flow[1].at,
        total_hours=hours(plugged),
        parking_hours=hours(max(plugged - charging, timedelta(0))),
        meter_start_kwh=first,
        meter_end_kwh=last,
        start_offset_minutes=start.offset_minutes,
        is_cost_significant=False,
    )


def _lines(session: tuple[datetime, datetime], flow: tuple[datetime, datetime], energy: Decimal) -> Iterator[CdrLine]:
    """Yield what was measured: plugged in before and after the energy flowed counts as parking."""
    if session[0] < flow[0]:
        before = hours(flow[0] - session[0])
        yield CdrLine(measure=Dimension.PARKING_TIME, started_at=session[0], volume=before)
    yield CdrLine(measure=Dimension.ENERGY, started_at=flow[0], volume=energy)
    yield CdrLine(measure=Dimension.TIME, started_at=flow[0], volume=hours(flow[1] - flow[0]))
    if flow[1] < session[1]:
        yield CdrLine(measure=Dimension.PARKING_TIME, started_at=flow[1], volume=hours(session[1] - flow[1]))


def _number(raw: msgspec.Raw, name: str) -> Decimal | None:
    found = json_number(raw, name)
    return None if found is None else found.value


def _meter_codes(energy: Decimal, first: Decimal | None, last: Decimal | None) -> tuple[str, ...]:
    """Return whether the readings contradict the energy, or do so by being in Wh."""
    if first is None or last is None:
        return ()
    counted = last - first
    if energy > 0 and abs(counted - 1000 * energy) <= 10 * energy:
        return ("unit.meter_wh",)
    return ("energy.meter",) if abs(counted - energy) > _METERS_AGREE else ()


def _owner(evse: str, operator: str | None) -> str:
    found = owner_of(evse)
    stated = (operator or "").replace("*", "").replace("-", "").upper()
    return f"{stated[:2]}-{stated[2:]}" if found == NOBODY and len(stated) == 5 else found


def _driver(stated: Identification | None) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return uid, contract and what is odd. A mifare-family record has no contract, a remote one no uid."""
    if stated is None:
        return None, None, ("id.identification_missing",)
    cards = (stated.rfid_mifare_family_identification, stated.rfid_identification)
    contracts = (
        stated.rfid_identification,
        stated.qr_code_identification,
        stated.plug_and_charge_identification,
        stated.remote_identification,
    )
    uid = next((one.uid for one in cards if one and one.uid), None)
    contract = next((one.evco_id for one in contracts if one and one.evco_id), None)
    given = sum(one is not None for one in (cards[0], *contracts))
    if not given:
        return None, None, ("id.identification_missing",)
    return uid, contract, ("id.identification_many",) if given > 1 else ()
