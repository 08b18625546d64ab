"""One night with one partner: take in, match, judge, store; and every earlier night that this changes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.queries import nights, partner_feed
from charging.database.turns import take_turns
from charging.errors import UnknownThing
from charging.roaming import partner_file
from charging.roaming.partner import Partner
from charging.settings import Settings
from expectations import answers
from tasks import as_provider, feed_quality, following, forgetting, intake, intake_feed, judged_nights, opening
from tasks.intake import MARGIN, Taken
from tasks.judged_nights import Night, Outcome
from tasks.night_parts import Workplace
from tasks.on_dask import each_on_dask

_fetch = intake.over_the_wire
LOOKBACK = timedelta(days=92)
"""So far back sessions of ours may come late and still reopen their night."""
THIS_PROCESS = "this process"
FIRST = "it was asked for"
LEFT_OUT = "it had been left out: the partner had not answered, or nothing had run"


@task
def partners(chosen: list[str]) -> list[str]:
    """Return the names of the partners that have a file, or of the chosen ones."""
    there = partner_file.there(partner_folder(configuration.load()))
    for name in chosen:
        if name not in there:
            raise UnknownThing("partner", name, f"there are files for: {', '.join(sorted(there)) or 'none'}")
    return sorted(chosen or there)


@task(task_run_name="reconcile-{name}-{day}")
def reconcile_partner(
    name: str, *, day: date, days: int, judged_on: str = THIS_PROCESS, scheduler: str = "", parts: int = 0
) -> dict[str, Any]:
    """Take in what the partner has, judge every CDR of both sides, store the night, and judge again what it changes.

    Killed anywhere and run again, it ends in the same rows: what came is stored before it is judged, and each night is
    one transaction with the cases that follow from it. Where, and in how many parts,
    it is judged changes nothing of it.

    Raises:
        PartnerRefused: if the partner says no.
        PartnerUnavailable: if it does not answer at all. A partial answer is judged and marked as incomplete.
        QualityBlocked: if what it sent is in no state to be judged; it is kept, and what was judged stays as it is.
        SettingsError: if somebody was forgotten, and there is no key by which to know them again.
    """
    settings = configuration.load()
    partner = partner_file.read(partner_folder(settings) / f"{name}.toml")
    now = system_clock()
    period = bounds(settings, day=day, days=days)
    at = workplace(settings, judged_on, scheduler=scheduler, parts=parts)
    with opening.engine(settings) as engine:
        with answers.getting_ready():
            taken = intake.take_in(engine, partner, _fetch, period=period, now=now)
        taken = intake_feed.take_in(engine, partner, taken=taken, period=period, now=now)
        asked = _with_its_feed(engine, partner, Night(day=day, period=period, because=FIRST, taken=taken), now=now)
        feed_quality.require_good(asked.feed or feed_quality.NOT_ASKED)
        found = _judge(engine, partner, asked, now=now, at=at)
        missed = list(_left_out(engine, settings, partner, asked, now=now, at=at))
        reopened = list(_reopened(engine, partner, {day: found}, taken=taken, now=now, at=at))
        with engine.begin() as connection:
            take_turns(connection, f"night {name}")
            followed = following.follow_up(connection, as_provider.agreed_with(connection, partner), now=now)
    return judged_nights.told(name, day, found) | {"reopened": [*missed, *reopened], "follow_up": followed}


def bounds(settings: Settings, *, day: date, days: int) -> tuple[datetime, datetime]:
    """Return the half-open period, in UTC, of some days up to and with `day` in the settings' time zone."""
    first, last = day - timedelta(days=days - 1), day + timedelta(days=1)
    zone = settings.zone
    start, end = (datetime.combine(each, time.min, tzinfo=zone).astimezone(UTC) for each in (first, last))
    return start, end


def partner_folder(settings: Settings) -> Path:
    return settings.home / settings.partners


def workplace(settings: Settings, judged_on: str, *, scheduler: str, parts: int) -> Workplace:
    """Return where a night is judged: its parts lie in our home, which the workers of a cluster must see, too."""
    if judged_on == THIS_PROCESS:
        return Workplace(parts=parts)
    folder = settings.home / "nights"
    folder.mkdir(exist_ok=True)
    return Workplace(folder=folder, each=each_on_dask(scheduler), parts=parts)


