"""Cases at the command line: what is open, and what people do about it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.queries import cases as read
from charging.database.queries import stored_cdrs
from charging.errors import PartnerFileError, UnknownThing
from charging.reconciliation.follow_up.ageing import Ageing, age, agreed
from charging.reconciliation.follow_up.at_risk import at_risk
from charging.reconciliation.follow_up.case import Case
from charging.reconciliation.follow_up.lifecycle import Event, Turn
from charging.reconciliation.follow_up.propose import ProposalKind
from charging.reconciliation.verdict import Verdict
from charging.roaming import partner_file
from charging.roaming.cdr import Cdr
from charging.roaming.partner import Partner
from charging.settings import Settings
from console import workplace
from tasks import desk

OUTBOX = "outbox"
"""Below the home: what was released, by partner."""


def meant(
    *,
    partner: str | None,
    state: str | None,
    turn: str | None,
    verdict: str | None,
    wave: int | None,
    older_than: int | None,
) -> read.Wanted:
    """Return which cases are meant; without a state, those that are open.

    Raises:
        UnknownThing: if there is no such verdict.
    """
    if verdict is not None and verdict not in set(Verdict):
        raise UnknownThing("verdict", verdict, f"choose one of {', '.join(Verdict)}")
    return read.Wanted(
        partner=partner,
        states=() if state is None else (state,),
        verdict=verdict,
        turn=turn,
        wave=wave,
        ended_before=None if older_than is None else system_clock() - timedelta(days=older_than),
        is_open=True if state is None else None,
    )


def listed(home: Path, wanted: read.Wanted, *, limit: int) -> dict[str, Any]:
    """Return the cases that are meant, the most money first, and how many there are."""
    now = system_clock()
    with opened(home) as (engine, settings), engine.connect() as connection:
        found = read.cases(connection, wanted)
        require_partner(settings, wanted.partner, is_there=bool(found))
    shown = found[:limit]
    steps = {name: _ageing(settings, name) for name in {case.partner for case in shown}}
    return {
        "count": len(found),
        "ours": sum(case.turn in {Turn.US, Turn.COMMITTEE} for case in found),
        "cases": [_told(case) | _aged(case, now, steps[case.partner]) for case in shown],
    }


def shown(home: Path, key: str) -> dict[str, Any]:
    """Return one case with both CDRs, proposals and history.

    Raises:
        UnknownThing: if there is no such case.
    """
    with opened(home) as (engine, settings), engine.connect() as connection:
        return _whole(connection, read.case(connection, key), settings)


def propose(home: Path, partner: str, keys: Sequence[str], *, by: str) -> dict[str, Any]:
    """Write proposals for a partner's cases."""
    with opened(home) as (engine, settings):
        number = desk.propose(engine, _partner(settings, partner), keys, by=by, now=system_clock())
    return {"partner": partner, "proposed": number}


def release(
    home: Path, partner: str, kind: str, keys: Sequence[str], *, by: str, reason: str, form: str, dry_run: bool
) -> dict[str, Any]:
    """Release what is proposed to a partner into a file of the outbox."""
    with opened(home) as (engine, settings):
        return desk.release(
            engine,
            _partner(settings, partner),
            kind=ProposalKind(kind),
            folder=settings.home / OUTBOX,
            word=desk.Word(by=by, reason=reason),
            now=system_clock(),
            dry_run=dry_run,
            case_keys=tuple(keys),
            form=form,
        )


def dispute(home: Path, key: str, *, by: str, reason: str, dry_run: bool) -> dict[str, Any]:
    """Release the dispute of one case.

    Raises:
        UnknownThing: if there is no such case, or nothing to dispute about it.
    """
    with opened(home) as (engine, _), engine.connect() as connection:
        case = read.case(connection, key)
    return release(home, case.partner, "dispute", [case.case_key], by=by, reason=reason, form="json", dry_run=dry_run)


def step(home: Path, key: str, event: str, *, by: str, reason: str) -> dict[str, Any]:
    """Move a case by what a person did, and return it.

    Raises:
        IllegalStep: if that cannot happen to it now.
        UnknownThing: if there is no such case.
    """
    with opened(home) as (engine, settings):
        case = desk.step(engine, key, Event(event), desk.Word(by=by, reason=reason), now=system_clock())
        with engine.connect() as connection:
            return _whole(connection, case, settings)


def money(home: Path, partner: str | None) -> dict[str, Any]:
    """Return the money at risk, per partner, wave, age and whose turn it is."""
    now = system_clock()
    with opened(home) as (engine, settings), engine.connect() as connection:
        found = at_risk(read.cases(connection, read.Wanted(partner=partner, is_open=True)), as_of=now)
        require_partner(settings, partner, is_there=bool(found))
    totals: dict[str, Any] = {}
    for one in found:
        totals[one.currency] = totals.get(one.currency, 0) + one.amount
    return {"as_of": now, "totals": totals, "at_risk": found}


@contextmanager
def opened(home: Path) -> Iterator[tuple[sa.Engine, Settings]]:
    """Yield a way into the database, and the settings that say where it is."""
    settings = configuration.load(workplace.of(home))
    engine = database.connect(database.address(settings))
    try:
        yield engine, settings
    finally:
        engine.dispose()


