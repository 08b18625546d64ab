"""Writing the ledger of EVSE ids. Each call belongs into one transaction, and doing it twice changes nothing more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import rows
from charging.database.queries import identifiers as read
from charging.database.turns import take_turns
from charging.identifiers import evse_id
from charging.identifiers import remap as rules
from charging.identifiers.ledger import Ledger, Name
from charging.identifiers.proposals import remappings, under_present_ids
from charging.identifiers.remap import Remap
from charging.identifiers.remapping import Action, Remapping, State, follows
from charging.network import Evse

RULES = "the rules"
FOUND, CHANGED_AT_LEGACY = "id.found", "id.legacy"


def begin(connection: sa.Connection) -> Ledger:
    """Wait for the turn to change the ledger, and return it as it is now."""
    take_turns(connection, "ledger of EVSE ids")
    return read.ledger(connection)


def observe(connection: sa.Connection, ledger: Ledger, evses: Sequence[Evse], *, at: datetime) -> None:
    """Enter EVSEs that are new, and ids that the legacy has changed itself while nobody has decided about them.

    An id that two of them claim is entered for neither: the proposals name it as a collision.
    """
    registered = [
        {"evse_uid": evse.evse_uid, "station_id": evse.station_id, "connector_id": evse.connector_id}
        for evse in evses
        if evse.connector_id != 0
    ]
    rows.insert_new(connection, tables.evse_identity, [row | {"first_seen_at": at} for row in registered])
    settled = {each.evse_uid for each in read.remappings(connection) if each.state in _CHANGED}
    claims = _claims(evses)
    entered: list[Name] = []
    for evse in evses:
        uid, found = evse.evse_uid, evse.evse_id
        if evse.connector_id == 0 or not found or uid in settled or claims[found] > 1:
            continue
        if ledger.current(uid) == found or ledger.obstacle(uid, found, at):
            continue
        if ledger.names(uid):
            entered += ledger.rename(uid, found, at=at, rule=CHANGED_AT_LEGACY, alias_for=timedelta(0))
        elif not ledger.bearers(found):
            entered += ledger.open(uid, found, rule=FOUND)
        else:
            entered += ledger.rename(uid, found, at=at, rule=FOUND, alias_for=timedelta(0))
    store_names(connection, entered)


def store_names(connection: sa.Connection, names: Iterable[Name]) -> None:
    """Write names of the ledger; those that have ended before those that begin."""
    every = [asdict(name) | {"compact": name.compact} for name in names]
    rows.upsert(connection, tables.alias, [row for row in every if row["valid_until"] is not None])
    rows.upsert(connection, tables.alias, [row for row in every if row["valid_until"] is None])


def propose(
    connection: sa.Connection,
    evses: Sequence[Evse],
    *,
    country: str,
    operator: str,
    din_operators: Mapping[str, str],
    at: datetime,
) -> Remap:
    """Propose an id for every EVSE that needs one, see what the ledger says to it, and enter both."""
    ledger = begin(connection)
    observe(connection, ledger, evses, at=at)
    present = under_present_ids(evses, ledger)
    found = rules.propose(present, country=country, operator=operator, din_operators=din_operators)
    asked = [evse_id.comparable(each.after) for each in found.proposals]
    foreign = read.known_to_others(connection, asked)
    store_proposals(connection, remappings(found, ledger=ledger, foreign=foreign), at=at)
    return found


def store_proposals(connection: sa.Connection, proposals: Sequence[Remapping], *, at: datetime) -> None:
    """Enter what the rules propose now. What a person has settled stays; what is proposed no more is gone."""
    known = {each.evse_uid: each for each in read.remappings(connection)}
    proposed = {each.evse_uid for each in proposals}
    gone = [uid for uid, each in known.items() if uid not in proposed and each.state in _UNSETTLED]
    connection.execute(sa.delete(tables.remapping).where(tables.remapping.c.evse_uid.in_(gone)))
    fresh = [each for each in proposals if follows(known.get(each.evse_uid), each)]
    store_remappings(connection, fresh, at=at)
    note(connection, Action.PROPOSE, fresh, by=RULES, at=at)


_CHANGED = frozenset({State.APPROVED, State.REVERTED, State.RETIRED})
_UNSETTLED = frozenset({State.PROPOSED, State.NEEDS_OWNER, State.COLLIDES})


def store_remappings(connection: sa.Connection, remappings: Sequence[Remapping], *, at: datetime) -> None:
    """Bring what EVSEs stand before, or have behind them, to these values."""
    rows.upsert(connection, tables.remapping, [asdict(each) | {"changed_at": at} for each in remappings])


def note(
    connection: sa.Connection,
    action: Action,
    remappings: Sequence[Remapping],
    *,
    by: str,
    at: datetime,
    reason: str | None = None,
) -> None:
    """Add to the history what was done; nothing in it is ever changed."""
    events = [
        {
            "evse_uid": each.evse_uid,
            "action": action,
            "before": each.before,
            "after": each.after,
            "rule": each.rule,
            "by": by,
            "reason": reason if reason is not None else each.reason,
            "at": at,
        }
        for each in remappings
    ]
    if events:
        connection.execute(sa.insert(tables.remapping_event), events)


def store_stickers(connection: sa.Connection, done: Mapping[str, str], *, by: str, at: datetime) -> None:
    """Note that EVSEs show these ids now."""
    entered = [{"evse_uid": uid, "evse_id": shown, "by": by, "done_at": at} for uid, shown in done.items()]
    rows.upsert(connection, tables.sticker, entered)


def store_registration(
    connection: sa.Connection, recipient: str, *, state: str, by: str, reason: str, at: datetime
) -> None:
    """Note that a hub, access point or partner has been told of the new ids, or has confirmed them."""
    row = {"recipient": recipient, "state": state, "by": by, "reason": reason, "at": at}
    rows.upsert(connection, tables.registration, [row])


def _claims(evses: Sequence[Evse]) -> dict[str, int]:
    """Return how many EVSEs claim what is the same id as each one."""
    by_compact: dict[str, set[str]] = {}
    names = [Name(evse_uid=evse.evse_uid, number=0, evse_id=evse.evse_id, rule="") for evse in evses if evse.evse_id]
    for name in names:
        by_compact.setdefault(name.compact, set()).add(name.evse_uid)
    return {name.evse_id: len(by_compact[name.compact]) for name in names}
