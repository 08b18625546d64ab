"""What people do to cases: propose, release, answer, settle. Each step is one transaction; what leaves is dry first."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging.database.operations import cases as write
from charging.database.queries import cases as read
from charging.database.queries import clean, stored_cdrs
from charging.database.turns import take_turns
from charging.deciders import is_named
from charging.errors import SettingsError, UnknownThing
from charging.identifiers import evse_id
from charging.reconciliation.follow_up.case import Case, moved
from charging.reconciliation.follow_up.credit import Uncreditable, corrections
from charging.reconciliation.follow_up.lifecycle import Event
from charging.reconciliation.follow_up.propose import ProposalKind
from charging.reconciliation.verdict import Verdict
from charging.roaming.cdr import Cdr
from charging.roaming.compact import compact_token
from charging.roaming.ocpi.emit import Document, Place, Unsendable, as_json, as_json_lines, emit
from charging.roaming.partner import Partner
from tasks import as_provider, following, places

ENCLOSED = frozenset({ProposalKind.RESEND, ProposalKind.CREDIT})
"""What is sent as CDRs; the others are letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a person says, and that it is this person's."""

    by: str
    reason: str

    def require(self) -> None:
        """Refuse a word that is nobody's.

        Raises:
            SettingsError: if nobody is named, or no reason is given.
        """
        require_name(self.by)
        if not self.reason.strip():
            raise SettingsError("--reason", "is empty", "say why; it is written into the case's history")


def require_name(by: str) -> None:
    """Refuse what nobody stands for.

    Raises:
        SettingsError: if nobody is named.
    """
    if not is_named(by):
        raise SettingsError("--by", "names nobody", "say who decides; it is written into the case's history")


def step(engine: sa.Engine, case_key: str, event: Event, word: Word, *, now: datetime) -> Case:
    """Move a case by what a person did.

    Raises:
        IllegalStep: if that cannot happen to it now.
        SettingsError: if nobody stands for it.
        UnknownThing: if there is no such case.
    """
    word.require()
    with engine.begin() as connection:
        case = read.case(connection, case_key)
        take_turns(connection, f"night {case.partner}")
        later, entry = moved(
            read.case(connection, case.case_key), event, at=now, by=word.by.strip(), reason=word.reason.strip()
        )
        write.store(connection, [later], [entry])
        if not later.is_open:
            write.supersede(connection, [later.case_key])
        return later


def propose(engine: sa.Engine, partner: Partner, case_keys: Sequence[str], *, by: str, now: datetime) -> int:
    """Write proposals for the cases of a partner that were found; all of them, or these.

    Raises:
        SettingsError: if nobody stands for it.
        UnknownThing: if one of these is no case of the partner's.
    """
    require_name(by)
    with engine.begin() as connection:
        take_turns(connection, f"night {partner.name}")
        meant = _meant(connection, partner, case_keys)
        found = read.cases(connection, read.Wanted(partner=partner.name, is_open=True))
        chosen = [case for case in found if not meant or case.case_key in meant]
        agreed = as_provider.agreed_with(connection, partner)
        return len(following.propose_all(connection, chosen, agreed, now=now, by=by.strip()))


def _meant(connection: sa.Connection, partner: Partner, keys: Sequence[str]) -> list[str]:
    """Return the whole keys of the partner's cases that are named, if only by their beginnings."""
    found = [read.case(connection, key) for key in keys]
    for case in found:
        if case.partner != partner.name:
            raise UnknownThing(
                f"case of {partner.name}", case.case_key, f"it is one of {case.partner}: name that partner"
            )
    return [case.case_key for case in found]


def release(
    engine: sa.Engine,
    partner: Partner,
    *,
    kind: ProposalKind,
    folder: Path,
    word: Word,
    now: datetime,
    dry_run: bool,
    case_keys: Sequence[str] = (),
    form: str = "json",
) -> dict[str, Any]:
    """Write what is proposed about a partner's cases into one file, and note that it was released.

    The file is written before the release is noted, under a name that its content makes: killed between the two, the
    next release writes the same file again. Nothing is sent over any wire. Dry, the file's content is only counted.
    """
    if not dry_run:
        word.require()
    with engine.begin() as connection:
        take_turns(connection, f"night {partner.name}")
        meant = _meant(connection, partner, case_keys)
        rows = read.proposals(connection, partner=partner.name, state="proposed", case_keys=meant)
        chosen = [row for row in rows if row["kind"] == kind]
        if case_keys and not chosen:
            raise UnknownThing(f"{kind} proposed about", ", ".join(case_keys), "see rehome cdr list --state proposed")
        documents, refused, ready = _documents(connection, partner, kind, chosen)
        body = _written(documents, form=form, kind=kind)
        digest = sha256(body).hexdigest()
        path = folder / partner.name / f"{kind}-{digest[:12]}.{form}"
        if ready and not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            _note(connection, ready, kind=kind, word=word, path=path, digest=digest, now=now)
    return {
        "partner": partner.name,
        "kind": str(kind),
        "dry_run": dry_run,
        "proposals": len(ready),
        "records": len(documents),
        "file": str(path) if ready and not dry_run else None,
        "file_sha256": digest if ready else None,
        "refused": refused,
        "cases": [row["case_key"] for row in ready],
    }


