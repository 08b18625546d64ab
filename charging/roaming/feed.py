"""What a partner's feed tells besides CDRs: its sessions, its places with their EVSEs, its drivers' tokens."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from charging.roaming.cdr import CdrLine


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSession:
    """A session as a partner sees it; while it runs, what is known of it so far."""

    partner: str
    owner: str
    session_id: str
    authorization_reference: str | None
    status: str
    """In OCPI's words: ACTIVE, COMPLETED, INVALID, PENDING, RESERVATION; others are allowed."""
    token_uid: str | None
    contract_compact: str | None
    location_id: str | None
    evse_uid: str | None
    evse_compact: str | None
    """Where the session itself names the EVSE's id (2.1.1); later versions name the uid alone."""
    connector_id: str | None
    started_at: datetime
    ended_at: datetime | None
    energy_kwh: Decimal
    net: Decimal | None
    gross: Decimal | None
    currency: str
    lines: tuple[CdrLine, ...]
    last_updated: datetime
    raw_sha256: str
    quality: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConnector:
    """A socket or cable, and the tariffs that may apply at it."""

    connector_id: str
    tariff_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvse:
    """An EVSE: its uid never changes, its id may (OCPI 2.2.1 mod_locations)."""

    evse_uid: str
    evse_raw: str | None
    evse_compact: str | None
    status: str
    connectors: tuple[FeedConnector, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLocation:
    """A site of EVSEs."""

    partner: str
    owner: str | None
    """None in 2.1.1, where only the endpoint tells it."""
    location_id: str
    country: str
    time_zone: str | None
    """IANA; required since 2.2. In it the times of day of a tariff are meant."""
    evses: tuple[FeedEvse, ...]
    last_updated: datetime
    raw_sha256: str
    quality: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedToken:
    """What a partner's driver charges with."""

    partner: str
    issuer: str | None
    """Country and party of the provider; None in 2.1.1."""
    token_uid: str
    kind: str
    """RFID, APP_USER, EMAID…"""
    contract_compact: str | None
    is_valid: bool
    whitelist: str
    last_updated: datetime
    raw_sha256: str
    quality: tuple[str, ...] = ()
