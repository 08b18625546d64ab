"""Routes, back-offices and what stations must show, from the shell."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.operations import gateway_routes as write
from charging.database.operations.gateway_routes import Change
from charging.database.queries import gateway_routes as read
from charging.deciders import SHORTEST_NAME, is_named
from charging.errors import RouteRefused, UnknownThing
from charging.ocpp.gateway.credential import Credential, hashed
from charging.ocpp.gateway.known import BackOffice
from charging.secret import resolve
from console import workplace

_SHORTEST_SECRET = 8


def shown(home: Path, stations: Sequence[str]) -> dict[str, Any]:
    """Return the back-offices, and the routes of these stations or of all.

    Raises:
        UnknownThing: if one of the named stations is not known.
    """
    with _tables(home) as engine, engine.connect() as connection:
        routes = read.shown(connection, stations or None)
        if missing := sorted(set(stations) - {row["station_id"] for row in routes}):
            raise UnknownThing("route of station", missing[0], "give it one: rehome route set STATION --to NAME")
        return {"back_offices": [_office(each) for each in read.back_offices(connection)], "routes": routes}


def history(home: Path, name: str) -> list[dict[str, Any]]:
    """Return the latest changes, of a station or back-office or of all."""
    with _tables(home) as engine, engine.connect() as connection:
        return read.history(connection, name or None)


def route(
    home: Path, stations: Sequence[str], to: str, *, whole: str, by: str, reason: str, dry_run: bool
) -> dict[str, Any]:
    """Lead stations to a back-office; return which, and from where.

    Raises:
        RouteRefused: if nobody is named, or no station, or both ways of naming them are used.
        UnknownThing: if there is no such back-office.
    """
    if bool(stations) is bool(whole):
        raise RouteRefused("every route", "stations are named in no way, or in two", "name them, or use --from")
    change = _change("every route", by, reason)
    with _tables(home) as engine, engine.begin() as connection:
        wanted = list(stations)
        if whole:
            wanted = [row["station_id"] for row in read.shown(connection) if row["back_office"] == whole]
        changed = write.set_routes(connection, wanted, to, change=change)
        return _settle(connection, {each: [before, to] for each, before in changed.items()}, dry_run=dry_run)


def remove(home: Path, station: str, *, by: str, reason: str, dry_run: bool) -> dict[str, Any]:
    """Know a station no more.

    Raises:
        UnknownThing: if it is not known.
    """
    change = _change(f"station {station}", by, reason)
    with _tables(home) as engine, engine.begin() as connection:
        if not write.remove_route(connection, station, change=change):
            raise UnknownThing("route of station", station, "see rehome route show for those that there are")
        return _settle(connection, {station: ["known", None]}, dry_run=dry_run)


def office(name: str, address: str, *, password: str, headers: Sequence[str], ca: str, hears_alike: bool) -> BackOffice:
    """Return a back-office as it was said.

    Raises:
        RouteRefused: if its address or a header is not right.
    """
    parted = [each.partition("=") for each in headers]
    if wrong := [f"{header}{found}{value}" for header, found, value in parted if not header or not found]:
        raise RouteRefused(name, f"{wrong[0]!r} is no header", "write NAME=VALUE, the value or a reference to it")
    told = {header.strip(): value.strip() for header, _, value in parted}
    return BackOffice(
        name=name, address=address, headers=told, password=password or None, ca=ca or None, hears_alike=hears_alike
    )


def add_office(home: Path, said: BackOffice, *, by: str, reason: str, dry_run: bool) -> dict[str, Any]:
    """Make this how a back-office is reached.

    Raises:
        SettingsError: if a reference points to nothing here.
    """
    change = _change(f"back-office {said.name}", by, reason)
    if said.password is not None:
        resolve(said.password, setting=f"the password of back-office {said.name}")
    with _tables(home) as engine, engine.begin() as connection:
        is_new = write.set_back_office(connection, said, change=change)
        return _settle(connection, {said.name: [None, said.address]} if is_new else {}, dry_run=dry_run)


def must_show(*, secret: str, certificate: bool, nothing: bool) -> Credential:
    """Return what a station must show, as it was said.

    Raises:
        RouteRefused: if not exactly one thing was said, or the secret is too short.
        SettingsError: if the reference points to nothing here.
    """
    what = "what it must show"
    if [bool(secret), certificate, nothing].count(True) != 1:
        raise RouteRefused(what, "none or several were named", "say one of --secret, --certificate and --nothing")
    if not secret:
        return Credential(needs_certificate=certificate, is_open=nothing)
    value = resolve(secret, setting="--secret").reveal()
    if len(value) < _SHORTEST_SECRET:
        raise RouteRefused(what, "the secret is too short", f"take one of {_SHORTEST_SECRET} characters, or better 16")
    return Credential(secret_hash=hashed(value, salt=secrets.token_bytes(16)))


def require(home: Path, station: str, credential: Credential, *, by: str, reason: str, dry_run: bool) -> dict[str, Any]:
    """Make this what a station must show from its next handshake on.

    Raises:
        UnknownThing: if the station is not known.
    """
    change = _change(f"station {station}", by, reason)
    kind = "nothing" if credential.is_open else "a certificate" if credential.needs_certificate else "its secret"
    with _tables(home) as engine, engine.begin() as connection:
        if not read.shown(connection, [station]):
            raise UnknownThing("route of station", station, "give it one first: rehome route set STATION --to NAME")
        write.set_credential(connection, station, credential, change=change)
        return _settle(connection, {station: [None, f"must show {kind}"]}, dry_run=dry_run)


def show_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person reads: the back-offices, then each station."""
    for each in result["back_offices"]:
        yield f"back-office {each['name']}: {each['address']}"
    for row in result["routes"]:
        place = f"up at {row['gateway']}" if row["gateway"] else "not connected"
        if row["gateway"] and row["linked_to"] != row["back_office"]:
            place += f", still at {row['linked_to']}" if row["linked_to"] else ", its back-office is away"
        yield f"{row['station_id']:<24} to {row['back_office']:<16} shows {row['must_show']:<12} {place}"
    if not result["routes"]:
        yield "no station has a route: rehome route set STATION --to NAME"


