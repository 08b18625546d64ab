"""OCPI locations and tokens from JSON to what the night needs of them. Pure; a bad record costs itself."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, TypeVar

import msgspec

from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.feed import FeedConnector, FeedEvse, FeedLocation, FeedToken
from charging.roaming.ocpi import quality, quality_place
from charging.roaming.ocpi.parse import UNREADABLE, VERSIONS, Rejected, records, rejected_record
from charging.roaming.ocpi.parse_stated import available
from charging.roaming.ocpi.wire_feed import Connector, Evse, Location, Token
from charging.roaming.ocpi.wire_values import instant

T = TypeVar("T")
_LOCATION = msgspec.json.Decoder(Location)
_TOKEN = msgspec.json.Decoder(Token)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed(Generic[T]):
    """The records of one page: every one is in one of the two."""

    records: tuple[T, ...]
    rejected: tuple[Rejected, ...]

    def __len__(self) -> int:
        return len(self.records) + len(self.rejected)


def parse_locations(data: bytes | msgspec.Raw, *, partner: str, version: str = "2.2.1") -> ParsedFeed[FeedLocation]:
    """Return the locations of a page's `data`, and those of its records that are none.

    Raises:
        UnreadablePage: if `data` is no list.
        ValueError: if we do not know the version.
    """
    return parse_records(data, version, lambda raw: _location(raw, partner=partner))


def parse_tokens(data: bytes | msgspec.Raw, *, partner: str, version: str = "2.2.1") -> ParsedFeed[FeedToken]:
    """Return the tokens of a page's `data`, and those of its records that are none.

    Raises:
        UnreadablePage: if `data` is no list.
        ValueError: if we do not know the version.
    """
    return parse_records(data, version, lambda raw: _token(raw, partner=partner))


def parse_records(data: bytes | msgspec.Raw, version: str, read: Callable[[bytes], T]) -> ParsedFeed[T]:
    """Return the records of a page's `data` that can be read, and those that cannot.

    Raises:
        UnreadablePage: if `data` is no list.
        ValueError: if we do not know the version.
    """
    if version not in VERSIONS:
        raise ValueError(f"OCPI {version} is not read: it is one of {', '.join(VERSIONS)}")
    found: list[T] = []
    rejected: list[Rejected] = []
    for raw in records(data):
        try:
            found.append(read(raw))
        except (*UNREADABLE, ValueError, ArithmeticError) as problem:
            rejected.append(rejected_record(raw, str(problem)))
    return ParsedFeed(records=tuple(found), rejected=tuple(rejected))


def _location(raw: bytes, *, partner: str) -> FeedLocation:
    record = _LOCATION.decode(raw)
    evses = tuple(_evse(evse) for evse in record.evses or ())
    codes = {
        *quality_place.codes(record.country, record.coordinates),
        *(code for evse in evses if evse.evse_raw for code in quality.evse_codes(evse.evse_raw)),
    }
    return FeedLocation(
        partner=partner,
        owner=_party(record),
        location_id=record.id,
        country=record.country,
        time_zone=record.time_zone or None,
        evses=evses,
        last_updated=instant(record.last_updated, "last_updated").at,
        raw_sha256=sha256(raw).hexdigest(),
        quality=tuple(sorted(codes)),
    )


def _evse(evse: Evse) -> FeedEvse:
    return FeedEvse(
        evse_uid=evse.uid,
        evse_raw=available(evse.evse_id),
        evse_compact=compact_evse(evse.evse_id) if available(evse.evse_id) and evse.evse_id else None,
        status=evse.status.upper(),
        connectors=tuple(_connector(connector) for connector in evse.connectors or ()),
    )


def _connector(connector: Connector) -> FeedConnector:
    several = connector.tariff_ids or ()
    return FeedConnector(
        connector_id=connector.id,
        tariff_ids=tuple(dict.fromkeys([*several, *((connector.tariff_id,) if connector.tariff_id else ())])),
    )


def _token(raw: bytes, *, partner: str) -> FeedToken:
    record = _TOKEN.decode(raw)
    if not record.uid.strip():
        raise ValueError("`uid` is empty")
    contract = record.contract_id or record.auth_id
    return FeedToken(
        partner=partner,
        issuer=_party(record),
        token_uid=compact_token(record.uid),
        kind=record.type.upper(),
        contract_compact=compact_contract(contract) if contract else None,
        is_valid=record.valid,
        whitelist=record.whitelist.upper(),
        last_updated=instant(record.last_updated, "last_updated").at,
        raw_sha256=sha256(raw).hexdigest(),
        quality=tuple(sorted(quality.contract_codes(contract))) if contract else (),
    )


def _party(record: Location | Token) -> str | None:
    if not record.country_code or not record.party_id:
        return None
    return f"{record.country_code}-{record.party_id}".upper()
