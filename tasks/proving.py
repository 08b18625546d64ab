"""Proving a migration: counts, energy and fields from source to clean to target, read again from where they are."""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import canonical
from charging import settings as configuration
from charging.cleansing.values import energy_kwh, stamp
from charging.clock import system_clock
from charging.database.queries import clean
from charging.database.queries import loading as read_load
from charging.database.queries import proving as read
from charging.errors import CountsDisagree
from charging.legacy.source import COLUMNS
from charging.targets.change import Change
from charging.targets.outcome import Verdict
from charging.targets.proof import Line, Row, evses_per_location, fields_of, line, standing, to_the_target
from charging.targets.target import Target
from charging.targets.wanted import ENTITIES, Wanted
from tasks import loading, opening, outgoing, reporting

SECOND_LOOK_SECONDS = 5.0
"""What a target still has in hand may arrive meanwhile: only what is wrong twice is wrong."""
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])(?=-)", re.ASCII)
_YES = frozenset({"1", "true", "t", "yes", "y", "ja", "j"})
_UNDATED = "undated"
_FROM_SOURCE, _TO_TARGET = "source to clean", "clean to target"

Json = dict[str, Any]


@task
def prove() -> Json:
    """Prove what is clean and what the target holds against what was extracted, and publish the page of it."""
    settings = configuration.load()
    with opening.engine(settings) as engine, opening.target(settings, stamps=loading.stamps_of(engine)) as target:
        result = prove_into(engine, target) | {"found_by": loading.found_by(target)}
        return result | {"page": reporting.publish_proof(engine, settings, result)["path"]}


def require(result: Mapping[str, Any]) -> None:
    """Refuse to go on with sums that do not add up.

    Raises:
        CountsDisagree: naming the first of them.
    """
    for one in result["lines"]:
        if not one["adds_up"]:
            listed = sum((Decimal(number) for number in one["exceptions"].values()), Decimal(0))
            raise CountsDisagree(
                f"the proof of {one['subject']} ({one['step']}, {one['unit']})",
                rows_in=int(Decimal(one["before"])),
                loaded=int(Decimal(one["after"])),
                quarantined=int(listed),
            )


def prove_into(engine: sa.Engine, target: Target, *, sleep: Callable[[float], object] = time.sleep) -> Json:
    """Prove one target against our database. Nothing is written anywhere."""
    with engine.connect() as connection:
        wanted = loading.wanted_of(connection)
        errors = {
            (row["entity"], row["key"]): row["error"]
            for row in read_load.rows(connection, loading.TARGET)
            if row["error"] and row["action"] in {"create", "update"}
        }
        lines, rows = _from_source(connection)
        archived = {
            entity: number
            for entity in COLUMNS
            if entity not in ENTITIES
            for number in [read.every_clean(connection, entity)]
            if number
        }
        energy = read.every_kwh(connection)
    changes = _seen_twice(target, wanted, sleep)
    stands = standing(changes, errors)
    taken = target.entities
    lines += to_the_target(wanted, taken, stands, [entity for entity in ENTITIES if wanted.of(entity)])
    lines += _archived(archived, energy)
    if "evse" in taken:
        short, whole = evses_per_location(wanted, stands)
        lines += [whole, *short]
    if "token" in taken:
        lines.append(_active_at_target(wanted, stands))
    rows += [
        Row(entity=entity, key=key, kind=str(verdict), reason=reason)
        for (entity, key), (verdict, reason) in stands.items()
        if verdict is not Verdict.LOADED
    ]
    adds_up = all(one.adds_up for one in lines)
    settled = all(verdict.is_settled for verdict, _ in stands.values())
    return {
        "target": target.kind,
        "proved_at": canonical.plain(system_clock()),
        "adds_up": adds_up,
        "is_settled": settled,
        "is_proven": adds_up and settled,
        "lines": [_told(one) for one in lines],
        "rows": canonical.plain(rows),
        "fields": canonical.plain(fields_of(changes)),
    }


def _seen_twice(target: Target, wanted: Wanted, sleep: Callable[[float], object]) -> list[Change]:
    """Ask the target what it has; what is not as it should be is asked about once more, later."""
    check = outgoing.checking(target.kind)
    changes = target.plan(wanted, check=check)
    if any(change.action.is_sent or str(change.action) == "unknown" for change in changes):
        sleep(SECOND_LOOK_SECONDS)
        changes = target.plan(wanted, check=check)
    return changes


def _from_source(connection: sa.Connection) -> tuple[list[Line], list[Row]]:
    lines: list[Line] = []
    rows: list[Row] = []
    for account in clean.accounts(connection):
        entity = account["entity"]
        extracts = read.chain(connection, account["extract_id"], entity)
        out = read.set_aside(connection, extracts, entity)
        lines += _rows_from_source(connection, account, extracts, Counter(each["rule"] for each in out))
        rows += [
            Row(entity=entity, key=each["key"], kind=f"quarantined by {each['rule']}", reason=each["reason"])
            for each in out
        ]
        if entity == "session":
            lines += _energy(connection, account, extracts)
        elif entity == "token":
            lines.append(_active_from_source(connection, account, extracts))
    return lines, rows


