"""What of a station's settings may hold its back-office's address. Pure: proposals for a person, never executed."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from charging.migration.inventory import Inventory
from charging.migration.ports import Setting
from charging.migration.recipes import Address, Method, Recipe
from charging.migration.slots import PRIORITY

_NAME = re.compile(
    r"url|uri|endpoint|backend|back.?office|central|server|csms|apn|host|network.?(connection)?profile|"
    r"networkconfigurationpriority",
    re.IGNORECASE,
)
_SECRET = re.compile(r"passw|secret|key|pin\b|pin\{", re.IGNORECASE)
_ADDRESS = re.compile(r"(wss?|https?)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A setting that may decide where the station goes, and why that is thought."""

    key: str
    value: str | None
    """As the station told it, HTML's escapes undone."""
    is_read_only: bool | None
    evidence: tuple[str, ...]
    template: str | None
    """What the value is made of, where it is made of the legacy's address; None where a person has to see."""
    choices: tuple[str, ...] = ()
    """What it may be, where the station says so."""

    @property
    def is_writable(self) -> bool:
        """Whether the station does not say that it cannot be written."""
        return self.is_read_only is not True


def known_keys(recipes: Iterable[Recipe], *, generation: str) -> frozenset[str]:
    """Return every key that some maker is known to keep the address in: what to ask an unknown station for by name."""
    keys = {write.key for recipe in recipes if recipe.method in {Method.CONFIG, Method.SLOT} for write in recipe.writes}
    return frozenset(key for key in keys if ("." in key) == (generation == "2"))


def candidates(inventory: Inventory, *, legacy: Address, known: frozenset[str]) -> tuple[Candidate, ...]:
    """Return the settings whose name or value speaks of a back-office, the surest first."""
    found = [
        _candidate(setting, evidence, station_id=inventory.station_id, legacy=legacy)
        for setting in inventory.settings.values()
        if (evidence := tuple(_evidence(setting, legacy=legacy, known=known)))
    ]
    return tuple(
        sorted(found, key=lambda one: (one.template is None, not one.is_writable, -len(one.evidence), one.key))
    )


def template_of(value: str, *, station_id: str, legacy: Address) -> str | None:
    """Return the template that gives this value for the legacy's address, or None.

    A value that holds the URL among other things (a whole connection profile) keeps them.
    """
    url = legacy.url.rstrip("/")
    parts = urlsplit(url)
    host, path = parts.netloc, parts.path
    for text, template in (
        (f"{url}/{quote(station_id, safe='')}", "{url}/{identity}"),
        (f"{url}/{station_id}", "{url}/{identity}"),
        (url, "{url}"),
        (f"{host}{path}/{station_id}", "{host}{path}/{identity}"),
        (f"{host}{path}", "{host}{path}"),
        (host, "{host}"),
        (path.strip("/"), "{path}"),
        (legacy.apn, "{apn}"),
        (legacy.apn_user, "{apn_user}"),
    ):
        if text and value.strip().strip("/").casefold() == text.strip("/").casefold():
            return template
    for text, template in ((f"{url}/{station_id}", "{url}/{identity}"), (url, "{url}")):
        before, inside, after = value.partition(text)
        if inside and not _SECRET.search(before + after):  # what a station keeps secret goes into no file
            return _literal(before) + template + _literal(after)
    return None


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _candidate(setting: Setting, evidence: Sequence[str], *, station_id: str, legacy: Address) -> Candidate:
    value = None if setting.value is None else html.unescape(setting.value)
    return Candidate(
        key=setting.key,
        value=value,
        is_read_only=setting.is_read_only,
        evidence=tuple(evidence),
        template=None if value is None else template_of(value, station_id=station_id, legacy=legacy),
        choices=setting.choices,
    )


def _evidence(setting: Setting, *, legacy: Address, known: frozenset[str]) -> Iterable[str]:
    value = html.unescape(setting.value or "").strip()
    host = urlsplit(legacy.url).netloc.casefold()
    if setting.key in known:
        yield "another maker keeps the address under this name"
    if _NAME.search(setting.key):
        yield "its name speaks of a back-office"
    if _ADDRESS.match(value):
        yield "its value is a URL"
    if host and host in value.casefold():
        yield "its value names the legacy's host"


def standard_slots(found: Mapping[str, Candidate]) -> tuple[int, ...]:
    """Return the slots of a station that keeps OCPP 2's own connection profiles; none where it has fewer than two."""
    priority = found.get(PRIORITY)
    if priority is None or not priority.is_writable:
        return ()
    numbers = tuple(sorted(int(choice) for choice in priority.choices if choice.isdecimal()))
    return numbers if len(numbers) > 1 else ()


def slots(found: Mapping[str, Candidate]) -> tuple[str, str, str] | None:
    """Return (priority's key, profile in use, free profile) of a station that keeps numbered profiles, or None.

    Only where it is clear: one priority, its first profile there and in use, and another one that is not.
    """
    priorities = [key for key in found if re.search(r"priority$", key, re.IGNORECASE)]
    profiles = sorted(key for key in found if re.search(r"profile\d+$", key, re.IGNORECASE))
    if len(priorities) != 1 or len(profiles) < 2:
        return None
    order = [name.strip() for name in (found[priorities[0]].value or "").split(",") if name.strip()]
    if not order or order[0] not in profiles or found[order[0]].template is None:
        return None
    free = [profile for profile in profiles if profile not in order] or order[1:]
    return (priorities[0], order[0], free[0]) if free and found[free[0]].is_writable else None
