"""What follows a night: cases that have grown old, and proposals for those that somebody must act on."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import cases as write
from charging.database.operations.proposals import propose_again
from charging.database.queries import cases as read
from charging.database.queries import stored_cdrs
from charging.database.turns import take_turns
from charging.reconciliation.follow_up.ageing import agreed, grown_old
from charging.reconciliation.follow_up.case import Case, Happened, moved
from charging.reconciliation.follow_up.lifecycle import Event, State
from charging.reconciliation.follow_up.propose import Proposal, propose
from charging.roaming import partner_file
from charging.roaming.partner import Partner
from tasks import opening, zones

BY = "the night"


@task(task_run_name="follow-up-{name}")
def follow_up_partner(name: str) -> dict[str, Any]:
    """Follow up a partner's cases as its night does, whether or not it has had one.

    Raises:
        PartnerFileError: if the partner's file cannot be read.
    """
    settings = configuration.load()
    partner = partner_file.read(settings.home / settings.partners / f"{name}.toml")
    with opening.engine(settings) as engine, engine.begin() as connection:
        take_turns(connection, f"night {name}")
        return {"partner": name} | follow_up(connection, partner, now=system_clock())


def follow_up(connection: sa.Connection, partner: Partner, *, now: datetime) -> dict[str, Any]:
    """Remind of cases that lie, and write a proposal for every case that was found; asking again is harmless."""
    found = read.cases(connection, read.Wanted(partner=partner.name, is_open=True))
    old = grown_old(found, as_of=now, ageing=agreed(partner))
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
    found = stored_cdrs.by_keys(connection, partner.name, keys)
    cdrs = {cdr.cdr_key: cdr for cdr in zones.located(connection, partner, found.values())}
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
    propose_again(connection, made, at=now)
    return made