def require_partner(settings: Settings, name: str | None, *, is_there: bool = False) -> None:
    """Refuse the name of a partner that has no file; one of which something is stored may have lost it.

    Raises:
        UnknownThing: if there is none.
    """
    if name is None or is_there or (settings.home / settings.partners / f"{name}.toml").exists():
        return
    there = partner_file.there(settings.home / settings.partners)
    raise UnknownThing("partner", name, f"there are files for: {', '.join(there) or 'none'}")


def _partner(settings: Settings, name: str) -> Partner:
    require_partner(settings, name)
    return partner_file.read(settings.home / settings.partners / f"{name}.toml")


def _ageing(settings: Settings, name: str) -> Ageing:
    """Return how long a partner's cases may lie; as anybody's where its file is not there any more, or not valid."""
    try:
        return agreed(_partner(settings, name))
    except (PartnerFileError, UnknownThing):
        return Ageing()


def _whole(connection: sa.Connection, case: Case, settings: Settings) -> dict[str, Any]:
    keys = {key for key in (case.ours_key, case.theirs_key) if key}
    cdrs = stored_cdrs.by_keys(connection, case.partner, keys)
    return {
        **_told(case),
        **_aged(case, system_clock(), _ageing(settings, case.partner)),
        "ours": _cdr(cdrs.get(case.ours_key or "")),
        "theirs": _cdr(cdrs.get(case.theirs_key or "")),
        "proposals": read.proposals(connection, case_keys=[case.case_key]),
        "history": read.history(connection, case.case_key),
    }


def _told(case: Case) -> dict[str, Any]:
    names = (
        *("case_key", "partner", "state", "verdict", "kinds", "currency", "difference", "money_at_risk", "wave"),
        *("cohort", "station_id", "day", "opened_at", "due_at", "explanation", "next_step", "escalation", "turn"),
    )
    return {name: getattr(case, name) for name in names}


def _aged(case: Case, now: datetime, ageing: Ageing) -> dict[str, Any]:
    found = age(case, as_of=now, ageing=ageing)
    return {"days_open": found.days_open, "days_in_state": found.days_in_state, "next_at": found.next_at}


def _cdr(cdr: Cdr | None) -> dict[str, Any] | None:
    """Return what people compare of a CDR; of who charged, nothing."""
    if cdr is None:
        return None
    names = ("cdr_id", "evse_raw", "started_at", "ended_at", "energy_kwh", "net", "gross", "currency", "tariff_id")
    return {name: getattr(cdr, name) for name in names} | {"quality": list(cdr.quality)}


def list_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each case."""
    yield f"{result['count']} cases, {result['ours']} of them ours to act on"
    for case in result["cases"]:
        amount = f"{case['money_at_risk']} {case['currency']}"
        yield (
            f"{case['case_key']}  {case['partner']:8} {case['state']:11} {case['verdict']:20} {amount:>14} "
            f"{case['days_open']:>4} d  {case['turn']:9} {case['next_step']}"
        )
    if len(result["cases"]) < result["count"]:
        yield f"… and {result['count'] - len(result['cases'])} more: --limit shows them"


def case_lines(case: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything about one case."""
    yield f"{case['case_key']}: {case['verdict']} with {case['partner']}, {case['state']}, {case['turn']} must act"
    yield f"{case['money_at_risk']} {case['currency']} at risk, open for {case['days_open']} days; {case['next_step']}"
    yield case["explanation"]
    for side in ("ours", "theirs"):
        if (cdr := case[side]) is not None:
            yield (
                f"{side:7} {cdr['cdr_id']}: {cdr['energy_kwh']} kWh, {cdr['net']} {cdr['currency']}, "
                f"{cdr['evse_raw']}, {cdr['started_at']:%Y-%m-%d %H:%M} to {cdr['ended_at']:%Y-%m-%d %H:%M} UTC"
            )
    for one in case["proposals"]:
        yield f"{one['proposal_id']} {one['kind']}, {one['state']}: {one['summary']}"
    for entry in case["history"]:
        yield f"{entry['at']:%Y-%m-%d %H:%M} {entry['event']} by {entry['by']}: {entry['reason']}"


def proposed_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many proposals were written."""
    yield f"{result['proposed']} proposals written for {result['partner']}; rehome cdr release lets them go"


def release_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was, or would be, released, and what cannot be."""
    what = "would be released" if result["dry_run"] else "released"
    yield f"{result['proposals']} {result['kind']} proposals {what} to {result['partner']}, {result['records']} records"
    if result["file"]:
        yield f"file: {result['file']} (SHA-256 {result['file_sha256'][:16]}…); send it as you have agreed"
    for no in result["refused"]:
        yield f"not {no['case_key']}: {no['reason']}"
    if result["dry_run"] and result["proposals"]:
        yield "nothing was written: --yes does it"


def money_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the money at risk, the greatest amounts first."""
    said = ", ".join(f"{amount} {currency}" for currency, amount in result["totals"].items()) or "nothing"
    yield f"at risk: {said}"
    for one in result["at_risk"]:
        amount = f"{one.amount} {one.currency}"
        yield f"{one.partner:8} wave {one.wave:14} {one.age:18} {one.turn:9} {one.cases:>6} cases {amount:>16}"