def history_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each change."""
    for row in result["changes"]:
        change = f"{row['before'] or 'nothing'} -> {row['after'] or 'nothing'}"
        yield f"{row['at'].isoformat(timespec='seconds')}  {row['name']}: {change}, by {row['by']}: {row['reason']}"
    if not result["changes"]:
        yield "nothing has been changed"


def set_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what changes, and whether it has."""
    for name, (before, after) in result["changes"].items():
        yield f"{name}: {before or 'nothing'} -> {after or 'nothing'}"
    if not result["changes"]:
        yield "nothing to change: it is so already"
    elif result["dry_run"]:
        yield "dry run: nothing was changed; --yes changes it"
    else:
        yield f"changed: {len(result['changes'])}; every gateway goes by it from now on"


def _settle(connection: sa.Connection, changes: Mapping[str, Sequence[str | None]], *, dry_run: bool) -> dict[str, Any]:
    """Keep what was changed, or take it back where it was only to be seen."""
    if dry_run:
        connection.rollback()
    return {"dry_run": dry_run, "changes": changes}


def _change(what: str, by: str, reason: str) -> Change:
    if not is_named(by):
        raise RouteRefused(what, "nobody is named", f"name who decides, in {SHORTEST_NAME} letters or more (--by)")
    if not reason.strip():
        raise RouteRefused(what, "no reason is given", "say why (--reason)")
    return Change(by=by, reason=reason, at=system_clock())


def _office(office: BackOffice) -> dict[str, Any]:
    return asdict(office) | {"headers": sorted(office.headers)}


@contextmanager
def _tables(home: Path) -> Iterator[sa.Engine]:
    engine = database.connect(database.address(configuration.load(workplace.of(home))))
    try:
        yield engine
    finally:
        engine.dispose()
