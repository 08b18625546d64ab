"""Changing what gateways go by. Each change leaves who, when and why, and is told to every gateway as it commits."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from charging.database import tables
from charging.database.operations import rows
from charging.database.queries import gateway_routes
from charging.errors import UnknownThing
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.known import BackOffice

CHANNEL = "gateway_route"
"""Says a station's id; nothing where everything is to be read again."""
_TOLD_SINGLY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changes something, why and when."""

    by: str
    reason: str
    at: datetime


def set_back_office(connection: sa.Connection, office: BackOffice, *, change: Change) -> bool:
    """Make this how a back-office is reached; return whether that is new."""
    before = {each.name: each for each in gateway_routes.back_offices(connection)}.get(office.name)
    if before == office:
        return False
    rows.upsert(connection, tables.back_office, [asdict(office) | {"headers": dict(office.headers)}])
    _note(connection, "back_office", {office.name: (before.address if before else None, office.address)}, change)
    _tell(connection, ())
    return True


def set_routes(
    connection: sa.Connection, station_ids: Sequence[str], back_office: str, *, change: Change
) -> dict[str, str | None]:
    """Route stations to a back-office; return those whose route is another now, each with its former one.

    Raises:
        UnknownThing: if there is no such back-office.
    """
    table = tables.route
    if back_office not in {each.name for each in gateway_routes.back_offices(connection)}:
        raise UnknownThing("back-office", back_office, "add it first: rehome route office NAME --address …")
    wanted = sorted(set(station_ids))
    chosen = sa.select(table).where(table.c.station_id.in_(wanted)).with_for_update()
    there: dict[str, str] = {row.station_id: row.back_office for row in connection.execute(chosen)}
    changed = {station_id: there.get(station_id) for station_id in wanted if there.get(station_id) != back_office}
    if changed:
        told = {"back_office": back_office, "changed_at": change.at}
        values = [{"station_id": each, "origin": back_office} | told for each in changed]
        statement = insert(table).on_conflict_do_update(index_elements=["station_id"], set_=told)
        for start in range(0, len(values), rows.CHUNK):
            connection.execute(statement, values[start : start + rows.CHUNK])
        _note(connection, "station", {each: (before, back_office) for each, before in changed.items()}, change)
        _tell(connection, list(changed))
    return changed


def remove_route(connection: sa.Connection, station_id: str, *, change: Change) -> bool:
    """Know a station no more: its next handshake is answered with 404. Return whether it was known."""
    table = tables.route
    before = connection.scalar(sa.delete(table).where(table.c.station_id == station_id).returning(table.c.back_office))
    if before is None:
        return False
    _note(connection, "station", {station_id: (before, None)}, change)
    _tell(connection, [station_id])
    return True


def set_credential(connection: sa.Connection, station_id: str, credential: Credential, *, change: Change) -> None:
    """Make this what a station must show from its next handshake on."""
    before = gateway_routes.known(connection, [station_id]).credentials.get(station_id)
    rows.upsert(connection, tables.credential, [{"station_id": station_id} | asdict(credential)])
    _note(connection, "credential", {station_id: (_kind(before) if before else None, _kind(credential))}, change)
    _tell(connection, [station_id])


def _kind(credential: Credential) -> str:
    return "nothing" if credential.is_open else "certificate" if credential.needs_certificate else "secret"


def _note(
    connection: sa.Connection, subject: str, changed: Mapping[str, tuple[str | None, str | None]], change: Change
) -> None:
    told = [
        {"subject": subject, "name": name, "before": before, "after": after}
        | {"by": change.by, "reason": change.reason, "at": change.at}
        for name, (before, after) in changed.items()
    ]
    for start in range(0, len(told), rows.CHUNK):
        connection.execute(sa.insert(tables.route_event), told[start : start + rows.CHUNK])


def _tell(connection: sa.Connection, station_ids: Sequence[str]) -> None:
    """Have every gateway read these again; of very many, or with none named, all."""
    names = station_ids if 0 < len(station_ids) <= _TOLD_SINGLY else [""]
    connection.execute(
        sa.select(sa.func.pg_notify(CHANNEL, sa.func.unnest(sa.literal(list(names), sa.ARRAY(sa.Text)))))
    )
