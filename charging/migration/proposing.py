"""A recipe that is proposed to a person from what a station told. Pure; it names one station and claims no test."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import tomlkit
from tomlkit.items import Table

from charging.migration.discovery import Candidate, slots, standard_slots
from charging.migration.slots import PRIORITY
from charging.network.model import Station

_RANK = ("{apn_user}", "{apn}", "{path}", "{host}")
"""What is written first: what switches comes last, and that is whatever holds the host or the whole URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A recipe file, or why there is none."""

    text: str
    """TOML; empty where nothing can be proposed."""
    reason: str


def propose(station: Station, found: Sequence[Candidate], *, protocol: str, on: date) -> Proposal:
    """Return a recipe for this one station, for a person to read, mend and try in the lab."""
    by_key = {candidate.key: candidate for candidate in found}
    sure = [candidate for candidate in found if candidate.template is not None and candidate.is_writable]
    if profiles := slots(by_key):
        priority, used, free = profiles
        writes = [(free, str(by_key[used].template)), (priority, f"{free},{used}")]
        method, why = "slot", f"it keeps numbered profiles: {free} is free, {used} stays as the way back"
    elif sure:
        writes = [(one.key, str(one.template)) for one in sorted(sure, key=_order)]
        method = "config"
        why = f"{', '.join(key for key, _ in writes)} {'hold' if len(writes) > 1 else 'holds'} the legacy's address"
    elif places := standard_slots(by_key):
        why = f"it keeps the standard's connection profiles, in slots {', '.join(map(str, places))}"
        text = _text(station, (), found, method="slot", protocol=protocol, on=on, places=places)
        return Proposal(text=text, reason=why)
    else:
        return Proposal(text="", reason=_why_none(found))
    return Proposal(text=_text(station, writes, found, method=method, protocol=protocol, on=on), reason=why)


def _order(candidate: Candidate) -> tuple[int, str]:
    template = str(candidate.template)
    return (_RANK.index(template) if template in _RANK else len(_RANK)), candidate.key


def _why_none(found: Sequence[Candidate]) -> str:
    locked = [candidate.key for candidate in found if candidate.template is not None]
    if locked:
        return f"{', '.join(locked)} can only be read: the address is changed on site or in the maker's portal"
    if found:
        return "no value is the legacy's address: look at the keys above, and ask the maker"
    return "nothing that it has speaks of a back-office: ask the maker"


def _text(
    station: Station,
    writes: Sequence[tuple[str, str]],
    found: Sequence[Candidate],
    *,
    method: str,
    protocol: str,
    on: date,
    places: Sequence[int] = (),
) -> str:
    file = tomlkit.document()
    file.add(tomlkit.comment("A proposal. Read it, mend it, try it on this one station in the lab; then take out"))
    file.add(tomlkit.comment("`stations`, say what was tested, and only then plan others with it."))
    kind = "-".join(filter(None, (_slug(station.vendor), _slug(station.model)))) or "unknown"
    file["recipe"] = f"{kind}-proposed"
    file["version"] = 1
    file["vendor"] = _glob(station.vendor)
    file["models"] = [_glob(station.model)]
    file["stations"] = [station.station_id]
    file["protocol"] = protocol
    file["method"] = method
    file["reset"] = tomlkit.string("Soft").comment('"none" for a type that goes as soon as the last key is written')
    file["source"] = f"what station {station.station_id} told on {on.isoformat()}"
    file["tested"] = tomlkit.array()
    for candidate in found:
        if candidate.key not in dict(writes) and not (places and candidate.key == PRIORITY):
            file.add(tomlkit.comment(_told(f"not written: {candidate.key} ({'; '.join(candidate.evidence)})")))
    if places:
        profile = tomlkit.table()
        profile["slots"] = list(places)
        file["profile"] = profile
        return tomlkit.dumps(file)
    tables = tomlkit.aot()
    for key, template in writes:
        tables.append(_write(key, template))
    file["writes"] = tables
    return tomlkit.dumps(file)


def _write(key: str, template: str) -> Table:
    table = tomlkit.table()
    table["key"], table["template"] = key, template
    return table


def _told(text: str) -> str:
    """Return text from outside as it may stand in a comment."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _slug(name: str | None) -> str:
    return re.sub(r"[^a-z0-9]+", "-", (name or "").casefold()).strip("-")


def _glob(name: str | None) -> str:
    """Return a pattern that matches this name alone."""
    return re.sub(r"([*?\[])", r"[\1]", name) if name else "*"
