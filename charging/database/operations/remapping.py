"""Deciding about proposed EVSE ids: approve, decide, reject, revert, retire. Nothing is half done, or done twice."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from charging.database.operations import identifiers as write
from charging.database.queries import identifiers as read
from charging.errors import UnknownThing
from charging.identifiers import evse_id
from charging.identifiers.ledger import Ledger, Name
from charging.identifiers.remapping import Action, Outcome, Remapping, Result, State, verdict

OWNER = "id.owner"
_NO_ALIAS = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who decides, why, when, and for how long an id that is given up still answers."""

    by: str
    reason: str
    at: datetime
    alias_for: timedelta


def approve(connection: sa.Connection, uids: Sequence[str], *, word: Word) -> list[Outcome]:
    """Let EVSEs bear the ids that were proposed for them.

    Raises:
        UnknownThing: if nothing is known of one of them.
    """
    ledger = write.begin(connection)

    def apply(each: Remapping) -> Remapping:
        return replace(each, before=ledger.current(each.evse_uid), state=State.APPROVED)

    return _each(connection, uids, Action.APPROVE, apply, ledger=ledger, word=word)


def reject(connection: sa.Connection, uids: Sequence[str], *, word: Word) -> list[Outcome]:
    """Leave EVSEs their ids; the same proposal does not come back.

    Raises:
        UnknownThing: if nothing is known of one of them.
    """
    ledger = write.begin(connection)

    def apply(each: Remapping) -> Remapping:
        return replace(each, state=State.REJECTED)

    return _each(connection, uids, Action.REJECT, apply, ledger=ledger, word=word)


def revert(connection: sa.Connection, uids: Sequence[str], *, word: Word) -> list[Outcome]:
    """Let EVSEs bear again what they bore before; the id that is given up answers for a while.

    Raises:
        UnknownThing: if nothing is known of one of them.
    """
    ledger = write.begin(connection)

    def apply(each: Remapping) -> Remapping:
        return replace(each, state=State.REVERTED)

    return _each(connection, uids, Action.REVERT, apply, ledger=ledger, word=word)


def decide(connection: sa.Connection, uid: str, text: str, *, word: Word) -> Outcome:
    """Let an EVSE bear the id that its owner chose. It must be one that every reader accepts, and nobody else's.

    Raises:
        UnknownThing: if nothing is known of the EVSE.
    """
    ledger = write.begin(connection)
    _require(ledger, connection, uid)
    before, parsed = ledger.current(uid), evse_id.parse(text)
    after = parsed.text if parsed else text
    made = Remapping(
        evse_uid=uid,
        before=before,
        after=after,
        rule=OWNER,
        state=State.APPROVED,
        needs_owner=True,
        reason=word.reason,
    )
    if parsed is None or not parsed.is_publishable:
        why = ", ".join(parsed.obstacles) if parsed else "it is no EVSE id"
        return _outcome(made, Result.REFUSED, f"partners would refuse it: {why}")
    if before == after:
        return _outcome(made, Result.UNCHANGED, "it bears that id already")
    foreign = read.known_to_others(connection, [evse_id.comparable(after)])
    if problem := _obstacle(ledger, made, after, foreign=foreign, word=word):
        return _outcome(made, Result.REFUSED, problem)
    names = ledger.rename(uid, after, at=word.at, rule=OWNER, alias_for=word.alias_for)
    write.store_names(connection, names)
    _settle(connection, Action.DECIDE, [made], word)
    return _outcome(made, Result.DONE, "")


def retire(connection: sa.Connection, uid: str, *, word: Word) -> Outcome:
    """Free the id of an EVSE that is REMOVED (OCPI 2.2.1): from now on another one may bear it.

    Raises:
        UnknownThing: if nothing is known of the EVSE.
    """
    ledger = write.begin(connection)
    _require(ledger, connection, uid)
    before = ledger.current(uid)
    if before is None:
        return Outcome(evse_uid=uid, result=Result.UNCHANGED, before=None, after=None, reason="it bears no id")
    names = ledger.rename(uid, None, at=word.at, rule="id.removed", alias_for=_NO_ALIAS)
    write.store_names(connection, names)
    gone = Remapping(
        evse_uid=uid,
        before=before,
        after="",
        rule="id.removed",
        state=State.RETIRED,
        needs_owner=True,
        reason=word.reason,
    )
    _settle(connection, Action.RETIRE, [gone], word)
    return Outcome(evse_uid=uid, result=Result.DONE, before=before, after=None, reason="")


