"""What types of stations do unasked, for the shell: what is kept, what frames show, and what a probe shows."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.operations import gateway_flavours as write
from charging.database.queries import gateway_flavours as read
from charging.deciders import SHORTEST_NAME, is_named
from charging.errors import RouteRefused, SettingsError
from charging.ocpp.flavours.drifting import drifts
from charging.ocpp.flavours.learning import Learnt, Verdict
from charging.ocpp.flavours.learning import learn as learn_rows
from charging.ocpp.flavours.probes import Details, Probe
from charging.ocpp.flavours.recording import Behaviour
from charging.ocpp.flavours.seeing import Seeing
from charging.ocpp.flavours.writing import flavours_toml
from charging.ocpp.gateway import probing
from charging.ocpp.gateway.stored import stored
from console import overhearing, workplace

_SIGNS = {Verdict.YES: "yes", Verdict.NO: "no", Verdict.MIXED: "mixed", Verdict.UNSEEN: "-"}
_HEADS = ("boot link", "stop", "start", "link", "firmware", "faulted")
_AGAIN = timedelta(days=7)
"""How long an alarm of a drift is not repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said in the shell."""

    station: str
    probe: Probe
    by: str
    reason: str
    token: str
    connector: int
    image: str


def shown(home: Path) -> list[dict[str, Any]]:
    """Return what is kept: of each model what was learnt last, and every probe."""
    with _engine(home) as engine, engine.connect() as connection:
        rows = read.kept(connection)
        return [_plain(row, source="learnt") for row in read.latest(rows)] + [
            _plain(row.learnt, source=row.source) for row in rows if row.source != "learnt"
        ]


def learn(home: Path, *, since: str, until: str, toml: Path | None, by: str, is_kept: bool) -> dict[str, Any]:
    """Return what the frames from then until then show; keep it if that is meant.

    Raises:
        RouteRefused: if it is to be kept and nobody is named.
        SettingsError: if an instant cannot be understood, or the file is there.
    """
    if is_kept and not is_named(by):
        raise RouteRefused(
            "what was learnt", "nobody is named", f"name who keeps it, in {SHORTEST_NAME} letters (--by)"
        )
    if toml is not None and toml.exists():
        raise SettingsError("--toml", f"names {toml}, which is there", "name a file that is not")
    now = system_clock()
    begin = overhearing.instant(since, option="--since")
    end = overhearing.instant(until, option="--until") if until else now
    with _engine(home) as engine:
        with engine.connect() as connection:
            kinds, kept = read.types(connection), read.in_force(connection)
            told = groupby(read.recording(connection, since=begin, until=end), key=lambda one: one[0])
            seeing = Seeing(kept)
            found = learn_rows(seeing.through(told, kinds, end), since=begin, until=end)
        rows = [replace(row, recorded_from=max(begin, seeing.first_at or begin)) for row in found]
        drifted = drifts(kept, learn_rows(seeing.later, since=begin, until=end))
        alarms = 0
        if is_kept:
            with engine.begin() as connection:
                write.keep(connection, rows, source="learnt", by=by, at=now)
                alarms = write.alarm(connection, drifted, at=now, since=now - _AGAIN)
    if toml is not None:
        toml.write_text(flavours_toml(rows))
    return {
        "rows": [_plain(row, source="kept" if is_kept else "not kept") for row in rows],
        "drifts": [str(drift) for drift in drifted],
        "alarms": alarms,
        "file": None if toml is None else str(toml),
    }


def probe(home: Path, said: Said, *, dry_run: bool) -> dict[str, Any]:
    """Return what a probe has shown; of a dry one, what would be done.

    Raises:
        RouteRefused: if nobody is named, the station has no link, or something has to be said first.
    """
    if not is_named(said.by):
        what = f"the probe of {said.station}"
        raise RouteRefused(what, "nobody is named", f"name who does it, in {SHORTEST_NAME} letters or more (--by)")
    details = Details(token=said.token, connector=said.connector, image=said.image)
    with _engine(home) as engine:
        ready = probing.prepare(engine, said.station, said.probe, details, at=system_clock())
        result = {
            "station_id": said.station,
            "probe": str(said.probe),
            "done_by": f"{ready.action} {stored(ready.payload.encode())}" if ready.action else "cutting its link",
        }
        if dry_run:
            return result | {"outcome": "not done", "shown": []}
        done = probing.do(engine, ready, by=said.by, reason=said.reason, clock=system_clock)
    shown_ = [
        {"behaviour": str(one.behaviour), "is_followed": one.is_followed, "proofs": list(one.proofs)}
        for one in done.seen
    ]
    return result | {"outcome": done.outcome, "shown": shown_}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table."""
    rows = result["rows"]
    if not rows:
        yield "nothing is known of any type: rehome flavours learn --keep, or rehome flavours probe"
        return
    widths = [max(len(row["type"]) for row in rows), *(max(len(head), 14) for head in _HEADS)]
    yield "  ".join(word.ljust(width) for word, width in zip(("type", *_HEADS), widths, strict=True)).rstrip()
    for row in rows:
        words = (row["type"], *(_word(row["cells"][behaviour]) for behaviour in Behaviour))
        line = "  ".join(word.ljust(width) for word, width in zip(words, widths, strict=True))
        yield f"{line}  {row['source']}"
        for behaviour in Behaviour:
            if (cell := row["cells"][behaviour])["doubt"] and cell["events"]:
                yield f"    {behaviour}: {cell['doubt']}"
        if row["doubt"]:
            yield f"    {row['doubt']}"


