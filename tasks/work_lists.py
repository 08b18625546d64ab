"""Lists of what waits: written for the party whose turn it is, and taken in when it has answered."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging import canonical
from charging.clock import system_clock
from charging.database.operations.quarantine import Decision
from charging.database.queries import quarantine as read
from charging.database.queries.quarantine import Wanted
from charging.database.turns import take_turns
from charging.errors import SeveralPartners, SourceNotFound, UnknownThing, UnreadableSource
from charging.settings import Settings
from charging.work_list import table, workbook
from charging.work_list.answered import Judged
from charging.work_list.judging import judge
from tasks import quarantine

LARGEST = 50_000_000
"""Bytes; a list of ten thousand cases has two million."""


def written(engine: sa.Engine, wanted: Wanted, *, form: str) -> tuple[bytes, int]:
    """Return the list of what is meant as `xlsx` or `csv`, and how many cases it has; always the same bytes.

    Raises:
        SeveralPartners: if it would tell a roaming partner what is another party's.
        UnknownThing: if nothing waits for the partner that is meant.
    """
    with engine.connect() as connection:
        found = read.cases(connection, wanted)
        partners = sorted({case.partner for case in found if case.partner})
        if wanted.partner and not found:
            others = {case.partner for case in read.cases(connection, replace(wanted, partner=None)) if case.partner}
            mend = f"something waits for: {', '.join(sorted(others)) or 'none'}"
            raise UnknownThing("case of the roaming partner", wanted.partner, mend)
    if partners and len({case.whose_turn for case in found}) > 1:
        raise SeveralPartners(partners)
    return (workbook if form == "xlsx" else table).written(found), len(found)


def content_of(file: Path) -> bytes:
    """Return what a file holds.

    Raises:
        SourceNotFound: if there is none.
        UnreadableSource: if it is far too large for a list.
    """
    if not file.is_file():
        raise SourceNotFound(str(file))
    if file.stat().st_size > LARGEST:
        raise UnreadableSource(file.name, f"it has more than {LARGEST // 1_000_000} MB", "send the list alone")
    return file.read_bytes()


def taken_in(
    engine: sa.Engine, settings: Settings, content: bytes, *, name: str, form: str, dry_run: bool, only_good: bool
) -> dict[str, Any]:
    """Judge every line of an answered list, and take all of them, or none; with `only_good`, those that can be.

    Raises:
        SourceError: if it cannot be read as a list of ours.
    """
    lines = list((workbook if form == "xlsx" else table).read(content, name=name))
    with engine.connect() as connection, connection.begin() as transaction:
        take_turns(connection, "cleanse")
        present = read.cases(connection, Wanted())
        judged = judge(
            lines,
            {case.key: case for case in present},
            name=name,
            today=system_clock().astimezone(settings.zone).date(),
            last=read.last_decisions(connection),
        )
        is_refused = bool(judged.problems) and not only_good
        decisions = [] if is_refused else _decisions(judged)
        done = quarantine.apply(connection, settings, decisions, via="list")
        if dry_run or is_refused:
            transaction.rollback()
    return done | {
        "lines": judged.lines,
        "answered": len(judged.answered),
        "as_before": judged.as_before,
        "unanswered": judged.unanswered,
        "problems": canonical.plain(judged.problems),
        "is_refused": is_refused,
        "dry_run": dry_run,
    }


def _decisions(judged: Judged) -> list[Decision]:
    return [
        Decision(case=one.case, choice=one.choice, by=one.by, because=one.because, corrections=one.corrections)
        for one in judged.answered
    ]