def by_rule(connection: sa.Connection, rule: str | None) -> list[str]:
    """Return the EVSEs that wait for a rule that is named, or for any rule that leaves nothing to an owner."""
    waiting = read.remappings(connection)
    return [
        each.evse_uid
        for each in waiting
        if each.state is State.PROPOSED or (each.state is State.NEEDS_OWNER and rule is not None)
        if rule in {None, each.rule}
    ]


def _each(
    connection: sa.Connection,
    uids: Sequence[str],
    action: Action,
    apply: Callable[[Remapping], Remapping],
    *,
    ledger: Ledger,
    word: Word,
) -> list[Outcome]:
    wanted = list(dict.fromkeys(uids))
    known = {each.evse_uid: each for each in read.remappings(connection, uids=wanted)}
    if unknown := next((uid for uid in wanted if uid not in known), None):
        raise UnknownThing("proposal for EVSE", unknown, "see rehome remap list, or decide on an id for it")
    foreign = read.known_to_others(connection, [evse_id.comparable(each.after) for each in known.values()])
    outcomes: list[Outcome] = []
    settled: list[Remapping] = []
    names: list[Name] = []
    for uid in wanted:
        made = known[uid]
        result, why = verdict(made, action)
        if result is Result.DONE:
            made = apply(made)
            bears = _bears(made)
            if problem := bears and _obstacle(ledger, made, bears[0], foreign=foreign, word=word):
                result, why = Result.REFUSED, problem
            else:
                settled.append(made)
                if bears:
                    names += ledger.rename(uid, bears[0], at=word.at, rule=made.rule, alias_for=word.alias_for)
        outcomes.append(_outcome(made, result, why))
    write.store_names(connection, names)
    _settle(connection, action, settled, word)
    return outcomes


def _bears(made: Remapping) -> tuple[str | None] | None:
    """Return the id that the EVSE bears from now on, none included; or None where it keeps what it has."""
    return {State.APPROVED: (made.after,), State.REVERTED: (made.before,)}.get(made.state)


def _obstacle(
    ledger: Ledger, made: Remapping, after: str | None, *, foreign: Collection[str], word: Word
) -> str | None:
    if after is None:
        return None
    is_new = not ledger.bearers(after)
    if is_new and evse_id.comparable(after) in foreign:
        return "a partner's CDRs use it for a station that is none of ours"
    return ledger.obstacle(made.evse_uid, after, word.at)


def _settle(connection: sa.Connection, action: Action, made: Sequence[Remapping], word: Word) -> None:
    write.store_remappings(connection, made, at=word.at)
    write.note(connection, action, [_turned(each) for each in made], by=word.by, at=word.at, reason=word.reason)


def _require(ledger: Ledger, connection: sa.Connection, uid: str) -> None:
    if not ledger.names(uid) and not read.is_registered(connection, uid):
        raise UnknownThing("EVSE", uid, "see rehome remap list; new ones come with extract, cleanse and remap")


def _turned(each: Remapping) -> Remapping:
    """Return a change that was taken back as what happens then: the way back."""
    if each.state is not State.REVERTED or each.before is None:
        return each
    return replace(each, before=each.after, after=each.before)


def _outcome(each: Remapping, result: Result, reason: str) -> Outcome:
    if each.state is State.REVERTED and result is Result.DONE:
        return Outcome(evse_uid=each.evse_uid, result=result, before=each.after, after=each.before, reason=reason)
    return Outcome(evse_uid=each.evse_uid, result=result, before=each.before, after=each.after, reason=reason)
