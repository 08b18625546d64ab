"""Judging one night from what is stored, and following up what it finds. Every night is one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging import canonical
from charging.database.operations import cases as write_cases
from charging.database.operations import roaming as write
from charging.database.queries import cases as read_cases
from charging.database.queries import clean, moves, nights, stored_cdrs
from charging.database.queries import identifiers as ledger
from charging.identifiers.ledger import Ledger
from charging.network import Evse, Session
from charging.reconciliation.aliases import Alias, former_ids, of_ledger
from charging.reconciliation.follow_up import coexistence
from charging.reconciliation.follow_up.changes import Changes, changes
from charging.reconciliation.follow_up.follow import About, Followed, Round, follow
from charging.reconciliation.follow_up.lateness import Lateness, learnt
from charging.reconciliation.night import reconcile
from charging.reconciliation.summary import summarise
from charging.reconciliation.verdict import Judged
from charging.roaming.cdr import Cdr, Cohort, Side
from charging.roaming.own import Own, own_cdrs
from charging.roaming.partner import Partner
from tasks import as_provider, intake
from tasks.intake import MARGIN, Taken

COHORTS: Mapping[str, Cohort] = {"legacy": Cohort.NOT_MOVED, "target": Cohort.MOVED}
Period = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """Which night is judged, and why."""

    day: date
    period: Period
    because: str
    taken: Taken
    """What came of the partner last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found, what of it is new since the night was judged before, and what became of the cases."""

    head: Mapping[str, Any]
    kept: Sequence[Judged]
    changes: Changes | None
    """None where the night was judged for the first time."""
    followed: Followed
    lateness: Lateness

    @property
    def keys(self) -> set[str]:
        """The CDRs that are in the night's verdicts."""
        return {key for one in self.kept for key in (one.ours_key, one.theirs_key) if key is not None}


def judge(connection: sa.Connection, partner: Partner, night: Night, *, now: datetime) -> Outcome:
    """Judge every CDR of a night and its neighbourhood, store the night, and move the cases by it.

    The same rows at the same instant end in the same rows, however often and after whatever interruption.
    """
    around = (night.period[0] - MARGIN, night.period[1] + MARGIN)
    lateness = learnt(stored_cdrs.arrivals(connection, partner.name, before=now), agreed=partner.terms.lateness)
    provider = as_provider.known(connection, partner)
    partner = provider.partner if provider else partner
    mine = provider.own(connection, around, as_of=now) if provider else own(connection, partner, around)
    theirs = intake.placed(connection, stored_cdrs.cdrs(connection, partner.name, Side.THEIRS, period=around))
    theirs = provider.theirs(theirs) if provider else theirs
    cdrs = [*mine.cdrs, *theirs]
    found = reconcile(
        mine.cdrs,
        theirs,
        terms=replace(partner.terms, lateness=lateness.after),
        tariffs=partner.tariffs,
        as_of=now,
        aliases=_aliases(connection, partner),
        unreadable=stored_cdrs.unreadable(connection, partner.name, since=night.period[0]),
        credit_policy=partner.credit_policy,
    )
    judged = coexistence.named(found.judged, cdrs, moved_at=moves.moved_at(connection))
    judged = provider.named(judged, theirs, mine) if provider else judged
    kept, sides = within(judged, cdrs, period=night.period)
    write.store_cdrs(connection, [cdr for cdr in sides if cdr.side is Side.OURS], at=now)
    head = _head(partner, kept, sides, mine=mine, night=night) | {"reconciled_at": now}
    changed = _store(connection, partner, night, head=head, kept=kept)
    here = {id(one) for one in kept}
    beside = [one for one in judged if id(one) not in here]
    followed = _follow(connection, partner, night, kept, cdrs, beside=beside, lateness=lateness, now=now)
    return Outcome(head=head, kept=kept, changes=changed, followed=followed, lateness=lateness)


def within(judged: Sequence[Judged], cdrs: Sequence[Cdr], *, period: Period) -> tuple[list[Judged], list[Cdr]]:
    """Return the verdicts that belong to a period, and the CDRs in them. A pair belongs where ours ended."""
    ended_at = {cdr.cdr_key: cdr.ended_at for cdr in cdrs}
    kept = [one for one in judged if period[0] <= ended_at[str(one.ours_key or one.theirs_key)] < period[1]]
    keys = {key for one in kept for key in (one.ours_key, one.theirs_key)}
    return kept, [cdr for cdr in cdrs if cdr.cdr_key in keys]


