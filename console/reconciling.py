"""A night at the command line: two sources, one partner, no schedule; nothing is stored."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from charging import settings as configuration
from charging.clock import system_clock
from charging.reconciliation.billed_twice import held_twice
from charging.reconciliation.follow_up import both_offices
from charging.reconciliation.night import reconcile
from charging.reconciliation.one_of_both import one_of_both
from charging.reconciliation.verdict import SETTLED, Judged, Verdict
from charging.roaming import partner_file
from charging.roaming.cdr import Cdr, Cohort, Side
from charging.roaming.frame import to_frame
from charging.roaming.partner import Partner
from console import partnering, workplace
from console.casework import opened
from console.cdr_sources import DATABASE, EVER, Given, Sources
from tasks import judged_nights
from tasks.night import bounds

NO_TARIFF = "no agreed tariff is known: nobody can say who is right about an amount"
UNDECIDED = SETTLED | {Verdict.LATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: a source is a file, `live` or `database`."""

    ours: str
    theirs: str
    partner: str
    """A name, or a partner file."""
    night: date | None
    as_of: datetime | None


def reconciled(home: Path, wanted: Wanted) -> dict[str, Any]:
    """Return every verdict on two sources, and whether both were all there.

    Raises:
        DatabaseUnavailable: if a side is the database, and it cannot be reached.
        PartnerFileError: if the partner file is not valid.
        PartnerRefused: if a live partner says no.
        PartnerUnavailable: if it does not answer.
        SettingsError: if a source is asked for what it cannot give.
        SourceError: if a file cannot be read.
        UnknownThing: if there is no such partner.
    """
    partner = _partner(home, wanted.partner)
    now = wanted.as_of or system_clock()
    # A night is that of the partner's agreement, as both sides count it.
    settings = configuration.load(workplace.of(home))
    period = EVER if wanted.night is None else bounds(settings, day=wanted.night, days=1)
    with ExitStack() as until_the_end:
        connection = None
        if DATABASE in {wanted.ours, wanted.theirs}:
            engine, _ = until_the_end.enter_context(opened(home))
            connection = until_the_end.enter_context(engine.connect())
        sources = Sources(partner=partner, period=period, now=now, connection=connection)
        ours, theirs = sources.ours(wanted.ours), sources.theirs(wanted.theirs)
        partner = sources.partner
        aliases = sources.aliases(ours.cdrs)
        frames = {side: to_frame(given.cdrs).lazy() for side, given in ((Side.OURS, ours), (Side.THEIRS, theirs))}
        twice = held_twice(frames[Side.OURS], aliases=aliases, time_zone=partner.terms.time_zone)
        seconds = one_of_both(frames[Side.OURS], frames[Side.THEIRS], twice)
        stated = {row.pop("cdr_key"): row | {"cohort": Cohort(row["cohort"])} for row in seconds.iter_rows(named=True)}
        found = reconcile(
            [replace(cdr, **stated.get(cdr.cdr_key, {})) for cdr in ours.cdrs],
            theirs.cdrs,
            terms=partner.terms,
            tariffs=partner.tariffs,
            as_of=now,
            aliases=aliases,
            unreadable={cdr_id: reason for cdr_id, reason in theirs.rejected if cdr_id},
            credit_policy=partner.credit_policy,
        )
        judged = sources.named(both_offices.named(found.judged, twice), ours, theirs)
    kept, sides = judged_nights.within(judged, [*ours.cdrs, *theirs.cdrs], period=period)
    notes = [*both_offices.said(twice), *theirs.notes]
    return _told(partner, kept, sides, ours=ours, theirs=replace(theirs, notes=tuple(notes)), now=now)


def _partner(home: Path, named: str) -> Partner:
    if Path(named).suffix == ".toml":
        return partner_file.read(Path(named))
    return partnering.read(home, named)


def _told(
    partner: Partner, kept: list[Judged], sides: list[Cdr], *, ours: Given, theirs: Given, now: datetime
) -> dict[str, Any]:
    by_key = {cdr.cdr_key: cdr for cdr in sides}
    counts: dict[str, int] = {}
    at_risk: dict[str, Decimal] = {}
    for one in kept:
        counts[str(one.verdict)] = counts.get(str(one.verdict), 0) + 1
        if one.money_at_risk:
            at_risk[one.currency] = at_risk.get(one.currency, Decimal(0)) + one.money_at_risk
    return {
        "partner": partner.name,
        "as_of": now,
        "ours": sum(cdr.side is Side.OURS for cdr in sides),
        "theirs": sum(cdr.side is Side.THEIRS for cdr in sides),
        "verdicts": dict(sorted(counts.items())),
        "to_follow_up": sum(one.verdict not in UNDECIDED for one in kept),
        "money_at_risk": at_risk,
        "is_complete": theirs.incomplete_because is None,
        "incomplete_because": theirs.incomplete_because,
        "rejected": [
            {"side": side, "cdr_id": cdr_id, "reason": reason}
            for side, each in (("ours", ours), ("theirs", theirs))
            for cdr_id, reason in each.rejected
        ],
        "skipped": [one.told() for one in ours.skipped],
        "notes": [*theirs.notes, *(() if partner.tariffs else (NO_TARIFF,))],
        "judged": [_row(one, by_key) for one in kept],
    }


def _row(one: Judged, by_key: Mapping[str, Cdr]) -> dict[str, Any]:
    ids = {
        f"{side}_cdr_id": by_key[key].cdr_id if key else None
        for side, key in (("ours", one.ours_key), ("theirs", one.theirs_key))
    }
    names = ("verdict", "kinds", "difference", "money_at_risk", "currency", "explanation", "next_step")
    return ids | {name: getattr(one, name) for name in names} | {"tier": one.tier.name.lower() if one.tier else None}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the counts, then what must be followed up, the most money first."""
    yield f"{result['ours']} CDRs of ours, {result['theirs']} of {result['partner']}"
    for verdict, number in result["verdicts"].items():
        yield f"{number:>8} {verdict}"
    said = ", ".join(f"{amount} {currency}" for currency, amount in result["money_at_risk"].items()) or "nothing"
    yield f"at risk: {said}"
    if not result["is_complete"]:
        yield f"INCOMPLETE: {result['incomplete_because']}"
    for one in result["rejected"]:
        yield f"not read ({one['side']}): {one['cdr_id'] or 'without an id'}: {one['reason']}"
    for one in result["skipped"]:
        office = f" of the {one['back_office']}" if one["back_office"] else ""
        yield f"no CDR of ours: session {one['session_id']}{office}: {one['reason']}"
    yield from result["notes"]
    follow = [one for one in result["judged"] if one["verdict"] not in UNDECIDED]
    for one in sorted(follow, key=lambda each: -each["money_at_risk"]):
        name = one["ours_cdr_id"] or one["theirs_cdr_id"]
        yield f"{name}: {one['verdict']}, {one['money_at_risk']} {one['currency']}: {one['explanation']}"