def _judge(engine: sa.Engine, partner: Partner, night: Night, *, now: datetime, at: Workplace) -> Outcome:
    with engine.begin() as connection:
        take_turns(connection, f"night {partner.name}")
        take_turns(connection, forgetting.FORGETTING)
        before = nights.night(connection, partner.name, night.day)
        if night.feed is None and before is not None:
            night = replace(night, feed=before["summary"].get("feed"))
        return judged_nights.judge(connection, partner, _with_what_had_come(night, before), now=now, at=at)


def _with_its_feed(engine: sa.Engine, partner: Partner, night: Night, *, now: datetime) -> Night:
    """Return a night with what is to be said of the quality of what the partner sent for it."""
    with engine.begin() as connection:
        return replace(night, feed=feed_quality.ask(connection, partner, day=night.day, period=night.period, now=now))


def _with_what_had_come(night: Night, before: dict[str, Any] | None) -> Night:
    """Return the night as complete where an earlier run had everything: what it stored is still there."""
    had_all = before is not None and before["is_complete"] and before["reconciled_at"] >= night.period[1]
    if not had_all or night.taken.is_complete:
        return night
    return replace(night, taken=replace(night.taken, is_complete=True, incomplete_because=None))


def _left_out(
    engine: sa.Engine, settings: Settings, partner: Partner, asked: Night, *, now: datetime, at: Workplace
) -> Iterator[dict[str, Any]]:
    """Judge every night that never was, between the first and the one asked for, and tell those that are not empty."""
    with engine.connect() as connection:
        gaps = nights.unjudged(connection, partner.name, before=asked.period[0])
    for start, end in gaps:
        day = start.astimezone(settings.zone).date()
        while (period := bounds(settings, day=day, days=1))[0] < end:
            within = (max(start, period[0]), min(end, period[1]))
            night = Night(day=day, period=within, because=LEFT_OUT, taken=asked.taken)
            night = _with_its_feed(engine, partner, night, now=now)
            if blocks := (night.feed or feed_quality.NOT_ASKED)["blocks"]:
                yield {"day": day.isoformat(), "because": f"not judged yet: {'; '.join(blocks)}", "changed": {}}
            elif (found := _judge(engine, partner, night, now=now, at=at)).kept.judged.height:
                yield judged_nights.told(partner.name, day, found) | {"because": LEFT_OUT}
            day += timedelta(days=1)


def _reopened(
    engine: sa.Engine,
    partner: Partner,
    judged: dict[date, Outcome],
    *,
    taken: Taken,
    now: datetime,
    at: Workplace,
) -> Iterator[dict[str, Any]]:
    """Judge every other night again that what came, or what did not come, has changed; each at most once."""
    done = set(judged)
    (asked,) = judged
    while True:
        with engine.connect() as connection:
            waiting = _to_reopen(connection, partner, asked, taken=taken, now=now)
            left = sorted(waiting.keys() - done)
            heads = [nights.night(connection, partner.name, day) for day in left]
        for head in filter(None, heads):
            day = head["day"]
            period = (head["period_from"], head["period_until"])
            night = Night(day=day, period=period, because=waiting[day], taken=taken)
            found = _judge(engine, partner, night, now=now, at=at)
            done.add(day)
            if found.changes is not None and found.changes.counts:
                yield judged_nights.told(partner.name, day, found) | {"because": night.because}
        if not left:
            return


def _to_reopen(
    connection: sa.Connection, partner: Partner, asked: date, *, taken: Taken, now: datetime
) -> dict[date, str]:
    head = nights.night(connection, partner.name, asked)
    near = (head["period_from"] - MARGIN, head["period_until"] + MARGIN) if head else (now, now)
    return {
        **(nights.incomplete(connection, partner.name) if taken.is_complete else {}),
        **nights.otherwise_agreed(connection, partner, since=now - LOOKBACK),
        **nights.sharing(connection, partner.name, asked, near=near),
        **nights.due(connection, partner.name, now=now),
        **_with_other_sessions(connection, partner, since=now - LOOKBACK),
        **nights.late(connection, partner.name),
    }


def _with_other_sessions(connection: sa.Connection, partner: Partner, *, since: datetime) -> dict[date, str]:
    """Return the nights of whose sessions we now know more: from our back-offices, or from the partner."""
    if not intake_feed.is_needed(partner):
        return nights.unlike_ours(connection, partner, since=since)
    return dict.fromkeys(partner_feed.with_other_sessions(connection, partner.name, since=since), nights.OWN_SESSIONS)