def _rows_from_source(
    connection: sa.Connection, account: sa.RowMapping, extracts: Sequence[str], out: Mapping[str, int]
) -> Iterator[Line]:
    """Yield the sum of an entity over an extract and those that it goes on from; first how that came together."""
    entity, subject = account["entity"], f"{account['source']} {account['entity']}"
    came = read.current(connection, extracts, entity)
    if len(extracts) > 1:
        ours = read.landed(connection, extracts[:1], entity)
        every = read.landed(connection, extracts, entity)
        listed = {"rows_from_earlier_extracts": ours - every, "brought_anew_by_a_later_extract": every - came}
        yield line(f"{subject} of the latest extract", _FROM_SOURCE, "rows", ours, came, **listed)
    yield line(
        subject,
        _FROM_SOURCE,
        "rows",
        came,
        read.clean(connection, extracts, entity),
        **{f"quarantined by {rule}": number for rule, number in out.items()},
        merged=account["merged"] if len(extracts) == 1 else read.merged(connection, extracts, entity),
        told_anew_by_another_extract=read.renewed(connection, extracts, entity),
    )


def _energy(connection: sa.Connection, account: sa.RowMapping, extracts: Sequence[str]) -> list[Line]:
    """Return a sum of sessions and one of kWh for each month that a source's sessions name."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    energy: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in read.fates(connection, extracts, "session", account["source"]):
        values = row["fields"]
        claimed = energy_kwh(values) or Decimal(0)
        found = _MONTH.match(values.get("stopped_at") or values.get("started_at") or "")
        month = found[0] if found else _UNDATED
        counts[month]["in"] += 1
        energy[month]["in"] += claimed
        if row["is_out"] or row["clean_in"] not in extracts or row["is_merged"]:
            why = "quarantined" if row["is_out"] else "merged"
            counts[month][why] += 1
            energy[month][why] += claimed
            continue
        energy[month]["adjusted by rules"] += claimed - row["energy_kwh"]
        settled = row["stopped_at"].astimezone(UTC).strftime("%Y-%m")
        if settled != month:
            counts[month][f"moved to {settled}"] += 1
            energy[month][f"moved to {settled}"] += row["energy_kwh"]
            counts[settled][f"moved from {month}"] -= 1
            energy[settled][f"moved from {month}"] -= row["energy_kwh"]
    there = read.clean_months(connection, extracts)
    subject = f"{account['source']} sessions"
    lines = []
    for month in sorted(counts.keys() | there.keys()):
        number, kwh = there.get(month, (0, Decimal(0)))
        away = {name: value for name, value in counts[month].items() if name != "in"}
        lost = {name: value for name, value in energy[month].items() if name != "in"}
        lines.append(line(f"{subject} {month}", _FROM_SOURCE, "sessions", counts[month]["in"], number, **away))
        lines.append(line(f"{subject} {month}", _FROM_SOURCE, "kWh", energy[month]["in"], kwh, **lost))
    return lines


def _active_from_source(connection: sa.Connection, account: sa.RowMapping, extracts: Sequence[str]) -> Line:
    """Hold what became of every active token against what is clean; one that is nowhere is no exception."""
    counts: Counter[str] = Counter()
    at = account["extracted_at"]
    for row in read.fates(connection, extracts, "token", account["source"]):
        was = _is_active(row["fields"], at)
        counts["in"] += was
        if row["is_out"] or row["is_merged"]:
            counts["quarantined" if row["is_out"] else "merged"] += was
        elif row["clean_in"] is not None and row["clean_in"] not in extracts:
            counts["told anew by another extract"] += was
        elif row["clean_in"] is not None:
            ends = row["expires_at"]
            is_one = not row["is_blocked"] and (ends is None or ends > at)
            counts["blocked or expired by rules"] += was and not is_one
            counts["let in by rules"] -= is_one and not was
    away = {name: number for name, number in counts.items() if name != "in"}
    after = read.active_tokens(connection, extracts, at=at)
    return line(f"{account['source']} active tokens", _FROM_SOURCE, "tokens", counts["in"], after, **away)


def _is_active(values: Mapping[str, str | None], as_of: datetime) -> bool:
    written = stamp(values.get("expires_at") or "")
    has_ended = written is not None and (written if written.tzinfo else written.replace(tzinfo=UTC)) <= as_of
    return (values.get("is_blocked") or "").strip().casefold() not in _YES and not has_ended


def _active_at_target(wanted: Wanted, stands: Mapping[tuple[str, str], tuple[Verdict, str]]) -> Line:
    now = system_clock()
    keys = [
        one.token_uid
        for one in wanted.tokens
        if not one.is_blocked and (one.expires_at is None or one.expires_at > now)
    ]
    counts = Counter(stands["token", key][0] for key in keys)
    away = {str(verdict): number for verdict, number in counts.items() if verdict is not Verdict.LOADED}
    return line("active tokens", _TO_TARGET, "tokens", len(keys), counts[Verdict.LOADED], **away)


def _archived(counts: Mapping[str, int], energy: Decimal) -> Sequence[Line]:
    """Return what no target takes: history is kept in our database and read there."""
    lines = [
        line(entity, _TO_TARGET, "rows", number, 0, kept_in_our_archive_and_read_there=number)
        for entity, number in counts.items()
    ]
    kwh = [line("sessions", _TO_TARGET, "kWh", energy, 0, kept_in_our_archive_and_read_there=energy)]
    return [*lines, *(kwh if "session" in counts else [])]


def _told(one: Line) -> Json:
    return {
        "subject": one.subject,
        "step": one.step,
        "unit": one.unit,
        "before": str(one.before),
        "after": str(one.after),
        "exceptions": {name: str(number) for name, number in one.exceptions.items()},
        "adds_up": one.adds_up,
    }
