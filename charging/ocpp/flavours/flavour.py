"""A flavour: what a type of station does without being asked, what is done where it does not, and how far it may stray.

The six behaviours are the columns of the first paper's table (`domain.md` §4.10); the seven suppliers are its rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class Strictness(StrEnum):
    """How a frame is taken that its schema does not allow."""

    STRICT = "strict"
    """It is answered with a CALLERROR and goes no further."""
    LENIENT = "lenient"
    """It goes on as it is; the deviation is recorded."""
    OFF = "off"
    """Nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRule:
    """A rule of an operator's own, for one action of the station: at least one of `set`, `status` and `ask`."""

    name: str
    action: str
    where: Mapping[str, Any] = field(default_factory=dict)
    """Members of the payload and what they must be; `a.b` is member b of a. Empty: always."""
    set: Mapping[str, Any] = field(default_factory=dict)
    """Members of the payload and what they become on the way to the back office; `a.b` as above."""
    status: str = ""
    """A StatusNotification that is made for the message's connector once the message was acknowledged."""
    ask: str = ""
    """A message that the station is asked for (TriggerMessage) once the message was acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """Of one type of station. Where a behaviour is there, nothing is done; the name of each rule is recorded."""

    name: str
    vendor: str = "*"
    models: tuple[str, ...] = ("*",)
    firmwares: tuple[str, ...] = ("*",)
    """Patterns with `*`; letter case does not count."""
    boots_after_link_loss: bool = True
    tells_after_stop: bool = True
    tells_after_start: bool = True
    tells_after_link_loss: bool = True
    tells_after_firmware: bool = True
    stays_faulted: bool = True
    """After a failure of the power meter. The others go on and record charges of 0 kWh."""
    knows_the_plug: bool = True
    """Whether it tells that a vehicle is still plugged in; if not, Finishing is told before Available."""
    connectors: int = 0
    """How many it has; 0: those that it has told of."""
    rules: tuple[UserRule, ...] = ()
    strictness: Mapping[str, Strictness] = field(default_factory=dict)
    """By action; `*` stands for all others. What is not named is off."""

    def fits(self, vendor: str, model: str, firmware: str) -> bool:
        """Whether a station that boots with these words is of this flavour."""
        return (
            _is_like(vendor, self.vendor)
            and any(_is_like(model, pattern) for pattern in self.models)
            and any(_is_like(firmware, pattern) for pattern in self.firmwares)
        )

    def strictness_of(self, action: str) -> Strictness:
        """Return how frames of this action are taken."""
        return self.strictness.get(action) or self.strictness.get("*") or Strictness.OFF


PLAIN = Flavour(name="plain")
"""A station that does all six, or of which nothing is known: nothing is done for it."""


def of_cells(name: str, cells: str) -> Flavour:
    """Return a row of the table, written with 1 for what is there and 0 for what is missing, in the table's order."""
    boot, stop, start, link, firmware, faulted = (cell == "1" for cell in cells)
    return Flavour(
        name=name,
        boots_after_link_loss=boot,
        tells_after_stop=stop,
        tells_after_start=start,
        tells_after_link_loss=link,
        tells_after_firmware=firmware,
        stays_faulted=faulted,
    )


SUPPLIERS: Mapping[str, Flavour] = {
    letter: of_cells(letter, cells)
    for letter, cells in {
        "A": "111111",
        "B": "111011",
        "C": "011010",
        "D": "100001",
        "E": "100011",
        "F": "111101",
        "G": "111111",
    }.items()
}


def flavour_of(flavours: tuple[Flavour, ...], vendor: str, model: str, firmware: str) -> Flavour:
    """Return the first flavour that fits; PLAIN if none does."""
    return next((flavour for flavour in flavours if flavour.fits(vendor, model, firmware)), PLAIN)


def _is_like(text: str, pattern: str) -> bool:
    return fnmatchcase(text.casefold(), pattern.casefold())