def _store(
    connection: sa.Connection, partner: Partner, night: Night, *, head: Mapping[str, Any], kept: Sequence[Judged]
) -> Changes | None:
    """Store the night; a version is added where it is new, or another outcome than before."""
    before = nights.night(connection, partner.name, night.day)
    was = nights.judged(connection, partner.name, night.day) if before else []
    write.store_night(connection, head, kept, partner=partner.name, day=night.day)
    found = changes(was, kept) if before else None
    is_same = before is not None and (before["is_complete"], before["inputs_sha256"]) == (
        head["is_complete"],
        head["inputs_sha256"],
    )
    if found is None or found.counts or not is_same:
        version = {
            "because": night.because if before else "it was judged for the first time",
            "is_complete": head["is_complete"],
            "judged": len(kept),
            "changes": canonical.plain(found) if found else {},
            "inputs_sha256": head["inputs_sha256"],
            "verdicts_sha256": write.verdicts_digest(kept),
            "reconciled_at": head["reconciled_at"],
        }
        write.store_version(connection, version, partner=partner.name, day=night.day)
    return found


def _follow(
    connection: sa.Connection,
    partner: Partner,
    night: Night,
    kept: Sequence[Judged],
    cdrs: Sequence[Cdr],
    *,
    beside: Sequence[Judged],
    lateness: Lateness,
    now: datetime,
) -> Followed:
    by_key = {cdr.cdr_key: cdr for cdr in cdrs}
    waves = read_cases.waves(connection)

    def about(key: str) -> About:
        cdr = by_key[key]
        wave = None if cdr.station_id is None else waves.get(cdr.station_id)
        return About(ended_at=cdr.ended_at, station_id=cdr.station_id, wave=wave)

    around = (night.period[0] - MARGIN, night.period[1] + MARGIN)
    found = follow(
        kept,
        read_cases.around(connection, partner.name, period=around),
        night=Round(
            partner=partner.name,
            day=night.day,
            at=now,
            about=about,
            due=lambda ended_at: ended_at + lateness.after,
        ),
        around=beside,
    )
    write_cases.store(connection, found.cases, found.history)
    write_cases.supersede(connection, {entry.case_key for entry in found.history})
    return found


def own(connection: sa.Connection, partner: Partner, period: Period) -> Own:
    """Return our CDRs of the sessions of a partner's drivers that ended in a half-open period, as they are now."""
    seen = clean.sessions(connection, issuer=partner.party, period=period)
    office = {id(session): back_office for back_office, session in seen}

    def cohort(session: Session) -> Cohort | None:
        return COHORTS.get(office[id(session)])

    return own_cdrs(
        [session for _, session in seen],
        partner=partner,
        tokens={token.token_uid: token for token in clean.tokens(connection)},
        evses={(evse.station_id, evse.connector_id): evse for evse in intake.evses(connection)},
        cohort=cohort,
        id_at=_dated(ledger.ledger(connection)),
    )


def _dated(names: Ledger) -> Callable[[Evse, datetime], str | None]:
    """Return what tells the id that an EVSE bore at an instant; the present one, where it had none yet."""
    return lambda evse, at: names.known_as(evse.evse_uid, at) or evse.evse_id


def _aliases(connection: sa.Connection, partner: Partner) -> dict[str, tuple[Alias, ...]]:
    """Return what old EVSE ids stand for: those of our ledger, and those of operator codes that we once had."""
    now = [evse.evse_id for evse in intake.evses(connection) if evse.evse_id]
    return former_ids(now, former_operators=partner.former_operators) | of_ledger(ledger.ledger(connection))


def _head(
    partner: Partner,
    kept: Sequence[Judged],
    sides: Sequence[Cdr],
    *,
    mine: Own,
    night: Night,
) -> dict[str, Any]:
    ours, theirs = ([cdr for cdr in sides if cdr.side is side] for side in (Side.OURS, Side.THEIRS))
    summary = summarise(kept, ours=ours, theirs=theirs)
    return {
        "time_zone": partner.terms.time_zone,
        "period_from": night.period[0],
        "period_until": night.period[1],
        "is_complete": night.taken.is_complete,
        "incomplete_because": night.taken.incomplete_because,
        "summary": {
            "ours": summary.ours,
            "theirs": summary.theirs,
            "matched": summary.matched,
            "rejected": night.taken.rejected,
            "skipped": [{"session_id": one.session_id, "reason": one.reason} for one in mine.skipped],
            "verdicts": canonical.plain(summary.verdicts),
            "tiers": {tier.name.lower(): number for tier, number in summary.tiers.items()},
            "ours_total": canonical.plain(summary.ours_total),
            "theirs_total": canonical.plain(summary.theirs_total),
            "ours_kwh": str(sum((cdr.energy_kwh for cdr in ours), Decimal(0))),
            "theirs_kwh": str(sum((cdr.energy_kwh for cdr in theirs), Decimal(0))),
            "notes": list(night.taken.notes),
        },
        "inputs_sha256": canonical.digest([sorted(cdr.cdr_key for cdr in sides), night.period]),
    }


def told(name: str, day: date, found: Outcome) -> dict[str, Any]:
    """Return a night as the run, the terminal and the artifact tell it."""
    return nights.told(name, day, found.head, found.kept) | {
        "lateness": {
            "hours": int(found.lateness.after.total_seconds() // 3600),
            "is_learnt": found.lateness.is_learnt,
            "sample": found.lateness.sample,
        },
        "cases": len(found.followed.cases),
        "changed": {} if found.changes is None else dict(found.changes.counts),
    }
