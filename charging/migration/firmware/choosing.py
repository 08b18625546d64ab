"""Which stations take part in a firmware campaign, in which rank, and over which carrier and cell. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from charging.migration.firmware.status import same_version
from charging.migration.firmware.transfer import Fetcher
from charging.network.model import Lane, Station


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What is fetched, and by which stations: one image for one maker's models."""

    vendor: str
    """As in a recipe: a pattern, letter case does not count."""
    models: tuple[str, ...]
    version: str
    """What a station that has it says in its BootNotification."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How fast bearers are, in kbit/s."""

    air: int
    wire: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Every station that the image is for, once: it takes part, has the version already, or cannot now."""

    fetchers: tuple[Fetcher, ...]
    has_it: tuple[str, ...]
    not_now: dict[str, str]
    """Why, by station."""


def choose(stations: Iterable[Station], image: Image, *, rates: Rates, pilots: int) -> Chosen:
    """Return who takes part: of each present version the first `pilots` go before all others.

    A carrier is known by the first five digits of the IMSI (3GPP TS 23.003 §2.2: country and network); what shares a
    cell is not known, and stations of one location are taken to.
    """
    fetchers: list[Fetcher] = []
    has_it: list[str] = []
    not_now: dict[str, str] = {}
    begun: Counter[str] = Counter()
    for station in sorted(stations, key=lambda one: one.station_id):
        if not _is_for(image, station):
            continue
        if station.firmware and same_version(station.firmware, image.version):
            has_it.append(station.station_id)
        elif station.lane is not Lane.LIVE:
            not_now[station.station_id] = f"it is {station.lane}"
        else:
            begun[station.firmware or ""] += 1
            fetchers.append(_fetcher(station, rates, rank=int(begun[station.firmware or ""] > pilots)))
    return Chosen(fetchers=tuple(fetchers), has_it=tuple(has_it), not_now=not_now)


def _is_for(image: Image, station: Station) -> bool:
    vendor, model = (station.vendor or "").casefold(), (station.model or "").casefold()
    return fnmatchcase(vendor, image.vendor.casefold()) and any(
        fnmatchcase(model, pattern.casefold()) for pattern in image.models
    )


def _fetcher(station: Station, rates: Rates, *, rank: int) -> Fetcher:
    is_on_air = bool(station.imsi or station.iccid or station.apn)
    return Fetcher(
        station_id=station.station_id,
        carrier=(station.imsi or "")[:5] if is_on_air else "",
        cell=station.location_id or f"alone {station.station_id}" if is_on_air else "",
        kbit_per_second=rates.air if is_on_air else rates.wire,
        rank=rank,
    )
