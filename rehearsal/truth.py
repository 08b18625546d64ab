"""What is true of a rehearsed network, whatever any database says: the values that `rehearsal.network` generates."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from charging.network import Lane
from rehearsal.suppliers import SUPPLIER_OF, Flavour, Way

OPERATOR = "NL*EVN"
"""Country and operator code of our own EVSE ids."""
ROAMING_PARTIES: tuple[str, ...] = ("NL-ROA", "DE-HUB")


class Behaviour(StrEnum):
    """What a station does when it is re-pointed."""

    GOOD = "good"
    NEVER_RETURNS = "never_returns"
    """Restarts and is not seen again at either back-office."""
    RETURNS_TO_LEGACY = "returns_to_legacy"
    """Accepts and confirms every key, restarts, and boots at the legacy all the same."""
    RETURNS_LATE = "returns_late"
    """Arrives, but several times later than its kind."""
    REFUSES_KEY = "refuses_key"
    """Answers Rejected to the key that holds the address."""
    FORGETS_KEY = "forgets_key"
    """Answers Accepted and keeps the old value: only reading back shows it."""
    LOSES_RESET = "loses_reset"
    """Answers Accepted to the first Reset and does nothing."""
    NEVER_RESETS = "never_resets"
    """Answers Accepted to every Reset, or change that would act at once, and goes on as before."""
    BOOTS_TWICE = "boots_twice"
    """Boots at the target, and a moment later again, at the legacy."""
    AT_BOTH = "at_both"
    """Keeps its connection to the legacy beside the one to the target, and answers through both."""
    ECHOES_KEYS = "echoes_keys"
    """Reads back what it was told, and keeps the old value of the key that holds the address."""
    REPLAYS_ANSWERS = "replays_answers"
    """Answers each GetConfiguration with what it answered the first time."""
    REUSES_TRANSACTION = "reuses_transaction"
    """Ends charges at the target that began elsewhere."""
    FALLS_SILENT = "falls_silent"
    """Boots at the target, and answers nothing that it is asked there."""
    BOOTS_AS_ANOTHER = "boots_as_another"
    """Gives another serial number and another firmware at the target."""
    TELLS_NO_STATUS = "tells_no_status"
    """Boots and beats at the target, accepts to tell its status, and never does."""
    SHOWS_ANOTHERS_KEYS = "shows_anothers_keys"
    """Answers GetConfiguration with the address keys of another station."""
    FLAPS = "flaps"
    """Goes to and fro between both back-offices."""
    SAYS_AVAILABLE = "says_available"
    """Says that it is free while it charges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueLocation:
    """A site as it is; `location_id` is the legacy's key of its address."""

    location_id: str
    street: str
    house_number: str
    postal_code: str
    city: str
    country: str
    latitude: Decimal
    longitude: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueStation:
    """A station as it is. `station_id` is its OCPP identity, at both back-offices."""

    station_id: str
    location_id: str | None
    """None while it stands in the warehouse."""
    supplier: str
    """A letter, A to G."""
    vendor: str
    model: str
    firmware: str
    serial_number: str
    iccid: str
    imsi: str
    connectors: int
    power_w: int
    """The most that one connector gives."""
    lane: Lane
    way: Way
    behaviour: Behaviour
    last_seen_at: datetime | None
    restart_seconds: float
    meter_wh: tuple[int, ...]
    """The register of each connector after the history."""
    live_token_uid: str
    """Who charges first after the move."""
    open_session_id: str | None
    """A charge that is running when the rehearsal begins: it ends when the station is drained."""

    @property
    def flavour(self) -> Flavour:
        return SUPPLIER_OF[self.supplier].flavour

    def evse_uid(self, connector_id: int) -> str:
        """Return the technical id of an EVSE, which never changes."""
        return f"{self.station_id}*{connector_id}"

    def evse_id(self, connector_id: int) -> str:
        """Return the eMI3 id that partners and drivers see."""
        return f"{OPERATOR}*E{self.station_id}*{connector_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueToken:
    """A card. `party` is country and party of its eMSP; None when the driver is our own."""

    token_uid: str
    contract_id: str
    party: str | None
    parent_uid: str | None
    is_blocked: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSession:
    """One charge as it happened."""

    session_id: str
    """The legacy's transaction id as text, or `live-<station_id>` for the one charge after the move."""
    station_id: str
    connector_id: int
    evse_uid: str
    evse_id: str
    token_uid: str
    contract_id: str
    party: str | None
    started_at: datetime
    stopped_at: datetime
    meter_start_wh: int
    meter_stop_wh: int


@dataclass(frozen=True, kw_only=True)
class Network:
    """Everything that is true on the eve of the migration. Sessions are ordered by their id."""

    seed: int
    as_of: datetime
    locations: tuple[TrueLocation, ...]
    stations: tuple[TrueStation, ...]
    tokens: tuple[TrueToken, ...]
    sessions: tuple[TrueSession, ...]

    @cached_property
    def station_by_id(self) -> dict[str, TrueStation]:
        return {station.station_id: station for station in self.stations}

    @cached_property
    def token_by_uid(self) -> dict[str, TrueToken]:
        return {token.token_uid: token for token in self.tokens}

    @cached_property
    def location_by_id(self) -> dict[str, TrueLocation]:
        return {location.location_id: location for location in self.locations}

    @cached_property
    def session_by_id(self) -> dict[str, TrueSession]:
        return {session.session_id: session for session in self.sessions}
