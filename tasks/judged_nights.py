"""Judging one night from what is stored, and following up what it finds. Every night is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging import canonical
from charging.database.operations import cases as write_cases
from charging.database.queries import cases as read_cases
from charging.database.queries import identifiers as ledger
from charging.database.queries import moves, nights, stored_cdrs
from charging.reconciliation import named_columns, night_share
from charging.reconciliation.aliases import Alias, former_ids, of_ledger
from charging.reconciliation.billed_twice import BilledTwice, held_twice
from charging.reconciliation.follow_up import both_offices, coexistence
from charging.reconciliation.follow_up.changes import Changes
from charging.reconciliation.follow_up.follow import About, Followed, Round, follow
from charging.reconciliation.follow_up.lateness import Lateness, learnt
from charging.reconciliation.night_frame import NightFrame, to_judged
from charging.reconciliation.night_share import Share
from charging.reconciliation.one_of_both import judged_as, one_of_both
from charging.reconciliation.verdict import Judged
from charging.roaming.agreed_on import agreed_digest
from charging.roaming.cdr import Cdr, Side
from charging.roaming.partner import Partner
from tasks import as_provider, night_parts, night_sides, not_billed, places, stored_nights
from tasks.intake import MARGIN, Taken
from tasks.night_folder import night_folder
from tasks.night_parts import Agreement, Workplace
from tasks.night_sides import Sides, own

__all__ = ["Night", "Outcome", "judge", "own", "told", "within"]
Period = tuple[datetime, datetime]
HERE = Workplace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """Which night is judged, and why."""

    day: date
    period: Period
    because: str
    taken: Taken
    """What came of the partner last."""
    feed: Mapping[str, Any] | None = None
    """What was found of the feed's quality; None where only verdicts are looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found, what of it is new since the night was judged before, and what became of the cases."""

    head: Mapping[str, Any]
    kept: NightFrame
    changes: Changes | None
    """None where the night was judged for the first time."""
    followed: Followed
    lateness: Lateness


def judge(connection: sa.Connection, partner: Partner, night: Night, *, now: datetime, at: Workplace = HERE) -> Outcome:
    """Judge every CDR of a night and its neighbourhood, store the night, and move the cases by it.

    The same rows at the same instant end in the same rows, wherever they are judged, however often and after whatever
    interruption.
    """
    around = (night.period[0] - MARGIN, night.period[1] + MARGIN)
    lateness = learnt(stored_cdrs.arrivals(connection, partner.name, before=now), agreed=partner.terms.lateness)
    agreed = agreed_digest(partner, until=night.period[1])
    provider = as_provider.known(connection, partner)
    partner = provider.partner if provider else partner
    with night_folder(at.folder) as folder:
        sides = night_sides.both(connection, partner, around, provider=provider, now=now, folder=folder)
        aliases, ours = _aliases(connection, partner), sides.ours.scan()
        twice = held_twice(ours, aliases=aliases, time_zone=partner.terms.time_zone)
        agreement = Agreement(
            terms=replace(partner.terms, lateness=lateness.after),
            tariffs=partner.tariffs,
            as_of=now,
            aliases=aliases,
            unreadable=stored_cdrs.unreadable(connection, partner.name, since=night.period[0]),
            credit_policy=partner.credit_policy,
        )
        share = night_share.share(
            _verdicts(
                connection, sides, agreement, twice=twice, provider=provider, around=around, at=at, folder=folder
            ),
            period=night.period,
        )
        stored_nights.store_ours(connection, sides, share.kept, at=now)
        notes = (*night.taken.notes, *both_offices.said(twice, kept=share.kept.judged["ours_key"]))
        head = _head(partner, share.kept, sides, night=night, notes=notes)
        head |= {"agreed_sha256": agreed, "reconciled_at": now}
        changed = stored_nights.store(
            connection, head, share.kept, partner=partner.name, day=night.day, because=night.because
        )
        followed = _follow(connection, partner, night, share, sides, lateness=lateness, now=now)
    return Outcome(head=head, kept=share.kept, changes=changed, followed=followed, lateness=lateness)


def _verdicts(
    connection: sa.Connection,
    sides: Sides,
    agreement: Agreement,
    *,
    twice: BilledTwice,
    provider: as_provider.Provider | None,
    around: Period,
    at: Workplace,
    folder: Path,
) -> NightFrame:
    """Return the verdicts on all of both sides. Nobody else holds them: millions take some hundred megabytes."""
    ours = sides.ours.scan()
    found = night_parts.judged(
        judged_as(ours, one_of_both(ours, sides.theirs.scan(), twice)),
        sides.theirs.scan(),
        agreement,
        exact=sides.exact,
        parts=at.parts_of(sides.ours.height + sides.theirs.height),
        each=at.each,
        folder=folder,
    )
    judged = _named(both_offices.named_in_columns(found, twice), sides, moved_at=moves.moved_at(connection))
    if provider:
        return provider.named_frame(judged, sides.theirs, sides.skipped)
    return not_billed.named_in(connection, judged, sides.theirs, around=around)


