"""The truth as a legacy back-office would hold it: plain records that dirt can be rubbed into before being written."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from charging.network import Lane
from rehearsal.truth import Network, TrueLocation, TrueSession, TrueStation, TrueToken

POWER_METER_FAILURE = "PowerMeterFailure"


@dataclass(slots=True, kw_only=True)
class LegacyAddress:
    address_pk: int
    street: str | None
    house_number: str | None
    zip_code: str | None
    city: str | None
    country: str | None
    latitude: Decimal | None
    longitude: Decimal | None


@dataclass(slots=True, kw_only=True)
class LegacyBox:
    """A row of `charge_box`, and the connectors (0 for the whole station) that hang on it."""

    charge_box_id: str
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware: str | None
    iccid: str | None
    imsi: str | None
    last_heartbeat_at: datetime | None
    address_pk: int | None
    connectors: int
    is_faulted: bool = False
    charging_connector: int | None = None
    is_listed: bool = True
    """False for a ghost: its connectors and sessions are there, its own row is gone."""


@dataclass(slots=True, kw_only=True)
class LegacyTag:
    id_tag: str
    parent_id_tag: str | None
    expiry_at: datetime | None
    max_active: int
    """0 means blocked."""
    note: str | None
    """The contract id stands here: SteVe has no column for it."""


@dataclass(slots=True, kw_only=True)
class LegacyStop:
    event_at: datetime
    actor: str
    stopped_at: datetime
    value: str
    reason: str | None
    has_failed: bool = False
    """It stands in `transaction_stop_failed`: revenue that was not booked."""


@dataclass(slots=True, kw_only=True)
class LegacyTransaction:
    transaction_pk: int
    charge_box_id: str
    connector_id: int
    id_tag: str
    event_at: datetime
    started_at: datetime
    value: str
    stops: list[LegacyStop] = field(default_factory=list)
    meter_values: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def stop(self) -> LegacyStop:
        return self.stops[0]


@dataclass(slots=True, kw_only=True)
class LegacyRecords:
    """Everything that the legacy knows."""

    addresses: list[LegacyAddress]
    boxes: list[LegacyBox]
    tags: list[LegacyTag]
    transactions: list[LegacyTransaction]


def records(network: Network) -> LegacyRecords:
    """Return what a faultless back-office would know of the network."""
    return LegacyRecords(
        addresses=[_address(location) for location in network.locations],
        boxes=[_box(station, network) for station in network.stations],
        tags=[_tag(token) for token in network.tokens],
        transactions=[_transaction(session, network) for session in network.sessions],
    )


def _address(location: TrueLocation) -> LegacyAddress:
    return LegacyAddress(
        address_pk=int(location.location_id),
        street=location.street,
        house_number=location.house_number,
        zip_code=location.postal_code,
        city=location.city,
        country=location.country,
        latitude=location.latitude,
        longitude=location.longitude,
    )


def _box(station: TrueStation, network: Network) -> LegacyBox:
    charging = network.session_by_id[station.open_session_id].connector_id if station.open_session_id else None
    return LegacyBox(
        charge_box_id=station.station_id,
        vendor=station.vendor,
        model=station.model,
        serial_number=station.serial_number,
        firmware=station.firmware,
        iccid=station.iccid,
        imsi=station.imsi,
        last_heartbeat_at=station.last_seen_at,
        address_pk=int(station.location_id) if station.location_id else None,
        connectors=station.connectors if station.lane is not Lane.WAREHOUSE else 0,
        is_faulted=station.lane is Lane.FAULTED,
        charging_connector=charging,
    )


def _tag(token: TrueToken) -> LegacyTag:
    return LegacyTag(
        id_tag=token.token_uid,
        parent_id_tag=token.parent_uid,
        expiry_at=token.expires_at,
        max_active=0 if token.is_blocked else 1,
        note=token.contract_id,
    )


def _transaction(session: TrueSession, network: Network) -> LegacyTransaction:
    station = network.station_by_id[session.station_id]
    # A message takes a second or two over GPRS: server and station never agree to the second.
    lag = timedelta(seconds=1 + int(session.session_id) % 2)
    made = LegacyTransaction(
        transaction_pk=int(session.session_id),
        charge_box_id=session.station_id,
        connector_id=session.connector_id,
        id_tag=session.token_uid,
        event_at=session.started_at + lag,
        started_at=session.started_at,
        value=str(session.meter_start_wh),
    )
    if station.open_session_id == session.session_id:
        halfway = session.started_at + (session.stopped_at - session.started_at) / 2
        made.meter_values.append((halfway, str((session.meter_start_wh + session.meter_stop_wh) // 2)))
    else:
        stop = LegacyStop(
            event_at=session.stopped_at + lag,
            actor="station",
            stopped_at=session.stopped_at,
            value=str(session.meter_stop_wh),
            reason="Local",
        )
        made.stops.append(stop)
    return made
