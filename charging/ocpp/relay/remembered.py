"""What a station's memory is written down as and made of again: after a gateway's restart, and by another gateway.

What is watched of a meter within one charge is not written down: it is watched anew, and may be told a second time.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias, TypeVar

import msgspec

from charging.ocpp.flavours.payloads import Place
from charging.ocpp.relay.memory import StationMemory

V = TypeVar("V", str, int)

AtPlaces: TypeAlias = tuple[tuple[int, int, V], ...]
"""By place: EVSE or connector, connector of the EVSE, and what is there."""


class Remembered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A `StationMemory` as of one moment; its fields are that one's. JSON is its way to the tables and back."""

    is_whole: bool = True
    """Whether it stands for itself; if not, it adds to what was written down before it."""
    back_office: str = ""
    charged_at: datetime | None = None
    refused: tuple[str, datetime | None] | None = None
    boot: str = ""
    """As it may be stored: without secrets."""
    firmware: str = ""
    firmware_before: str = ""
    meter_type: str = ""
    statuses: AtPlaces[str] = ()
    before_firmware: AtPlaces[str] | None = None
    zero_charges: AtPlaces[int] = ()


_PLAIN = ("back_office", "charged_at", "refused", "firmware", "firmware_before", "meter_type")


def of(memory: StationMemory, *, boot: str) -> Remembered:
    """Return what is to be written down of a memory; `boot` is its own as it may be stored."""
    before = memory.before_firmware
    return Remembered(
        is_whole=memory.is_whole,
        boot=boot,
        statuses=_rows(memory.statuses or {}),
        before_firmware=None if before is None else _rows(before),
        zero_charges=_rows(memory.zero_charges or {}),
        **{name: getattr(memory, name) for name in _PLAIN},
    )


def take(memory: StationMemory, said: Remembered) -> None:
    """Make a memory what was written down. Its flavour follows from its boot, once the station's next link is up."""
    for name in (*_PLAIN, "is_whole"):
        setattr(memory, name, getattr(said, name))
    memory.boot = said.boot.encode()
    memory.statuses = _by_place(said.statuses) or None
    memory.before_firmware = None if said.before_firmware is None else _by_place(said.before_firmware)
    memory.zero_charges = _by_place(said.zero_charges) or None


def merged(earlier: Remembered | None, later: Remembered) -> Remembered:
    """Return what is known after both: the later one, and where that is not whole what the earlier one adds."""
    if earlier is None or later.is_whole:
        return later
    known = {name: getattr(later, name) or getattr(earlier, name) for name in (*_PLAIN, "boot")}
    return Remembered(
        is_whole=earlier.is_whole,
        statuses=_rows(_by_place(earlier.statuses) | _by_place(later.statuses)),
        before_firmware=earlier.before_firmware if later.before_firmware is None else later.before_firmware,
        zero_charges=_rows(_by_place(earlier.zero_charges) | _by_place(later.zero_charges)),
        **known,
    )


def _rows(by_place: Mapping[Place, V]) -> AtPlaces[V]:
    return tuple((place[0], place[1], by_place[place]) for place in sorted(by_place))


def _by_place(rows: AtPlaces[V]) -> dict[Place, V]:
    return {(number, connector): found for number, connector, found in rows}