def _named(night: NightFrame, sides: Sides, *, moved_at: Mapping[str, datetime]) -> NightFrame:
    """Return the verdicts, with the kinds that the move explains."""
    scans = (sides.ours.scan(), sides.theirs.scan())
    doubtful = named_columns.doubtful(night, scans, moved_at=moved_at)
    if doubtful.judged.is_empty():
        return night
    ours, theirs = named_columns.neighbours(doubtful, scans)
    judged = to_judged(doubtful)
    cdrs = [*sides.ours.values(ours), *sides.theirs.values(theirs)]
    return named_columns.with_named(night, coexistence.named(judged, cdrs, moved_at=moved_at))


def within(judged: Sequence[Judged], cdrs: Sequence[Cdr], *, period: Period) -> tuple[list[Judged], list[Cdr]]:
    """Return the verdicts that belong to a period, and the CDRs in them. A pair belongs where ours ended."""
    ended_at = {cdr.cdr_key: cdr.ended_at for cdr in cdrs}
    kept = [one for one in judged if period[0] <= ended_at[str(one.ours_key or one.theirs_key)] < period[1]]
    keys = {key for one in kept for key in (one.ours_key, one.theirs_key)}
    return kept, [cdr for cdr in cdrs if cdr.cdr_key in keys]


def _follow(
    connection: sa.Connection,
    partner: Partner,
    night: Night,
    share: Share,
    sides: Sides,
    *,
    lateness: Lateness,
    now: datetime,
) -> Followed:
    """Move the cases by what is open, and by what is settled of that which was open."""
    around = (night.period[0] - MARGIN, night.period[1] + MARGIN)
    cases = read_cases.around(connection, partner.name, period=around)
    keys = sorted({key for case in cases for key in (case.ours_key, case.theirs_key) if key is not None})
    kept, beside = (night_share.open_or_about(one, keys) for one in (share.kept, share.beside))
    waves = read_cases.waves(connection)
    where = sides.places({str(one.ours_key or one.theirs_key) for one in kept})

    def about(key: str) -> About:
        ended_at, station_id = where[key]
        wave = None if station_id is None else waves.get(station_id)
        return About(ended_at=ended_at, station_id=station_id, wave=wave)

    found = follow(
        kept,
        cases,
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


def _aliases(connection: sa.Connection, partner: Partner) -> dict[str, tuple[Alias, ...]]:
    """Return what old EVSE ids stand for: those of our ledger, and those of operator codes that we once had."""
    now = [evse.evse_id for evse in places.evses(connection) if evse.evse_id]
    return former_ids(now, former_operators=partner.former_operators) | of_ledger(ledger.ledger(connection))


def _head(partner: Partner, kept: NightFrame, sides: Sides, *, night: Night, notes: Sequence[str]) -> dict[str, Any]:
    ours, theirs = (sides.account(which, kept) for which in Side)
    tiers = night_share.tier_counts(kept)
    return {
        "time_zone": partner.terms.time_zone,
        "period_from": night.period[0],
        "period_until": night.period[1],
        "is_complete": night.taken.is_complete,
        "incomplete_because": night.taken.incomplete_because,
        "summary": {
            "ours": ours.cdrs,
            "theirs": theirs.cdrs,
            "matched": sum(tiers.values()),
            "rejected": night.taken.rejected,
            "skipped": [one.told() for one in sides.skipped],
            "verdicts": night_share.verdict_counts(kept),
            "tiers": tiers,
            "ours_total": canonical.plain(ours.net),
            "theirs_total": canonical.plain(theirs.net),
            "ours_kwh": str(ours.kwh),
            "theirs_kwh": str(theirs.kwh),
            "notes": list(notes),
            "feed": night.feed,
        },
        "inputs_sha256": night_share.inputs_digest(kept, period=night.period),
    }


def told(name: str, day: date, found: Outcome) -> dict[str, Any]:
    """Return a night as the run, the terminal and the artifact tell it."""
    return nights.told(
        name,
        day,
        found.head,
        judged=found.kept.judged.height,
        to_follow_up=night_share.to_follow_up(found.kept),
        money_at_risk=night_share.money_at_risk(found.kept),
    ) | {
        "lateness": {
            "hours": int(found.lateness.after.total_seconds() // 3600),
            "is_learnt": found.lateness.is_learnt,
            "sample": found.lateness.sample,
        },
        "cases": len(found.followed.cases),
        "feed": found.head["summary"]["feed"],
        "changed": {} if found.changes is None else dict(found.changes.counts),
    }
