"""The ledger of EVSE ids from the command line: what is proposed, who decides, and whose an id was when."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.operations import identifiers as write
from charging.database.operations import remapping
from charging.database.operations.remapping import Word
from charging.database.queries import clean
from charging.database.queries import identifiers as read
from charging.deciders import is_named
from charging.errors import SettingsError
from charging.identifiers.remapping import Outcome, Result, State
from charging.settings import Settings
from console import workplace

Act = Callable[[sa.Connection, Word], Sequence[Outcome]]


def proposed(home: Path) -> dict[str, Any]:
    """Propose an id for every EVSE that needs one, and say how many stand where."""
    with opened(home) as (engine, settings), engine.begin() as connection:
        country, _, operator = settings.operator.partition("*")
        write.propose(
            connection,
            clean.evses(connection),
            country=country,
            operator=operator,
            din_operators=settings.remap.din_operators,
            at=system_clock(),
        )
        return {"states": dict(read.states(connection))}


def listed(home: Path, state: State | None) -> dict[str, Any]:
    """Return the proposals in a state, or all of them."""
    with opened(home) as (engine, _), engine.connect() as connection:
        return {"remappings": read.remappings(connection, state=state), "states": dict(read.states(connection))}


def history(home: Path, evse_uid: str | None) -> dict[str, Any]:
    """Return who did what to the id of an EVSE, or of all."""
    with opened(home) as (engine, _), engine.connect() as connection:
        return {"events": [dict(row) for row in read.history(connection, evse_uid=evse_uid)]}


def resolved(home: Path, evse_id: str, at: datetime | None) -> dict[str, Any]:
    """Return which EVSE an id meant at an instant, and what that EVSE bears now."""
    with opened(home) as (engine, _), engine.connect() as connection:
        ledger, moment = read.ledger(connection), instant(at)
        name = ledger.resolve(evse_id, moment)
        return {
            "id": evse_id,
            "at": moment,
            "evse_uid": name.evse_uid if name else None,
            "was": "alias" if name and not name.is_valid(moment) else "name" if name else None,
            "current": ledger.current(name.evse_uid) if name else None,
        }


def known_as(home: Path, evse_uid: str, at: datetime | None) -> dict[str, Any]:
    """Return the id that an EVSE bore at an instant, and every other one."""
    with opened(home) as (engine, _), engine.connect() as connection:
        ledger, moment = read.ledger(connection), instant(at)
        names = ledger.names(evse_uid)
        return {"evse_uid": evse_uid, "at": moment, "id": ledger.known_as(evse_uid, moment), "names": names}


def settled(home: Path, act: Act, *, by: str, reason: str, is_real: bool) -> dict[str, Any]:
    """Let somebody decide, or show what the decision would do: the same is done, and then taken back.

    Raises:
        SettingsError: if nobody is named who decides, or no reason.
        UnknownThing: if one of the EVSEs is not known.
    """
    require_name(by)
    if not reason.strip():
        raise SettingsError("--reason", "is empty", "say why; it is written down in the history of each id")
    with opened(home) as (engine, settings), engine.connect() as connection:
        window = timedelta(days=settings.remap.alias_days)
        outcomes = act(connection, Word(by=by, reason=reason, at=system_clock(), alias_for=window))
        if is_real:
            connection.commit()
        else:
            connection.rollback()
    return {"dry_run": not is_real, "outcomes": list(outcomes)}


def approve(uids: Sequence[str], rule: str | None) -> Act:
    """Approve what is named; or, where nothing is, what a rule proposes."""
    return lambda connection, word: remapping.approve(
        connection, uids or remapping.by_rule(connection, rule), word=word
    )


def decide(uid: str, evse_id: str) -> Act:
    """Give an EVSE the id that its owner chose."""
    return lambda connection, word: [remapping.decide(connection, uid, evse_id, word=word)]


def reject(uids: Sequence[str]) -> Act:
    """Leave EVSEs their ids."""
    return lambda connection, word: remapping.reject(connection, uids, word=word)


def revert(uids: Sequence[str]) -> Act:
    """Give EVSEs back what they bore before."""
    return lambda connection, word: remapping.revert(connection, uids, word=word)


def retire(uids: Sequence[str]) -> Act:
    """Free the ids of EVSEs that are removed."""
    return lambda connection, word: [remapping.retire(connection, uid, word=word) for uid in uids]


def require_name(by: str) -> None:
    """Refuse to act for nobody.

    Raises:
        SettingsError: if the name is missing or too short to be one.
    """
    if not is_named(by):
        raise SettingsError("--by", "names nobody", "say who decides; it is written down beside the decision")


def instant(at: datetime | None) -> datetime:
    """Return an instant in UTC: a time without a zone is UTC, and none is now."""
    if at is None:
        return system_clock()
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


@contextmanager
def opened(home: Path) -> Iterator[tuple[sa.Engine, Settings]]:
    """Yield a way into the database, and the settings."""
    settings = configuration.load(workplace.of(home))
    engine = database.connect(database.address(settings))
    try:
        yield engine, settings
    finally:
        engine.dispose()


def status(result: Mapping[str, Any]) -> Result:
    """Return the worst that came of a decision."""
    return Result.REFUSED if any(each.result is Result.REFUSED for each in result["outcomes"]) else Result.DONE
