"""Reading the ledger of EVSE ids: who bore which id when, what is proposed, and who did what to it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields

import sqlalchemy as sa

from charging.database import tables
from charging.identifiers.ledger import Ledger, Name
from charging.identifiers.proposals import under_present_ids
from charging.identifiers.remapping import Remapping, State
from charging.network import Evse


def ledger(connection: sa.Connection) -> Ledger:
    """Return the whole ledger: everything that asks about old and new ids asks it."""
    alias = tables.alias
    columns = [alias.c[field.name] for field in fields(Name)]
    return Ledger(Name(**row) for row in connection.execute(sa.select(*columns)).mappings())


def remapped(connection: sa.Connection, evses: Sequence[Evse]) -> list[Evse]:
    """Return EVSEs under the ids that they carry from now on: the ledger's, else their own."""
    return under_present_ids(evses, ledger(connection))


def remappings(
    connection: sa.Connection, *, state: State | None = None, uids: Iterable[str] | None = None
) -> list[Remapping]:
    """Return what is proposed, waits or was settled, by EVSE."""
    found = tables.remapping
    chosen = sa.select(*(found.c[field.name] for field in fields(Remapping))).order_by(found.c.evse_uid)
    if state is not None:
        chosen = chosen.where(found.c.state == state)
    if uids is not None:
        chosen = chosen.where(found.c.evse_uid == sa.any_(sa.cast(list(uids), sa.ARRAY(sa.Text))))
    rows = connection.execute(chosen).mappings()
    return [Remapping(**(dict(row) | {"state": State(row["state"])})) for row in rows]


def states(connection: sa.Connection) -> Counter[str]:
    """Return how many EVSEs stand before a change that is proposed, approved, waits for an owner, and so on."""
    state = tables.remapping.c.state
    return Counter(dict(connection.execute(sa.select(state, sa.func.count()).group_by(state)).tuples().all()))


def history(connection: sa.Connection, *, evse_uid: str | None = None) -> list[sa.RowMapping]:
    """Return who did what, the oldest first; of one EVSE or of all."""
    event = tables.remapping_event
    chosen = sa.select(event).order_by(event.c.event_id)
    if evse_uid is not None:
        chosen = chosen.where(event.c.evse_uid == evse_uid)
    return list(connection.execute(chosen).mappings())


def known_to_others(connection: sa.Connection, compacts: Iterable[str]) -> set[str]:
    """Return which ids partners have put into CDRs at stations that are none of ours."""
    cdr = tables.cdr.c
    asked = sa.cast(list(compacts), sa.ARRAY(sa.Text))
    chosen = sa.select(cdr.evse_compact).distinct()
    found = chosen.where(cdr.side == "theirs", cdr.station_id.is_(None), cdr.evse_compact == sa.any_(asked))
    return {compact for compact in connection.scalars(found) if compact is not None}


def shown(connection: sa.Connection) -> dict[str, str]:
    """Return the id on the sticker that was put on an EVSE last, by EVSE."""
    sticker = tables.sticker.c
    latest = sa.select(sticker.evse_uid, sticker.evse_id).distinct(sticker.evse_uid)
    found = connection.execute(latest.order_by(sticker.evse_uid, sticker.done_at.desc()))
    return dict(found.tuples().all())


def registrations(connection: sa.Connection) -> dict[str, sa.RowMapping]:
    """Return who has been told of the new ids, each as it was last, by name."""
    told = tables.registration
    latest = sa.select(told).distinct(told.c.recipient).order_by(told.c.recipient, told.c.at.desc())
    return {row["recipient"]: row for row in connection.execute(latest).mappings()}


def is_registered(connection: sa.Connection, evse_uid: str) -> bool:
    """Whether the EVSE has ever been seen."""
    identity = tables.evse_identity.c.evse_uid
    return connection.scalar(sa.select(identity).where(identity == evse_uid)) is not None
