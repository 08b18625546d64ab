"""A station's configuration before and after: what changed, what is new, what is gone. Pure."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from charging.migration.inventory import Inventory

VOLATILE = frozenset({"OCPPCommCtrlr.ActiveNetworkProfile", "ClockCtrlr.DateTime"})
"""What changes by itself (OCPP 2.0.1 part 2, referenced components and variables)."""


class Change(StrEnum):
    """What became of a setting."""

    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"
    UNCOMPARED = "uncompared"
    """One of the two sides kept its value to itself, or fell silent at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a station told, as it may be stored; None is what it, or we, kept back."""

    values: Mapping[str, str | None]
    unanswered: tuple[str, ...]
    """Keys at which it fell silent: they are not known to be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One setting that is not as it was."""

    key: str
    change: Change
    before: str | None
    after: str | None


class Snapshots(Protocol):
    """Stations' configuration as it was told at a moment, through one back-office."""

    async def take(self, station_id: str, label: str) -> Snapshot:
        """Ask a station for everything, and return it once it is stored.

        Raises:
            BackOfficeUnavailable: if the back-office, or our own database, does not do its part.
            StationUnreachable: if the station answers nothing at all.
        """
        ...

    async def kept(self, station_id: str, label: str) -> Snapshot | None:
        """Return the latest that was stored under a label.

        Raises:
            BackOfficeUnavailable: if our own database does not say.
        """
        ...


def snapshot(inventory: Inventory, *, secrets: frozenset[str], key: str | None) -> Snapshot:
    """Return what a station told, without the values of the secret ones.

    With this installation's own secret `key` they leave a fingerprint, which shows that one has changed; without it
    nothing: the fingerprint of a short password could be looked up in a list.
    """
    values = {
        name: _hidden(setting.value, key=key) if name in secrets and setting.value else setting.value
        for name, setting in inventory.settings.items()
    }
    return Snapshot(values=values, unanswered=inventory.unanswered)


def differences(before: Snapshot, after: Snapshot, *, expected: frozenset[str] = frozenset()) -> tuple[Difference, ...]:
    """Return what is not as it was, by key. `expected` are the keys that were meant to change."""
    found: list[Difference] = []
    for key in sorted(before.values.keys() | after.values.keys()):
        if key in VOLATILE or key in expected:
            continue
        change = _change(key, before, after)
        if change is not None:
            found.append(Difference(key=key, change=change, before=before.values.get(key), after=after.values.get(key)))
    return tuple(found)


def _change(key: str, before: Snapshot, after: Snapshot) -> Change | None:
    if key not in after.values:
        return Change.UNCOMPARED if key in after.unanswered else Change.GONE
    if key not in before.values:
        return Change.UNCOMPARED if key in before.unanswered else Change.NEW
    old, new = before.values[key], after.values[key]
    if (old is None) != (new is None):
        return Change.UNCOMPARED
    return None if old == new else Change.CHANGED


def _hidden(value: str, *, key: str | None) -> str | None:
    if key is None:
        return None
    return f"**** ({hmac.new(key.encode(), value.encode(), 'sha256').hexdigest()[:8]})"
