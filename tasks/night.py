"""One night with one partner: fetch, match, judge, store."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from prefect import task

from charging import canonical
from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import roaming as write
from charging.database.queries import clean, moves
from charging.database.queries import identifiers as ledger
from charging.database.turns import take_turns
from charging.errors import UnknownThing
from charging.identifiers import evse_id
from charging.identifiers.ledger import Ledger
from charging.network import Evse, Session
from charging.reconciliation.aliases import Alias, former_ids, of_ledger
from charging.reconciliation.night import Night, reconcile
from charging.reconciliation.summary import summarise
from charging.reconciliation.verdict import SETTLED, Judged
from charging.roaming import forgotten, partner_file
from charging.roaming.cdr import Cdr, Cohort, Side
from charging.roaming.ocpi.client import OVERLAP, OcpiClient, Pull
from charging.roaming.own import Own, own_cdrs
from charging.roaming.partner import Partner
from charging.settings import Settings
from tasks import forgetting, opening

MARGIN = timedelta(days=1)
"""CDRs this far outside of the period take part in matching: the two sides' clocks may put one in different nights."""
COHORTS: Mapping[str, Cohort] = {"legacy": Cohort.NOT_MOVED, "target": Cohort.MOVED}


@task
def partners(chosen: list[str]) -> list[str]:
    """Return the names of the partners that have a file, or of the chosen ones."""
    there = {file.stem for file in partner_folder(configuration.load()).glob("*.toml")}
    for name in chosen:
        if name not in there:
            raise UnknownThing("partner", name, f"there are files for: {', '.join(sorted(there)) or 'none'}")
    return sorted(chosen or there)


@task(task_run_name="reconcile-{name}-{day}")
def reconcile_partner(name: str, *, day: date, days: int) -> dict[str, Any]:
    """Fetch what the partner has, judge every CDR of both sides, and store the night.

    Whoever was forgotten stays forgotten: what the partner sends of them is stored and judged under a pseudonym.

    Raises:
        PartnerRefused: if the partner says no.
        PartnerUnavailable: if it does not answer at all. A partial answer is judged and marked as incomplete.
        SettingsError: if somebody was forgotten, and there is no key by which to know them again.
    """
    settings = configuration.load()
    partner = partner_file.read(partner_folder(settings) / f"{name}.toml")
    now = system_clock()
    period = bounds(settings, day=day, days=days)
    pull = _fetch(partner, period=period, now=now)
    with opening.engine(settings) as engine, engine.begin() as connection:
        take_turns(connection, f"night {name}")
        take_turns(connection, forgetting.FORGETTING)
        own = _own(connection, partner, period=period)
        if (redaction := forgetting.redaction_on(connection)) is not None:
            pull = forgotten.redacted(pull, redaction, ours={cdr.token_uid for cdr in own.cdrs if cdr.token_uid})
        theirs = _theirs(connection, pull, period=period)
        night = reconcile(
            own.cdrs,
            theirs,
            terms=partner.terms,
            tariffs=partner.tariffs,
            as_of=now,
            aliases=_aliases(connection, partner),
            unreadable={one.cdr_id: one.reason for one in pull.rejected if one.cdr_id},
        )
        kept, sides = within(night, [*own.cdrs, *theirs], period=period)
        write.store_pages(connection, name, pull.pages)
        write.store_rejected(connection, name, pull.rejected, at=now)
        write.store_cdrs(connection, sides, at=now)
        head = _head(partner, kept, sides, pull=pull, own=own, period=period)
        write.store_night(connection, head | {"reconciled_at": now}, kept, partner=name, day=day)
    return _told(name, day, head, kept)


def bounds(settings: Settings, *, day: date, days: int) -> tuple[datetime, datetime]:
    """Return the half-open period, in UTC, of some days up to and with `day` in the settings' time zone."""
    first, last = day - timedelta(days=days - 1), day + timedelta(days=1)
    zone = settings.zone
    start, end = (datetime.combine(each, time.min, tzinfo=zone).astimezone(UTC) for each in (first, last))
    return start, end


def within(night: Night, cdrs: list[Cdr], *, period: tuple[datetime, datetime]) -> tuple[list[Judged], list[Cdr]]:
    """Return the verdicts that belong to a period, and the CDRs in them. A pair belongs where ours ended."""
    by_key = {cdr.cdr_key: cdr for cdr in cdrs}

    def belongs(one: Judged) -> bool:
        anchor = by_key[str(one.ours_key or one.theirs_key)]
        return period[0] <= anchor.ended_at < period[1]

    kept = [one for one in night.judged if belongs(one)]
    keys = {key for one in kept for key in (one.ours_key, one.theirs_key)}
    return kept, [cdr for cdr in cdrs if cdr.cdr_key in keys]


def partner_folder(settings: Settings) -> Path:
    return settings.home / settings.partners


def _fetch(partner: Partner, *, period: tuple[datetime, datetime], now: datetime) -> Pull:
    with httpx.Client(timeout=httpx.Timeout(30.0, connect=10.0)) as http:
        client = OcpiClient(
            partner,
            http=http,
            token=partner.read_token(os.environ),
            clock=system_clock,
            correlation_id=canonical.digest([partner.name, now])[:32],
        )
        return client.pull(date_from=period[0] - OVERLAP, date_to=max(now, period[1]) + MARGIN)


