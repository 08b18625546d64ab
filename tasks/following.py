"""What follows a night: cases that have grown old, and proposals for those that somebody must act on."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from charging.database.operations import cases as write
from charging.database.queries import cases as read
from charging.database.queries import stored_cdrs
from charging.reconciliation.follow_up.ageing import Ageing, grown_old
from charging.reconciliation.follow_up.case import Case, Happened, moved
from charging.reconciliation.follow_up.lifecycle import Event, State
from charging.reconciliation.follow_up.propose import Proposal, propose
from charging.roaming.partner import Partner

BY = "the night"


def follow_up(connection: sa.Connection, partner: Partner, *, now: datetime) -> dict[str, Any]:
    """Remind of cases that lie, and write a proposal for every case that was found; asking again is harmless."""
    found = read.cases(connection, read.Wanted(partner=partner.name, is_open=True))
    old = grown_old(found, as_of=now, ageing=Ageing())
    write.store(connection, [case for case, _ in old], [entry for _, entry in old])
    aged = {case.case_key: case for case, _ in old}
    proposed = propose_all(connection, [aged.get(case.case_key, case) for case in found], partner, now=now)
    return {
        "open": len(found),
        "reminded": sum(entry.event == "reminded" for _, entry in old),
        "escalated": sum(entry.event == "escalated" for _, entry in old),
        "proposed": len(proposed),
    }


def propose_all(
    connection: sa.Connection, cases: list[Case], partner: Partner, *, now: datetime, by: str = BY
) -> list[Proposal]:
    """Write what would be sent about the cases that wait for it; nothing is sent."""
    waiting = [case for case in cases if case.state is State.FOUND]
    keys = {key for case in waiting for key in (case.ours_key, case.theirs_key) if key is not None}
    cdrs = stored_cdrs.by_keys(connection, partner.name, keys)
    made: list[Proposal] = []
    later: list[Case] = []
    history: list[Happened] = []
    for case in waiting:
        one = propose(
            case, ours=cdrs.get(case.ours_key or ""), theirs=cdrs.get(case.theirs_key or ""), partner=partner, at=now
        )
        if one is None:
            continue
        made.append(one)
        now_case, entry = moved(case, Event.PROPOSED, at=now, by=by, reason=one.summary)
        later.append(replace(now_case, reminders=case.reminders))
        history.append(entry)
    write.store(connection, later, history)
    write.store_proposals(connection, made, at=now)
    return made
