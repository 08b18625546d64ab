"""Doing a probe to a station through the tables, from any process, and watching what the station does then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from charging.clock import Clock
from charging.database import tables
from charging.database.operations import gateway_flavours as write
from charging.database.operations import gateway_links
from charging.database.operations.gateway_journal import CHANNEL
from charging.database.operations.gateway_orders import Given
from charging.database.queries import gateway_flavours as read
from charging.errors import RouteRefused
from charging.ocpp.flavours import probes
from charging.ocpp.flavours.learning import Learnt
from charging.ocpp.flavours.probes import LASTS, Details, Probe, Ready, Shown
from charging.ocpp.flavours.recording import Observation
from charging.ocpp.gateway import ordering

_LOOK_SECONDS = 5.0
_ORDER_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a probe."""

    probe_number: int
    outcome: str
    """shown; or why it was not."""
    seen: Sequence[Observation]
    rows: Sequence[Learnt]
    """What was kept of it."""


def prepare(engine: sa.Engine, station_id: str, probe: Probe, details: Details, *, at: datetime) -> Ready:
    """Return what would be done. Nothing is.

    Raises:
        RouteRefused: if the station has no link now, or something has to be said first.
    """
    what, link = f"the probe of {station_id}", tables.link.c
    with engine.connect() as connection:
        there = connection.execute(
            sa.select(link.protocol, link.connected_at).where(link.station_id == station_id, link.closed_at.is_(None))
        ).one_or_none()
        if there is None:
            raise RouteRefused(what, "it has no link to a gateway now", "wait until rehome station shows one")
        if probe is Probe.STOP:
            since = at - timedelta(days=7)
            recorded = read.recording(connection, since=since, until=at, station_id=station_id)
            transaction = probes.running(heard for _, heard in recorded)
            details = Details(token=details.token, connector=details.connector, transaction=transaction)
        kind = read.type_of(connection, station_id)
    if lacks := probes.missing(probe, details):
        raise RouteRefused(what, f"{probe} cannot be done", lacks)
    action, payload = probes.order(probe, there.protocol, details, at=at)
    return Ready(
        station_id=station_id,
        probe=probe,
        type=kind,
        up_since=there.connected_at,
        action=action,
        payload=probes.plain(payload),
    )


def do(engine: sa.Engine, ready: Ready, *, by: str, reason: str, clock: Clock) -> Done:
    """Do it once, watch the station until it has shown what it does or the time is over, and keep what it has shown."""
    began_at = clock()
    with engine.begin() as connection:
        number = write.begin_probe(
            connection, station_id=ready.station_id, kind=ready.probe, by=by, reason=reason, at=began_at
        )
    link = _cut(engine, ready) if ready.probe is Probe.LINK else None
    if ready.probe is not Probe.LINK:
        problem = _act(engine, ready, number, by=by, reason=reason, clock=clock)
    else:
        problem = "" if link else "its link went before it was cut"
    if problem:
        return _end(engine, number, problem, [], by=by, began_at=began_at, clock=clock)
    shown = _watch(engine, ready, link, began_at=began_at, clock=clock)
    outcome = "shown" if shown.is_over(ready.probe) else "it was done, and what the station does then was not seen"
    return _end(engine, number, outcome, shown.seen, by=by, began_at=began_at, clock=clock)


def _cut(engine: sa.Engine, ready: Ready, link: str | None = None) -> str | None:
    """Have the station's link cut, or that one and no other; return it, or None if it is not up."""
    with engine.begin() as connection:
        return gateway_links.cut(connection, ready.station_id, link=link)


def _act(engine: sa.Engine, ready: Ready, number: int, *, by: str, reason: str, clock: Clock) -> str:
    """Do it; return why it was not done, or nothing."""
    now = clock()
    given = Given(
        station_id=ready.station_id,
        action=ready.action,
        payload=ready.payload,
        by=by,
        reason=reason,
        made_at=now,
        deadline_at=now + _ORDER_WITHIN,
        order_key=f"probe {number}",
    )
    order_number = ordering.give(engine, given)
    with engine.begin() as connection:
        write.ordered(connection, number, order_number)
    outcome = ordering.wait(engine, order_number, clock=clock)
    status = outcome.payload().get("status", "Accepted")
    if outcome.state != "answered":
        return f"the order is {outcome.state}"
    return "" if status in {"Accepted", "Scheduled", "AcceptedCanceled"} else f"the station answered {status}"


def _watch(engine: sa.Engine, ready: Ready, link: str | None, *, began_at: datetime, clock: Clock) -> Shown:
    place = make_url(engine.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(place, autocommit=True, connect_timeout=10) as listening:
        listening.execute(f'LISTEN "{CHANNEL}"'.encode())
        while True:
            now = clock()
            shown = _shown(engine, ready, began_at=began_at, until=now)
            if shown.is_over(ready.probe) or now >= began_at + LASTS[ready.probe]:
                return shown
            for _ in listening.notifies(timeout=_LOOK_SECONDS):
                break
            if link is not None:
                link = _cut(engine, ready, link)  # the gateway may not have listened when it was told first


def _shown(engine: sa.Engine, ready: Ready, *, began_at: datetime, until: datetime) -> Shown:
    with engine.connect() as connection:
        recorded = read.recording(
            connection, since=ready.up_since, until=until + timedelta(seconds=1), station_id=ready.station_id
        )
        return probes.shown((heard for _, heard in recorded), ready, began_at=began_at, until=until)


def _end(
    engine: sa.Engine,
    number: int,
    outcome: str,
    seen: Sequence[Observation],
    *,
    by: str,
    began_at: datetime,
    clock: Clock,
) -> Done:
    at = clock()
    rows = probes.row(seen, began_at=began_at, until=at)
    with engine.begin() as connection:
        write.keep(connection, rows, source="probed", by=by, at=at)
        write.end_probe(connection, number, outcome=outcome, at=at)
    return Done(probe_number=number, outcome=outcome, seen=seen, rows=rows)