def _own(connection: sa.Connection, partner: Partner, *, period: tuple[datetime, datetime]) -> Own:
    around = (period[0] - MARGIN, period[1] + MARGIN)
    seen = clean.sessions(connection, issuer=partner.party, period=around)
    office = {id(session): back_office for back_office, session in seen}

    def cohort(session: Session) -> Cohort | None:
        return COHORTS.get(office[id(session)])

    return own_cdrs(
        [session for _, session in seen],
        partner=partner,
        tokens={token.token_uid: token for token in clean.tokens(connection)},
        evses={(evse.station_id, evse.connector_id): evse for evse in _evses(connection)},
        cohort=cohort,
        id_at=_dated(ledger.ledger(connection)),
    )


def _theirs(connection: sa.Connection, pull: Pull, *, period: tuple[datetime, datetime]) -> list[Cdr]:
    """Return the partner's CDRs around the period, each with its station's cohort where the EVSE is one of ours."""
    names = ledger.ledger(connection)
    by_uid = {evse.evse_uid: evse.station_id for evse in clean.evses(connection)}
    stations = {evse_id.compact(evse.evse_id): evse.station_id for evse in _evses(connection) if evse.evse_id}
    moved_at = moves.moved_at(connection)

    def placed(cdr: Cdr) -> Cdr:
        name = names.resolve(cdr.evse_compact, cdr.started_at)
        station_id = by_uid.get(name.evse_uid) if name else stations.get(cdr.evse_compact)
        if station_id is None:
            return cdr
        has_moved = station_id in moved_at and moved_at[station_id] <= cdr.ended_at
        return replace(cdr, station_id=station_id, cohort=Cohort.MOVED if has_moved else Cohort.NOT_MOVED)

    return [placed(cdr) for cdr in pull.cdrs if period[0] - MARGIN <= cdr.ended_at < period[1] + MARGIN]


def _evses(connection: sa.Connection) -> list[Evse]:
    return ledger.remapped(connection, clean.evses(connection))


def _dated(names: Ledger) -> Callable[[Evse, datetime], str | None]:
    """Return what tells the id that an EVSE bore at an instant; the present one, where it had none yet."""
    return lambda evse, at: names.known_as(evse.evse_uid, at) or evse.evse_id


def _aliases(connection: sa.Connection, partner: Partner) -> dict[str, tuple[Alias, ...]]:
    """Return what old EVSE ids stand for: those of our ledger, and those of operator codes that we once had."""
    now = [evse.evse_id for evse in _evses(connection) if evse.evse_id]
    return former_ids(now, former_operators=partner.former_operators) | of_ledger(ledger.ledger(connection))


def _head(
    partner: Partner,
    kept: list[Judged],
    sides: list[Cdr],
    *,
    pull: Pull,
    own: Own,
    period: tuple[datetime, datetime],
) -> dict[str, Any]:
    summary = summarise(
        kept,
        ours=[cdr for cdr in sides if cdr.side is Side.OURS],
        theirs=[cdr for cdr in sides if cdr.side is Side.THEIRS],
    )
    return {
        "time_zone": partner.terms.time_zone,
        "period_from": period[0],
        "period_until": period[1],
        "is_complete": pull.is_complete,
        "incomplete_because": pull.incomplete_because,
        "summary": {
            "ours": summary.ours,
            "theirs": summary.theirs,
            "matched": summary.matched,
            "rejected": len(pull.rejected),
            "skipped": [{"session_id": one.session_id, "reason": one.reason} for one in own.skipped],
            "verdicts": canonical.plain(summary.verdicts),
            "tiers": {tier.name.lower(): number for tier, number in summary.tiers.items()},
            "ours_total": canonical.plain(summary.ours_total),
            "theirs_total": canonical.plain(summary.theirs_total),
            "ours_kwh": str(sum((cdr.energy_kwh for cdr in sides if cdr.side is Side.OURS), Decimal(0))),
            "theirs_kwh": str(sum((cdr.energy_kwh for cdr in sides if cdr.side is Side.THEIRS), Decimal(0))),
            "notes": list(pull.notes),
        },
        "inputs_sha256": canonical.digest([sorted(cdr.cdr_key for cdr in sides), period]),
    }


def _told(name: str, day: date, head: Mapping[str, Any], kept: list[Judged]) -> dict[str, Any]:
    at_risk: dict[str, Any] = {}
    for one in kept:
        if one.money_at_risk:
            at_risk[one.currency] = at_risk.get(one.currency, 0) + one.money_at_risk
    return {
        "partner": name,
        "day": day.isoformat(),
        "judged": len(kept),
        "to_follow_up": sum(one.verdict not in SETTLED for one in kept),
        "is_complete": head["is_complete"],
        "incomplete_because": head["incomplete_because"],
        "verdicts": head["summary"]["verdicts"],
        "rejected": head["summary"]["rejected"],
        "money_at_risk": ", ".join(f"{amount} {currency}" for currency, amount in at_risk.items()),
    }
