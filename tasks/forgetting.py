"""Forgetting a person on request, and keeping whoever was forgotten from coming back with the next extract."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging import canonical, secret
from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import forgetting as write
from charging.database.queries import kept as evidence
from charging.database.queries import personal as read
from charging.database.queries.personal import Purpose
from charging.database.turns import take_turns
from charging.deciders import is_named
from charging.errors import AnswerRefused, CountsDisagree, SettingsError, UnknownThing
from charging.personal.forgetting import Kind, Pseudonyms, Redaction
from charging.settings import Settings

FORGETTING = "forget"
"""Whose turn it is to forget, to store what a partner sent, or to keep what was extracted: one after the other."""


def redaction(engine: sa.Engine) -> Redaction | None:
    """Return what keeps whoever was forgotten out of landing; None where nobody was.

    Raises:
        SettingsError: if somebody was, and there is no key by which to know them again.
    """
    with engine.connect() as connection:
        return redaction_on(connection)


def redaction_on(connection: sa.Connection) -> Redaction | None:
    """Return the same on a connection that may have waited for its turn.

    Raises:
        SettingsError: if somebody was forgotten, and there is no key by which to know them again.
    """
    known = read.forgotten(connection)
    return Redaction(_pseudonyms(configuration.load()), known) if known else None


def catch_up(connection: sa.Connection, extract_id: str, *, since: Redaction | None) -> None:
    """Wait for a forgetting that is under way, and redact the rows of an extract by who was forgotten `since`.

    Only from here to the end of the caller's transaction does a forgetting wait for it: reading a source takes long.

    Raises:
        SettingsError: if somebody was forgotten, and there is no key by which to know them again.
    """
    take_turns(connection, FORGETTING)
    redact = redaction_on(connection)
    if redact is not None and (since is None or redact.known != since.known):
        write.replace_landed(connection, redact, at=None, extract_id=extract_id)


def forget(
    engine: sa.Engine, settings: Settings, kind: Kind, text: str, *, by: str, reason: str, dry_run: bool
) -> dict[str, Any]:
    """Put pseudonyms where a person stood, in one transaction; with `dry_run`, undo all of it and say what it was.

    Rows, sessions, energy and money stay what they were, and that is proven before anything is kept. What is evidence
    (what a meter signed, what a partner sent) stays as it is, and is listed.

    Raises:
        AnswerRefused: if nobody or no reason is named.
        CountsDisagree: if a sum would change.
        SettingsError: if there is no key for pseudonyms.
        UnknownThing: if nobody is known by that name.
    """
    if not is_named(by) or not reason.strip():
        raise AnswerRefused("this", "it is not said who decides, and why", "say it with --by and --reason")
    pseudonyms, now = _pseudonyms(settings), system_clock()
    with engine.connect() as connection, connection.begin() as transaction:
        take_turns(connection, "cleanse")
        take_turns(connection, FORGETTING)
        known = read.forgotten(connection)
        if (str(kind), pseudonyms.hash_of(kind, text)) in known:
            return _told({}, {}, reports=[], dry_run=dry_run, is_new=False, names={})
        person = read.person(connection, kind, text)
        if person.is_nobody:
            raise UnknownThing(str(kind), text, "see how it is written in the legacy")
        before = write.totals(connection)
        given = write.replacing(person, pseudonyms)
        request = f"F-{canonical.digest(sorted(pseudonyms.hash_of(kind, text)))[:12]}"
        read.customers(connection, person.names[Kind.CUSTOMER], purpose=Purpose.FORGET, reader=by.strip(), at=now)
        write.store_forgotten(connection, person, pseudonyms, request=request, at=now)
        redact = Redaction(pseudonyms, read.forgotten(connection))
        places = write.replace_everywhere(connection, given, redact, at=now)
        write.store_request(connection, request=request, by=by.strip(), reason=reason.strip(), places=places, at=now)
        after = write.totals(connection)
        _require_same(before, after)
        kept = evidence.left(connection, given.in_text, _names(given, redact))
        if dry_run:
            transaction.rollback()
    reports = _reports(settings.home / settings.reports, given)
    names = {str(kind): len(found) for kind, found in person.names.items() if found}
    return _told(places, kept, reports=reports, dry_run=dry_run, is_new=True, names=names) | {
        "request": request,
        "totals": after,
    }


def _names(given: write.Replacing, redact: Redaction) -> Callable[[str], bool]:
    """Return what tells whether a text names somebody who was forgotten, however the name is written."""
    return lambda text: given.text(text) != text or redact.text(text) != text


def _told(
    places: Mapping[str, int],
    kept: Mapping[str, int],
    *,
    reports: list[str],
    dry_run: bool,
    is_new: bool,
    names: Mapping[str, int],
) -> dict[str, Any]:
    return {
        "is_new": is_new,
        "dry_run": dry_run,
        "names": dict(names),
        "places": dict(places),
        "kept": dict(kept),
        "kept_because": dict(evidence.WHY),
        "reports": reports,
    }


def _require_same(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    for name, value in before.items():
        if after[name] != value:
            rows, others = (int(float(each)) for each in (value, after[name]))
            raise CountsDisagree(f"forgetting, by {name}", rows_in=rows, loaded=others, quarantined=0)


def _reports(folder: Path, given: write.Replacing) -> list[str]:
    """Return the reports in which the person stands: they are to be published anew."""
    if given.inside is None or not folder.is_dir():
        return []
    return [
        str(file)
        for file in sorted(folder.rglob("*.html"))
        if given.inside.search(file.read_text("utf-8", errors="replace"))
    ]


def _pseudonyms(settings: Settings) -> Pseudonyms:
    if settings.pseudonym_key is None:
        raise SettingsError(
            "pseudonym_key", "is missing: only by it is a person who was forgotten known again", "write env:NAME"
        )
    return Pseudonyms(secret.resolve(settings.pseudonym_key, setting="pseudonym_key"))
