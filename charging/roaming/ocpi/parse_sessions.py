"""OCPI sessions from JSON to what the night needs of them. Pure; a bad record costs itself."""

from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

import msgspec

from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.feed import FeedSession
from charging.roaming.ocpi import quality
from charging.roaming.ocpi.parse_feed import ParsedFeed, parse_records
from charging.roaming.ocpi.parse_numbers import Numbers
from charging.roaming.ocpi.parse_stated import NOBODY, available, is_contract
from charging.roaming.ocpi.wire_feed import Session22, Session211, Session221, Session230
from charging.roaming.ocpi.wire_values import AS_TEXT, UNKNOWN_TIME, Instant, instant

_SESSION_211 = msgspec.json.Decoder(Session211)
_SESSION_221 = msgspec.json.Decoder(Session221)
_SESSION_230 = msgspec.json.Decoder(Session230)


def parse_sessions(
    data: bytes | msgspec.Raw, *, partner: str, version: str = "2.2.1", owner: str | None = None
) -> ParsedFeed[FeedSession]:
    """Return the sessions of a page's `data`, and those of its records that are none. `owner` as in `parse_cdrs`.

    Raises:
        UnreadablePage: if `data` is no list.
        ValueError: if we do not know the version.
    """
    return parse_records(data, version, lambda raw: _session(raw, partner=partner, version=version, owner=owner))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """What the versions say in different places."""

    owner: str
    authorization_reference: str | None
    token: str | None
    contract: str | None
    location_id: str
    evse_uid: str | None
    evse: str | None
    connector_id: str | None
    start: str
    end: str | None
    net: Decimal | None
    gross: Decimal | None


def _session(raw: bytes, *, partner: str, version: str, owner: str | None) -> FeedSession:
    numbers = Numbers()
    record: Session211 | Session221 | Session230
    if version == "2.1.1":
        record = _SESSION_211.decode(raw)
        where = _where_in_211(record, numbers, owner=owner)
    else:
        record = _SESSION_230.decode(raw) if version == "2.3.0" else _SESSION_221.decode(raw)
        cost = record.total_cost
        net, gross = (numbers.net(cost, "total_cost"), numbers.gross(cost, "total_cost")) if cost else (None, None)
        where = _where_in_22(record, net=net, gross=gross)
    start = instant(where.start, "start")
    end = instant(where.end, "end") if where.end else None
    energy = numbers.required(record.kwh, "kwh")
    if not record.id.strip():
        raise ValueError("`id` is empty")
    if energy < 0:
        raise ValueError(f"`kwh` is {energy}: no quantity")
    has_end = end is not None and UNKNOWN_TIME not in end.codes
    if end and has_end and end.at < start.at:
        raise ValueError("the session ends before it starts")
    lines = tuple(numbers.lines(record.charging_periods or []))
    units = quality.energy_in_kwh(lines, energy)
    codes = [one.code for one in units.evidence] + ([AS_TEXT] if numbers.as_text else [])
    return FeedSession(
        partner=partner,
        owner=where.owner,
        session_id=record.id,
        authorization_reference=where.authorization_reference or None,
        status=record.status.upper(),
        token_uid=compact_token(where.token) if where.token else None,
        contract_compact=compact_contract(where.contract) if where.contract else None,
        location_id=where.location_id or None,
        evse_uid=available(where.evse_uid),
        evse_compact=compact_evse(where.evse) if where.evse else None,
        connector_id=available(where.connector_id),
        started_at=start.at,
        ended_at=end.at if end and has_end else None,
        energy_kwh=energy,
        net=where.net,
        gross=where.gross,
        currency=record.currency.upper(),
        lines=units.lines,
        last_updated=instant(record.last_updated, "last_updated").at,
        raw_sha256=sha256(raw).hexdigest(),
        quality=tuple(sorted({*codes, *_codes(where, start, end)})),
    )


def _codes(where: _Where, start: Instant, end: Instant | None) -> tuple[str, ...]:
    return (
        *start.codes,
        *(end.codes if end else ()),
        *(("time.offset_stated",) if start.offset_minutes else ()),
        *(quality.evse_codes(where.evse) if where.evse else ()),
        *(quality.contract_codes(where.contract) if where.contract else ()),
    )


def _where_in_211(record: Session211, numbers: Numbers, *, owner: str | None) -> _Where:
    evse = record.location.evses[0] if record.location.evses else None
    has_contract = is_contract(record.auth_id)
    return _Where(
        owner=owner or NOBODY,
        authorization_reference=record.authorization_id,
        token=None if has_contract else record.auth_id,
        contract=record.auth_id if has_contract else None,
        location_id=record.location.id,
        evse_uid=evse.uid if evse else None,
        evse=evse.evse_id if evse else None,
        connector_id=evse.connectors[0].id if evse and evse.connectors else None,
        start=record.start_datetime,
        end=record.end_datetime,
        net=numbers.optional(record.total_cost, "total_cost"),
        gross=None,
    )


def _where_in_22(record: Session22, *, net: Decimal | None, gross: Decimal | None) -> _Where:
    return _Where(
        owner=f"{record.country_code}-{record.party_id}".upper(),
        authorization_reference=record.authorization_reference,
        token=record.cdr_token.uid,
        contract=record.cdr_token.contract_id,
        location_id=record.location_id,
        evse_uid=record.evse_uid,
        evse=None,
        connector_id=record.connector_id,
        start=record.start_date_time,
        end=record.end_date_time,
        net=net,
        gross=gross,
    )
