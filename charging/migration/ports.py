"""What the cutover engine needs from the world: two back-offices to speak through, and a journal that survives it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from charging.migration.lifecycle import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one back-office knows about a station. Instants are that back-office's own, in UTC."""

    station_id: str
    is_connected: bool | None
    """None where the back-office does not say."""
    booted_at: datetime | None
    heard_at: datetime | None
    """The latest message of any kind."""
    firmware: str | None
    open_transactions: int
    serial_number: str | None = None
    status_at: datetime | None = None
    """The latest status of any connector; None where the back-office has none, or keeps none."""
    unknown_stops: int | None = None
    """Charges that were ended here and never began here; None where the back-office does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing that was done, or was about to be done, to a station. Unique by station, attempt and step."""

    request: Mapping[str, object]
    response: Mapping[str, object] | None
    """None while the outcome is unknown: the intent was stored, the conclusion was not."""
    intended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One station's move, as the journal remembers it."""

    station_id: str
    stage: Stage
    attempt: int
    wave: int
    recipe: str
    """The recipe's name."""
    deadline_at: datetime | None = None
    effects: Mapping[str, Effect] = field(default_factory=dict)
    """The present attempt's effects, by step."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A station's step from one stage to the next: one row of its history."""

    station_id: str
    attempt: int
    before: Stage
    after: Stage
    reason: str
    evidence: Mapping[str, object]
    """Plain JSON values."""
    deadline_at: datetime | None
    """When `after` is overdue; None for a final stage."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing that a station can be told: a key of OCPP 1.6, or `Component.Variable` of OCPP 2."""

    key: str
    value: str | None
    """None where the station keeps it to itself (write-only)."""
    is_read_only: bool | None = None
    """None where the station or the back-office does not say."""
    choices: tuple[str, ...] = ()
    """What it may be, where the station says so (OCPP 2: valuesList)."""


@runtime_checkable
class Inspector(Protocol):
    """A back-office through which a station can be asked what it has."""

    async def settings_of(self, station_id: str, keys: Sequence[str]) -> Sequence[Setting]:
        """Ask for these keys, or with none for all that the station lists; those that it does not know are absent.

        Raises:
            BackOfficeUnavailable: if the back-office does not answer.
            StationUnreachable: if the station does not answer through it, or refuses the question.
        """
        ...


class Channel(Protocol):
    """One back-office, as a way to reach stations.

    Every method but `sightings` raises StationUnreachable if the station does not answer through this back-office, and
    BackOfficeUnavailable if the back-office itself does not. After either, whether the order took effect is unknown.
    """

    async def get_configuration(self, station_id: str, keys: Sequence[str]) -> Mapping[str, str | None]:
        """Read the keys (OCPP GetConfiguration); those that the station does not know are absent from the answer."""
        ...

    async def change_configuration(self, station_id: str, key: str, value: str) -> str:
        """Write one key (OCPP ChangeConfiguration) and return the station's status."""
        ...

    async def change_availability(
        self, station_id: str, connector_id: int, kind: Literal["Operative", "Inoperative"]
    ) -> str:
        """Put a connector, or with 0 the whole station, in or out of service; return the station's status."""
        ...

    async def reset(self, station_id: str, kind: Literal["Soft", "Hard"]) -> str:
        """Restart the station (OCPP Reset) and return its status."""
        ...

    async def trigger(self, station_id: str, message: str) -> str:
        """Ask the station to send a message by itself (OCPP TriggerMessage) and return its status."""
        ...

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Return what the back-office knows of each station, in one cheap call; the unknown are absent.

        Raises:
            BackOfficeUnavailable: if the back-office cannot say.
        """
        ...


class Journal(Protocol):
    """The durable record. Each method returns once its row is committed, and not before.

    Each raises DatabaseUnavailable while it cannot say; whether the row is committed is unknown then. The same call may
    be made again until it returns, and leaves one row.
    """

    async def intend(
        self, station_id: str, *, attempt: int, step: str, request: Mapping[str, object], at: datetime
    ) -> None:
        """Record what is about to be done. Called before the effect, once per (station, attempt, step)."""
        ...

    async def conclude(
        self, station_id: str, *, attempt: int, step: str, response: Mapping[str, object], at: datetime
    ) -> None:
        """Record how it went. Called after the effect, once per (station, attempt, step)."""
        ...

    async def enter(self, transition: Transition) -> None:
        """Record that a station went from one stage to the next, and why."""
        ...