def learnt_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table, what has drifted, and what was done with it."""
    yield from lines(result)
    for drift in result["drifts"]:
        yield f"! {drift}"
    if result["alarms"]:
        yield f"{result['alarms']} alarms were raised"
    if result["file"]:
        yield f"flavours for the gateway are in {result['file']}: read them before the gateway does"


def probe_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person reads."""
    yield f"{'station':>9}  {result['station_id']}"
    yield f"{'probe':>9}  {result['probe']}, by {result['done_by']}"
    dry = "dry run: nothing was done; --yes does it"
    yield f"{'outcome':>9}  {dry if result['outcome'] == 'not done' else result['outcome']}"
    for one in result["shown"]:
        said = {True: "yes", False: "no", None: "cannot be said"}[one["is_followed"]]
        yield f"{said:>9}  {one['behaviour']}  (frames {', '.join(one['proofs'])})"


@contextmanager
def _engine(home: Path) -> Iterator[sa.Engine]:
    engine = database.connect(database.address(configuration.load(workplace.of(home))))
    try:
        yield engine
    finally:
        engine.dispose()


def _word(cell: Mapping[str, Any]) -> str:
    if not cell["events"]:
        return _SIGNS[Verdict.UNSEEN]
    return f"{_SIGNS[cell['verdict']]} {cell['followed']}/{cell['events']}" + ("?" if cell["doubt"] else "")


def _plain(row: Learnt, *, source: str) -> dict[str, Any]:
    """Return a row as it is shown, to persons and to programs."""
    return {
        "type": " ".join(part for part in (row.vendor, row.model, row.firmware) if part),
        "vendor": row.vendor,
        "model": row.model,
        "firmware": row.firmware,
        "source": source,
        "recorded_from": row.recorded_from,
        "recorded_until": row.recorded_until,
        "doubt": row.doubt if source != "probed" else "",
        "cells": {
            str(behaviour): {
                "verdict": str(cell.verdict),
                "events": cell.events,
                "followed": cell.followed,
                "undecided": cell.undecided,
                "stations": cell.stations,
                "at_least": Decimal(f"{cell.at_least:.4f}"),
                "at_most": Decimal(f"{cell.at_most:.4f}"),
                "doubt": cell.doubt,
                "proofs_for": [list(proof) for proof in cell.proofs_for],
                "proofs_against": [list(proof) for proof in cell.proofs_against],
            }
            for behaviour, cell in row.cells.items()
        },
    }
