"""The carrier's list of SIM cards on the command line, held against the stations."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging import canonical
from charging import settings as configuration
from charging.database.operations import snapshots
from charging.database.queries import clean, gateway_profiles
from charging.errors import MissingColumns, UnreadableSource
from charging.legacy.csv_encoding import detect_encoding
from charging.legacy.csv_text import detect_delimiter, read_header, records
from charging.migration.sims import Card, Needed, StationVpn, compare
from charging.migration.vpns import in_profile, in_settings
from console import workplace
from tasks import opening

NAMES: Mapping[str, tuple[str, ...]] = {
    "iccid": ("iccid", "sim", "sim number", "simnumber", "sim id", "icc"),
    "imsi": ("imsi",),
    "apn": ("apn", "access point name"),
    "vpn": ("vpn", "vpn group", "network", "private network"),
    "vpn_state": ("vpn state", "vpn status", "tunnel", "tunnel state", "tunnel status"),
    "state": ("state", "status", "sim state", "sim status"),
}
"""What carriers call the columns, in whatever letters."""
_SHOWN = 30


def compared(home: Path, file: Path, *, columns: Mapping[str, str], needed: Needed) -> dict[str, Any]:
    """Return where the carrier's list and the stations differ; `columns` names the columns with unusual names.

    Raises:
        SourceError: if the list cannot be read, or has no column of card numbers.
    """
    cards = _cards(file, columns)
    settings = configuration.load(workplace.of(home))
    with opening.engine(settings) as engine, engine.connect() as connection:
        stations = clean.stations(connection)
        vpns = _vpns(connection)
    found = compare(stations, cards, needed=needed, vpns=vpns)
    return {
        "stations": found.stations,
        "cards": found.cards,
        "agreed": found.agreed,
        "tell_of_a_vpn": len(vpns),
        "counts": {str(kind): number for kind, number in sorted(found.counts.items())},
        "differences": canonical.plain(found.differences),
    }


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the counts, then the differences."""
    yield f"{result['cards']} cards, {result['stations']} stations, {result['agreed']} agree"
    yield f"{result['tell_of_a_vpn']} stations tell of a VPN in their latest snapshot or connection profile"
    for kind, number in result["counts"].items():
        yield f"  {number:>5} {kind}"
    for one in result["differences"][:_SHOWN]:
        who = one["station_id"] or f"card {one['iccid']}"
        yield f"{who:<20} {one['kind']}: carrier {one['carrier_says']!r}, station {one['station_says']!r}"
    if len(result["differences"]) > _SHOWN:
        yield f"and {len(result['differences']) - _SHOWN} more: --json lists all"


def _vpns(connection: sa.Connection) -> dict[str, StationVpn]:
    """Return what stations say of a VPN: their own settings go before the profile that they were last given."""
    profiles = gateway_profiles.accepted(connection)
    found = {station_id: vpn for station_id, one in profiles.items() if (vpn := in_profile(one.slot, one.data))}
    for station_id, taken in snapshots.latest(connection).items():
        if vpn := in_settings(taken.values):
            found[station_id] = vpn
    return found


def _cards(file: Path, columns: Mapping[str, str]) -> list[Card]:
    encoding = detect_encoding(file).name
    delimiter = detect_delimiter(file, encoding)
    header = read_header(file, encoding, delimiter)
    places = {field: _place(field, header, columns) for field in NAMES}
    if places["iccid"] is None:
        raise MissingColumns(file.name, ["iccid"], header)
    cards: list[Card] = []
    for record in records(file, encoding=encoding, delimiter=delimiter, header=header):
        if record.problem is not None:
            raise UnreadableSource(file.name, f"line {record.line}: {record.problem}", "export the list again")
        told = {field: record.cells[place].strip() for field, place in places.items() if place is not None}
        if not told["iccid"]:
            raise UnreadableSource(file.name, f"line {record.line} has no card number", "complete it, or take it out")
        cards.append(Card(**told))
    return cards


def _place(field: str, header: Sequence[str], columns: Mapping[str, str]) -> int | None:
    names = [name.casefold() for name in header]
    if field in columns:
        if columns[field].casefold() not in names:
            raise MissingColumns("the carrier's list", [columns[field]], header)
        return names.index(columns[field].casefold())
    return next((names.index(name) for name in NAMES[field] if name in names), None)