def _note(
    connection: sa.Connection,
    ready: Sequence[Mapping[str, Any]],
    *,
    kind: ProposalKind,
    word: Word,
    path: Path,
    digest: str,
    now: datetime,
) -> None:
    released = {"released_at": now, "released_by": word.by.strip(), "file": str(path), "file_sha256": digest}
    write.release(connection, [row["proposal_id"] for row in ready], released)
    event = Event.DISPUTED if kind is ProposalKind.DISPUTE else Event.SENT
    said = f"{word.reason.strip()} ({path.name})"
    steps = [
        moved(read.case(connection, row["case_key"]), event, at=now, by=word.by.strip(), reason=said) for row in ready
    ]
    write.store(connection, [case for case, _ in steps], [entry for _, entry in steps])


def _documents(
    connection: sa.Connection,
    partner: Partner,
    kind: ProposalKind,
    rows: Sequence[Mapping[str, Any]],
) -> tuple[list[Document], list[dict[str, Any]], list[Mapping[str, Any]]]:
    """Return what would stand in the file, what cannot, and the proposals that it would carry."""
    if kind not in ENCLOSED:
        return [_letter(row) for row in rows], [], list(rows)
    cases = {row["case_key"]: read.case(connection, row["case_key"]) for row in rows}
    keys = {key for case in cases.values() for key in (case.ours_key, case.theirs_key) if key}
    cdrs = stored_cdrs.by_keys(connection, partner.name, keys)
    book = _Book(connection)
    documents: list[Document] = []
    refused: list[dict[str, Any]] = []
    ready: list[Mapping[str, Any]] = []
    for row in rows:
        made = _records(cases[row["case_key"]], cdrs, partner, kind, now=row["made_at"])
        written = made if isinstance(made, str) else [book.written(cdr, partner.version) for cdr in made]
        problems = [written] if isinstance(written, str) else [
            f"not known: {', '.join(one.missing)}" for one in written if isinstance(one, Unsendable)
        ]  # fmt: skip
        if problems:
            refused.append({"case_key": row["case_key"], "reason": problems[0]})
            continue
        documents += [one for one in written if isinstance(one, dict)]
        ready.append(row)
    return documents, refused, ready


def _records(
    case: Case, cdrs: Mapping[str, Cdr], partner: Partner, kind: ProposalKind, *, now: datetime
) -> list[Cdr] | str:
    ours, theirs = cdrs.get(case.ours_key or ""), cdrs.get(case.theirs_key or "")
    if ours is None:
        return "our CDR is not there any more"
    if kind is ProposalKind.RESEND:
        return [ours]
    owed = None if case.verdict is Verdict.DUPLICATE else theirs
    found = corrections(
        ours,
        net=None if owed is None else owed.net,
        gross=None if owed is None else owed.gross,
        policy=partner.credit_policy,
        at=now,
    )
    return found.reason if isinstance(found, Uncreditable) else list(found)


class _Book:
    """What we know beside a CDR: where its EVSE is, and how its token and contract are written."""

    def __init__(self, connection: sa.Connection) -> None:
        sites = {site.location_id: site for site in clean.locations(connection)}
        stations = {station.station_id: station.location_id for station in clean.stations(connection)}
        plugs = {plug.evse_uid: plug for plug in reversed(clean.connectors(connection))}
        self._places = {
            evse_id.compact(evse.evse_id): Place(
                location=sites[place], evse_uid=evse.evse_uid, connector=plugs.get(evse.evse_uid)
            )
            for evse in places.evses(connection)
            if evse.evse_id and (place := stations.get(evse.station_id)) in sites and place is not None
        }
        self._tokens = {compact_token(token.token_uid): token for token in clean.tokens(connection)}

    def written(self, cdr: Cdr, version: str) -> Document | Unsendable:
        token = self._tokens.get(cdr.token_uid or "")
        return emit(
            cdr,
            version=version,
            place=self._places.get(cdr.evse_compact),
            token_id=token.token_uid if token else None,
            contract_id=token.contract_id if token else None,
        )


def _letter(row: Mapping[str, Any]) -> Document:
    return {name: row[name] for name in ("proposal_id", "case_key", "kind", "summary", "currency")} | {
        "amount": str(row["amount"]),
        "evidence": row["evidence"],
    }


def _written(documents: Sequence[Document], *, form: str, kind: ProposalKind) -> bytes:
    if form == "csv":
        if kind in ENCLOSED:
            raise SettingsError("--form", "is csv", "CDRs are sent as json or jsonl: a CSV would lose their periods")
        text = io.StringIO(newline="")
        names = ("proposal_id", "case_key", "kind", "currency", "amount", "summary")
        sheet = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\r\n")
        sheet.writeheader()
        sheet.writerows({name: _unformulated(str(each[name])) for name in names} for each in documents)
        return text.getvalue().encode()
    return as_json_lines(documents) if form == "jsonl" else as_json(documents)


def _unformulated(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and not text.lstrip("-").replace(".", "", 1).isdigit() else text
