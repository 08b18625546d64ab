"""Stations' configuration as it was told at a moment: asked for, stored without secrets, and found again."""

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from charging.clock import Clock
from charging.database.operations import snapshots as store
from charging.migration import inventory
from charging.migration.ports import Inspector
from charging.migration.snapshots import Snapshot, snapshot
from charging.ocpp.channels import own_tables
from charging.ocpp.redact import is_secret
from charging.secret import resolve
from charging.settings import Settings

T = TypeVar("T")


def fingerprint_key(settings: Settings) -> str | None:
    """Return the installation's own secret, with which a secret setting leaves a fingerprint; None where there is none.

    Raises:
        SettingsError: if the settings name it, and it is missing.
    """
    return resolve(settings.pseudonym_key, setting="pseudonym_key").reveal() if settings.pseudonym_key else None


class Configurations:
    """What stations tell through one back-office. `key` is the installation's own secret, for fingerprints."""

    def __init__(self, name: str, inspector: Inspector, *, engine: sa.Engine, clock: Clock, key: str | None) -> None:
        self._name, self._inspector = name, inspector
        self._engine, self._clock, self._key = engine, clock, key

    async def take(self, station_id: str, label: str) -> Snapshot:
        """Ask a station for everything, and return it once it is stored.

        Raises:
            BackOfficeUnavailable: if the back-office, or our own database, does not do its part.
            StationUnreachable: if the station answers nothing at all.
        """
        told = await inventory.take(self._inspector, station_id)
        taken = snapshot(told, secrets=frozenset(filter(is_secret, told.settings)), key=self._key)
        at = self._clock()
        await self._ask(lambda tables: store.store(tables, station_id, taken, label=label, via=self._name, at=at))
        return taken

    async def kept(self, station_id: str, label: str) -> Snapshot | None:
        """Return the latest that was stored under a label.

        Raises:
            BackOfficeUnavailable: if our own database does not say.
        """
        rows = await self._ask(lambda tables: store.of_station(tables, station_id))
        return next((store.snapshot_of(row) for row in reversed(rows) if row["label"] == label), None)

    async def _ask(self, question: Callable[[sa.Connection], T]) -> T:
        away = "snapshots cannot be stored or read now"
        return await own_tables.ask(self._engine, question, of=self._name, away=away)
