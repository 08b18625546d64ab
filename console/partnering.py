"""Partner files on the command line: written, looked at, listed, explained."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from charging import settings as configuration
from charging.errors import PartnerFileError, UnknownThing, UserError
from charging.roaming import partner_check, partner_file, partner_template
from charging.roaming.deviation import MEANINGS
from charging.roaming.partner import Partner
from charging.roaming.partner_check import Checked
from charging.roaming.partner_keys import reference
from console import workplace

_MANY = 9
"""So many choices are not told on one line."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def folder(home: Path) -> Path:
    """Return the folder of partner files."""
    settings = configuration.load(workplace.of(home))
    return settings.home / settings.partners


def path(home: Path, name: str) -> Path:
    """Return a partner's file.

    Raises:
        UnknownThing: if it is not there.
    """
    there = _there(home)
    if name not in there:
        known = ", ".join(there) or "none"
        raise UnknownThing("partner", name, f"there are files for: {known}; `rehome partner new {name}` writes one")
    return there[name]


def read(home: Path, name: str) -> Partner:
    """Return a partner.

    Raises:
        PartnerFileError: if its file is not valid.
        UnknownThing: if there is none.
    """
    return partner_file.read(path(home, name))


def new(home: Path, name: str) -> dict[str, str]:
    """Write a new partner's files; one that is there is left alone.

    Raises:
        UserError: if the name is no name of a file, or the file is there.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"{name!r} is no name of a partner: write small letters, digits, - and _, such as roa")
    place = folder(home)
    place.mkdir(parents=True, exist_ok=True)
    written = {place / f"{name}.toml": partner_template.render(name), place / f"{name}.tariff.json": _tariff()}
    for file, text in written.items():
        try:
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except FileExistsError:
            raise UserError(f"{file} is there, and is left as it is: edit it, or remove it first") from None
    return dict(zip(("file", "tariff"), map(str, written), strict=True))


def check(home: Path, name: str) -> list[Checked]:
    """Look at one partner's file, or at all of them."""
    files = [path(home, name)] if name else list(_there(home).values())
    return [partner_check.check(file, environment=os.environ) for file in files]


def listed(home: Path) -> list[dict[str, Any]]:
    """Return one line for each partner file."""
    return [_told(name, file) for name, file in _there(home).items()]


def left_alone(home: Path) -> list[str]:
    """Return the files beside them that are taken for no partner's."""
    return partner_file.left_alone(folder(home))


def keys() -> dict[str, Any]:
    """Return the reference of all keys, and what the known deviations mean."""
    return {"keys": list(reference()), "deviations": {word.value: text for word, text in MEANINGS.items()}}


def new_lines(result: Mapping[str, str]) -> Iterator[str]:
    """Yield what was written, and what comes next."""
    yield from (f"{what:>8}  {where}" for what, where in result.items())
    yield f"    next  edit them, then: rehome partner check {Path(result['file']).stem}"


def check_lines(result: Mapping[str, Sequence[Checked]]) -> Iterator[str]:
    """Yield each file with its values, then what is wrong."""
    if not result["partners"]:
        yield "there is no partner file: `rehome partner new NAME` writes one"
    for one in result["partners"]:
        yield f"{one.name}  {one.file}"
        for value in one.values:
            yield f"  {value.key:<28} {_plain(value.value):<34} {value.origin:<8} {value.means}"
        yield from (f"  note   {note}" for note in one.notes)
        yield from (f"  WRONG  {wrong.key} {wrong.problem}: {wrong.mend}" for wrong in one.problems)
        yield f"  {len(one.problems)} wrong" if one.problems else "  nothing is wrong"


def list_lines(result: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Yield a line for each partner."""
    if not result["partners"]:
        yield "there is no partner file: `rehome partner new NAME` writes one"
    for one in result["partners"]:
        if one["is_usable"]:
            hub = f" through {one['hub']}" if one["hub"] else ""
            yield f"{one['name']:<16} {one['party']} {one['protocol']} {one['version']} we: {one['our_role']}{hub}"
        else:
            yield f"{one['name']:<16} NOT USABLE: {one['problem']}"
    for name in result["left_alone"]:
        yield f"{name} is no partner's, by its name: letters, digits, - and _ before .toml"


def key_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield each key in two lines, then the deviations."""
    for key in result["keys"]:
        choices = ", ".join(key["choices"]) if len(key["choices"]) < 9 else "those told at the end"
        kind = f"{key['kind']} {choices}" if key["choices"] else key["kind"]
        default = "" if key["default"] is None else f"; without it: {_plain(key['default'])}"
        need = "" if key["needed"] == "no" else f"; needed {key['needed']}"
        yield f"{key['key']:<28} {key['means']}"
        yield f"{'':<28} {kind.strip()}; such as {_plain(key['example'])}{default}{need}"
    yield ""
    yield "what known_deviations may say:"
    yield from (f"{word:<28} {means}" for word, means in result["deviations"].items())


def _there(home: Path) -> dict[str, Path]:
    return partner_file.there(folder(home))


def _plain(value: object) -> str:
    """Return a value as the file would have it, without the quotes."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
    return str(value)


def _tariff() -> str:
    return partner_template.TARIFF


def _told(name: str, file: Path) -> dict[str, Any]:
    try:
        partner = partner_file.read(file)
    except PartnerFileError as error:
        return {"name": name, "file": str(file), "is_usable": False, "problem": f"{error.problem}; {error.mend}"}
    return {
        "name": name,
        "file": str(file),
        "is_usable": True,
        "party": partner.party,
        "protocol": partner.protocol.value,
        "version": partner.version,
        "our_role": partner.our_role.value,
        "hub": partner.hub,
    }
