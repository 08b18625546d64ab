"""What is wrong with a partner file, all of it, and what each of its keys comes to. Nothing is asked of the partner."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charging.errors import PartnerFileError
from charging.roaming import partner_file
from charging.roaming.partner import CreditPolicy, Partner
from charging.roaming.partner_keys import BY_NAME, KEYS, Key, Need

_MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One key: what it comes to, where that is said, and what it means."""

    key: str
    value: object
    origin: str
    """`file` or `default`."""
    means: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and how to mend it."""

    key: str
    problem: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A partner file, looked at. `notes` are no errors: what would surprise."""

    name: str
    file: str
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    values: tuple[Value, ...]


def check(path: Path, *, environment: Mapping[str, str]) -> Checked:
    """Return everything that is wrong with a file, and what its keys come to."""
    try:
        values = partner_file.load(path)
    except PartnerFileError as error:
        return Checked(name=path.stem, file=str(path), problems=(_problem(error),), notes=(), values=())
    partner, problems = _read(values, path)
    notes = list(_notes(partner)) if partner else []
    if partner and partner.token:
        try:
            partner.read_token(environment)
        except PartnerFileError as error:
            problems.append(Problem(key="token", problem=error.problem.removeprefix("key token: "), mend=error.mend))
    return Checked(
        name=path.stem,
        file=str(path),
        problems=tuple(problems),
        notes=tuple(notes),
        values=tuple(_value(key, values) for key in KEYS if _is_told(key, values)),
    )


def _read(values: dict[str, Any], path: Path) -> tuple[Partner | None, list[Problem]]:
    """Read a file past its errors: what is wrong is replaced by the example of its key, and it is read again."""
    mended, met = deepcopy(values), set[str]()
    problems: list[Problem] = []
    while len(problems) < _MOST_PROBLEMS:
        try:
            partner = partner_file.of_values(mended, path=path)
        except PartnerFileError as error:
            if error.key in met or not error.key:
                return None, problems if error.key in met else [*problems, _problem(error)]
            met.add(error.key)
            problems.append(_problem(error))
            _replace(mended, error.key, path)
        else:
            return (None if problems else partner), problems
    return None, problems


def _replace(values: dict[str, Any], full: str, path: Path) -> None:
    table, _, name = full.rpartition(".")
    place = values.setdefault(table, {}) if table else values
    if not isinstance(place, dict):
        values.pop(table, None)
        return
    known = BY_NAME.get(full)
    if known is None or (known.need is Need.NEVER and name in place):
        place.pop(name, None)
    else:
        place[name] = path.stem if full == "name" else deepcopy(known.example)


def _notes(partner: Partner) -> list[str]:
    notes = []
    if partner.version == "2.1.1" and partner.credit_policy is CreditPolicy.CREDIT_CDR:
        notes.append("credit_policy is credit_cdr, which OCPI 2.1.1 does not have: ask how it takes a CDR back")
    if partner.version == "2.1.1" and partner.hub:
        notes.append("hub is set, but OCPI 2.1.1 has no routing headers: they are not sent")
    if partner.allow_plain_http:
        notes.append("allow_plain_http is true: whoever is on the way can read the token and every CDR")
    if partner.terms.vat_percent is None:
        notes.append("vat_percent is not said: a confusion of net and gross cannot be told")
    if partner.files and not partner.files.folder.is_dir():
        notes.append(f"{partner.files.folder} is not there: its files are looked for in it")
    prices = [part.price for tariff in partner.tariffs for element in tariff.elements for part in element.components]
    if not any(prices):
        notes.append("every price of its tariff is zero: write the agreed ones")
    return notes


def _is_told(key: Key, values: Mapping[str, Any]) -> bool:
    """Whether a key is worth a line: those of tables that are there for some partners only, if they are there."""
    return key.table not in {"files", "endpoints", "probed"} or _stated(key, values) is not None


def _value(key: Key, values: Mapping[str, Any]) -> Value:
    stated = _stated(key, values)
    return Value(
        key=key.name,
        value=key.default if stated is None else stated,
        origin="default" if stated is None else "file",
        means=key.means,
    )


def _stated(key: Key, values: Mapping[str, Any]) -> object:
    table, name = key.table, key.name.rpartition(".")[2]
    place = values.get(table, {}) if table else values
    found = place.get(name) if isinstance(place, Mapping) else None
    if key.name == "token" and isinstance(found, str) and not found.startswith(("env:", "file:")):
        return "****"  # somebody wrote the token itself
    return found


def _problem(error: PartnerFileError) -> Problem:
    return Problem(
        key=error.key or "(the file)", problem=error.problem.removeprefix(f"key {error.key} "), mend=error.mend
    )
