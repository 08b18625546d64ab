"""A night at the command line: two sources, one partner, no schedule; nothing is stored."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from charging import canonical
from charging import settings as configuration
from charging.clock import system_clock
from charging.database.queries import stored_cdrs
from charging.errors import SettingsError, UnknownThing
from charging.reconciliation.night import reconcile
from charging.reconciliation.verdict import SETTLED, Judged, Verdict
from charging.roaming import files, partner_file
from charging.roaming.cdr import Cdr, Side
from charging.roaming.ocpi.client import OVERLAP, OcpiClient
from charging.roaming.partner import Partner
from console.casework import opened
from tasks import judged_nights
from tasks.night import bounds

MARGIN = timedelta(days=1)
LIVE, DATABASE = "live", "database"
EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What a source gave."""

    cdrs: tuple[Cdr, ...]
    rejected: tuple[tuple[str | None, str], ...] = ()
    incomplete_because: str | None = None


def reconciled(home: Path, wanted: Wanted) -> dict[str, Any]:
    """Return every verdict on two sources, and whether both were all there.

    Raises:
        PartnerFileError: if the partner file is not valid.
        SettingsError: if a source is asked for what it cannot give.
        SourceError: if a file cannot be read.
        UnknownThing: if there is no such partner.
    """
    partner = _partner(home, wanted.partner)
    now = wanted.as_of or system_clock()
    # A night is that of the partner's agreement, as both sides count it; a session may end on either side of its edge.
    period = None if wanted.night is None else bounds(configuration.load(home), day=wanted.night, days=1)
    around = EVER if period is None else (period[0] - MARGIN, period[1] + MARGIN)
    ours = _side(home, wanted.ours, partner, side=Side.OURS, period=around, now=now)
    theirs = _side(home, wanted.theirs, partner, side=Side.THEIRS, period=around, now=now)
    found = reconcile(
        ours.cdrs,
        theirs.cdrs,
        terms=partner.terms,
        tariffs=partner.tariffs,
        as_of=now,
        unreadable={cdr_id: reason for cdr_id, reason in theirs.rejected if cdr_id},
        credit_policy=partner.credit_policy,
    )
    cdrs = [*ours.cdrs, *theirs.cdrs]
    kept, sides = judged_nights.within(found.judged, cdrs, period=period or EVER)
    return _told(partner, kept, sides, ours=ours, theirs=theirs, now=now)


def _partner(home: Path, named: str) -> Partner:
    path = Path(named)
    if path.suffix == ".toml":
        return partner_file.read(path)
    settings = configuration.load(home)
    path = settings.home / settings.partners / f"{named}.toml"
    if not path.exists():
        there = ", ".join(sorted(file.stem for file in path.parent.glob("*.toml"))) or "none"
        raise UnknownThing("partner", named, f"name a partner file (….toml); there are files for: {there}")
    return partner_file.read(path)


def _side(
    home: Path, source: str, partner: Partner, *, side: Side, period: tuple[datetime, datetime], now: datetime
) -> _Side:
    if source == LIVE:
        if side is Side.OURS:
            raise SettingsError("--ours", "is live, which is the partner", "name a file, or database")
        return _live(partner, period=period, now=now)
    if source == DATABASE:
        with opened(home) as (engine, _), engine.connect() as connection:
            if side is Side.OURS and period != EVER:
                return _Side(cdrs=judged_nights.own(connection, partner, period).cdrs)
            found = stored_cdrs.cdrs(connection, partner.name, side, period=period)
            unreadable = stored_cdrs.unreadable(connection, partner.name, since=period[0])
            return _Side(cdrs=tuple(found), rejected=tuple(unreadable.items()) if side is Side.THEIRS else ())
    read = files.read(Path(source), partner=partner, side=side)
    inside = tuple(cdr for cdr in read.cdrs if period[0] <= cdr.ended_at < period[1])
    return _Side(cdrs=inside, rejected=tuple((one.cdr_id, one.reason) for one in read.rejected))


def _live(partner: Partner, *, period: tuple[datetime, datetime], now: datetime) -> _Side:
    if period == EVER:
        raise SettingsError("--theirs", "is live, and no night is named", "name one: --night 2026-03-01")
    with httpx.Client(timeout=httpx.Timeout(30.0, connect=10.0)) as http:
        client = OcpiClient(
            partner,
            http=http,
            token=partner.read_token(os.environ),
            clock=system_clock,
            correlation_id=canonical.digest([partner.name, now])[:32],
        )
        pull = client.pull(date_from=period[0] - OVERLAP, date_to=max(now, period[1]) + MARGIN)
    return _Side(
        cdrs=tuple(cdr for cdr in pull.cdrs if period[0] <= cdr.ended_at < period[1]),
        rejected=tuple((one.cdr_id, one.reason) for one in pull.rejected),
        incomplete_because=pull.incomplete_because,
    )


def _told(
    partner: Partner, kept: list[Judged], sides: list[Cdr], *, ours: _Side, theirs: _Side, now: datetime
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
    follow = [one for one in result["judged"] if one["verdict"] not in UNDECIDED]
    for one in sorted(follow, key=lambda each: -each["money_at_risk"]):
        name = one["ours_cdr_id"] or one["theirs_cdr_id"]
        yield f"{name}: {one['verdict']}, {one['money_at_risk']} {one['currency']}: {one['explanation']}"
