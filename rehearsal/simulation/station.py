"""A simulated station of the virtual world: where it is, what its flash holds, and what it makes of an order."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from random import Random
from typing import Protocol

OFFICES = ("legacy", "target")
URLS: Mapping[str, str] = {"legacy": "ws://legacy.example/ocpp", "target": "ws://target.example/ocpp"}
FALLS_BACK_AFTER = 3
"""Failed attempts after which a station with two profiles dials the other."""
BEAT_SECONDS = 900.0


class Lie(StrEnum):
    """What a station does instead of what it says."""

    NONE = "honest"
    FORGETS = "accepts a key and keeps the old value"
    ECHOES = "keeps the old value and reads the new one back"
    RETURNS = "accepts everything and dials the legacy again"
    AT_BOTH = "stays connected at both"
    LEAVES_AGAIN = "arrives, and goes back to the legacy a little later"
    FLAPS = "goes to and fro between both"
    NEVER_RETURNS = "restarts and is not seen again"
    LATE = "comes long after its kind"
    FALLS_SILENT = "connects to the target and answers nothing there"
    REFUSES = "rejects the key that switches"
    NO_RESET = "accepts a reset and does not restart"
    NO_BOOT = "connects without a boot"
    OTHER_BOX = "boots at the target with another serial number"


HARMLESS = frozenset({Lie.NONE, Lie.LATE, Lie.NO_BOOT})
"""What may count as moved all the same."""
NEVER_MOVED = frozenset({Lie.RETURNS, Lie.AT_BOTH, Lie.LEAVES_AGAIN, Lie.FLAPS, Lie.FALLS_SILENT, Lie.OTHER_BOX})
"""What never may. The others may come to the target by the weather: a key that was kept, a power cut for a reset."""


class Doors(Protocol):
    """What a station needs of the world around it."""

    def admits(self, office: str) -> bool:
        """Whether a back-office lets stations in now."""
        ...

    def heard(self, station: "Station", office: str, *, is_boot: bool) -> None:
        """Let a back-office hear the station."""
        ...

    def connected(self, station: "Station") -> None:
        """Know where a station is."""
        ...

    def later(self, seconds: float, call: Callable[..., None], *arguments: object) -> None:
        """Call in a while."""
        ...


class Station:
    """One station. Its flash outlives everything; `links` are the back-offices that it is connected to."""

    def __init__(self, station_id: str, *, recipe: str, lie: Lie, doors: Doors, chance: Random) -> None:
        self.station_id, self.recipe, self.lie = station_id, recipe, lie
        self._doors, self._chance = doors, chance
        self.flash = factory(recipe, station_id)
        self.factory = dict(self.flash)
        self.told = dict(self.flash)
        self.links: set[str] = set()
        self.is_operative, self.is_up, self.is_gone = True, True, False
        self.charges_at: str | None = None
        self.stop_for: str | None = None
        """Where a charge began whose end has not been told yet."""
        self.restarts = self.charges_cut = 0
        self.boot_seconds = chance.uniform(10, 90)
        self._epoch = self._failures = 0
        self._is_homesick = False

    def start(self) -> None:
        """Connect, as at the beginning of everything."""
        self._dial(self._epoch, is_boot=True)
        self._doors.later(BEAT_SECONDS * self._chance.random(), self._beat)

    def restart(self) -> None:
        """Go down, and come up with what the flash holds, or what this station makes of it."""
        self.links.clear()
        self.end_charge()
        self.is_up = False
        self.restarts += 1
        self._epoch += 1
        self._failures = 0
        self.is_gone = self.is_gone or (self.lie is Lie.NEVER_RETURNS and self.destinations()[0] == "target")
        if self.is_gone:
            return
        late = self._chance.uniform(300, 1200) if self.lie is Lie.LATE and self.destinations()[0] == "target" else 0
        self._doors.later(self.boot_seconds + late, self._come_up, self._epoch)

    def cut(self) -> None:
        """Lose the connection, and dial again after a while."""
        self.links.clear()
        self._epoch += 1
        self._doors.later(self._chance.uniform(1, 40), self._redial, self._epoch)

    def leave(self) -> None:
        """Dial what the configuration says now, without a restart."""
        self.links.clear()
        self._epoch += 1
        self._failures = 0
        self.is_gone = self.is_gone or (self.lie is Lie.NEVER_RETURNS and self.destinations()[0] == "target")
        if not self.is_gone:
            self._doors.later(self._chance.uniform(2, 20), self._redial, self._epoch)

    def answers(self, office: str) -> bool:
        """Whether an order through a back-office reaches it and gets an answer."""
        is_silent = self.lie is Lie.FALLS_SILENT and office == "target"
        return office in self.links and not is_silent

    def read(self, key: str) -> str | None:
        """Return a key's value as it tells it; None if it has no such key."""
        return self.told.get(key) if self.lie is Lie.ECHOES else self.flash.get(key)

    def write(self, key: str, value: str) -> str:
        """Take a key's new value, or not."""
        if key not in self.flash:
            return "NotSupported"
        is_switch = key == switch(self.recipe)
        if is_switch and self.lie is Lie.REFUSES and value != self.factory[key]:
            return "Rejected"
        self.told[key] = value
        if self.lie is Lie.FORGETS or (self.lie is Lie.ECHOES and is_switch):
            return "Accepted"
        has_changed = self.flash[key] != value
        self.flash[key] = value
        if is_switch and has_changed and self.recipe in {"at-once", "slot"}:
            self._doors.later(0.2, self.leave)
        return "Accepted"

    def reset(self) -> str:
        """Restart, or only say so."""
        if self.lie is not Lie.NO_RESET:
            self.charges_cut += self.charges_at is not None
            self.restart()
        return "Accepted"

    def begin_charge(self) -> bool:
        """Let a driver begin, if he can."""
        can = self.is_operative and self.is_up and len(self.links) == 1 and self.charges_at is None
        if can:
            [self.charges_at] = self.links
        return can and self.stop_for is None

    def end_charge(self) -> None:
        """End the charge that runs; its end is told where the station is connected, now or later."""
        if self.charges_at is not None:
            self.stop_for, self.charges_at = self.charges_at, None
            self.tell_stop()

    def tell_stop(self) -> None:
        """Tell the end of a charge to the back-office where it began, if the station is there."""
        if self.stop_for in self.links:
            self.stop_for = None

    def has_open_charge(self, office: str) -> bool:
        """Whether a back-office believes that a charge runs here."""
        return office in {self.charges_at, self.stop_for}

    def destinations(self) -> tuple[str, ...]:
        """Return the back-offices that the flash names, the best first."""
        if self.recipe == "slot":
            slots = [self.flash[f"Slot{number}"] for number in self.flash["Priority"].split(",")]
            return tuple(office for url in slots for office in OFFICES if URLS[office] == url)
        url = self.flash["Url"]
        return tuple(office for office in OFFICES if url == f"{URLS[office]}/{self.station_id}") or ("nowhere",)

    def _come_up(self, epoch: int) -> None:
        if epoch == self._epoch:
            self.is_up = True
            self._dial(epoch, is_boot=self.lie is not Lie.NO_BOOT)

    def _redial(self, epoch: int) -> None:
        self._dial(epoch, is_boot=False)

    def _dial(self, epoch: int, *, is_boot: bool) -> None:
        if epoch != self._epoch or not self.is_up:
            return
        office = self._chosen()
        if not self._doors.admits(office):
            self._failures += 1
            wait = min(5 * 2**self._failures, 120) * self._chance.uniform(0.5, 1)
            self._doors.later(wait, lambda: self._dial(epoch, is_boot=is_boot))
            return
        self._failures = 0
        self.links = {office} | ({"legacy"} if self.lie is Lie.AT_BOTH else set())
        self.tell_stop()
        self._doors.connected(self)
        if self.lie is not Lie.NO_BOOT:
            self._doors.heard(self, office, is_boot=is_boot)
        self._regret(epoch)

    def _chosen(self) -> str:
        """Return the back-office that it dials next."""
        named = self.destinations()
        if named[0] == "target" and (self.lie is Lie.RETURNS or self._is_homesick):
            return "legacy"
        return named[self._failures // FALLS_BACK_AFTER % len(named)]

    def _regret(self, epoch: int) -> None:
        """Before long, change over to the other back-office, unasked."""
        if self.lie in {Lie.LEAVES_AGAIN, Lie.FLAPS} and self.destinations()[0] == "target":
            self._doors.later(self._chance.uniform(5, 40), self._go_elsewhere, epoch)

    def _go_elsewhere(self, epoch: int) -> None:
        if epoch == self._epoch and self.is_up:
            self._is_homesick = self.lie is Lie.LEAVES_AGAIN or not self._is_homesick
            self.links.clear()
            self._epoch += 1
            self._doors.later(5, self._redial, self._epoch)

    def _beat(self) -> None:
        for office in sorted(self.links):
            self._doors.heard(self, office, is_boot=False)
        self._doors.later(BEAT_SECONDS, self._beat)


def factory(recipe: str, station_id: str) -> dict[str, str]:
    """Return what the flash of a station holds that has always been on the legacy."""
    if recipe == "slot":
        return {"Slot1": URLS["legacy"], "Slot2": "", "Priority": "1"}
    return {"Apn": "old.apn", "Port": "legacy.example", "Url": f"{URLS['legacy']}/{station_id}"}


def switch(recipe: str) -> str:
    """Return the key whose value decides where a station goes."""
    return "Priority" if recipe == "slot" else "Url"
