"""Recipes: what to write into a station so that it calls another back-office, or what a person has to do there."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from urllib.parse import quote, urlsplit

from charging.errors import RecipeError

FIELDS = frozenset({"url", "identity", "host", "path", "apn", "apn_user"})
"""What a template may ask for."""
TOLD = FIELDS | {"endpoint"}
"""What an instruction may ask for: `identity` stands there as it is, `endpoint` is the URL with the identity in it."""


class Method(StrEnum):
    """The way a station is pointed at another back-office."""

    CONFIG = "config"
    """Write configuration keys."""
    SLOT = "slot"
    """Write a second connection profile; the station falls back to the first by itself."""
    FIRMWARE = "firmware"
    SCRIPT = "script"
    """A maker's own tool is asked: its keys are written and read like a station's."""
    GATEWAY = "gateway"
    """Our own gateway leads the station elsewhere; its configuration stays as it is."""
    ONSITE = "onsite"
    """Somebody does it by hand, by the recipe's instructions."""
    DISCOVER = "discover"
    """Not known yet: the station is asked what it has, and a recipe is proposed to a person."""

    @property
    def is_remote(self) -> bool:
        """Whether the cutover engine can do it."""
        return self in {Method.CONFIG, Method.SLOT, Method.GATEWAY}


class ReadBack(StrEnum):
    """What reading a key back after writing it can prove."""

    EXACT = "exact"
    PRESENT = "present"
    """The station shows that there is a value, but not which."""
    NEVER = "never"
    """Write-only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a back-office listens: `url` is the WebSocket URL without the station's identity."""

    url: str
    apn: str = ""
    apn_user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One configuration key and the template of its value."""

    key: str
    template: str
    read_back: ReadBack
    is_sensitive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What an OCPP 2 connection profile says beside the address (part 2, NetworkConnectionProfileType)."""

    slots: tuple[int, ...]
    """The slots that this type has."""
    ocpp_version: str
    interface: str
    message_timeout: int
    security_profile: int | None
    """Only where the station does not tell its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the stations of one maker, model and firmware range are moved. The last write is the one that switches."""

    name: str
    file: str
    version: int
    vendor: str
    models: tuple[str, ...]
    firmware_from: str
    """Inclusive; empty for no lower bound."""
    firmware_to: str
    """Exclusive; empty for no upper bound."""
    protocol: str
    method: Method
    drain: Literal["active", "passive"]
    """Passive for models that break on ChangeAvailability: an idle moment is waited for instead."""
    reset: Literal["Soft", "Hard", "none"]
    expects_boot: bool
    await_seconds: int
    source: str
    writes: tuple[Write, ...]
    rollback_via: Literal["legacy", "target", "auto"]
    tested: tuple[Mapping[str, str], ...] = ()
    snapshot: Literal["required", "wished", "none"] = "wished"
    """Whether the whole configuration is read before and after. Required: a station that does not tell it before is
    not begun. After the move a snapshot that fails is said and changes no stage: it must not strand a station."""
    stations: tuple[str, ...] = ()
    """Only these, where any are named: a proposal is tried on the unit in the lab and on nothing else."""
    instructions: tuple[str, ...] = ()
    place: Literal["site", "portal"] = "site"
    """Where a person does it: at the station, or in the maker's portal from anywhere."""
    scope: Literal["station", "location"] = "station"
    """What one change moves: this station, or all of its location at once."""
    notes: tuple[str, ...] = ()
    tool: str = ""
    """Of method `script`: the name under which the settings describe the maker's tool."""
    tool_seconds: int = 120
    most_keys: int | None = None
    """For how many keys at a time the type answers, where it does not say so itself or not rightly."""
    profile: Profile | None = None
    """Of method `slot` in OCPP 2: the writes are made for the slot that is found free; until then only the last is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A rendered write."""

    key: str
    value: str
    read_back: ReadBack
    is_sensitive: bool

    @property
    def is_readable(self) -> bool:
        """Whether the station tells this key's value."""
        return self.read_back is ReadBack.EXACT

    def is_kept(self, found: str | None) -> bool:
        """Whether what was read back shows that the station kept the value, as far as this key can show it."""
        return found == self.value if self.is_readable else self.read_back is ReadBack.NEVER or found is not None

    def shown(self, value: str | None) -> str | None:
        """Return a value of this key as it may be stored and printed."""
        return "****" if self.is_sensitive and value is not None else value


def orders(recipe: Recipe, *, station_id: str, address: Address) -> tuple[Order, ...]:
    """Return what to write, in order, to point the station at the address.

    Raises:
        RecipeError: if a value is longer than OCPP allows: 500 characters in 1.6, 1000 in 2.0.1.
    """
    rendered = tuple(
        Order(
            key=write.key,
            value=render(write.template, station_id=station_id, address=address),
            read_back=write.read_back,
            is_sensitive=write.is_sensitive,
        )
        for write in recipe.writes
    )
    for order in rendered:
        if len(order.value) > (500 if recipe.protocol == "ocpp1.6" else 1000):
            raise RecipeError(recipe.file, f"the value of {order.key} is too long for OCPP", "shorten the URL")
    return rendered


def reversed_orders(
    recipe: Recipe, *, station_id: str, address: Address, snapshot: Mapping[str, str | None]
) -> tuple[Order, ...]:
    """Return what to write, in order, to put the station back: the values found before, or else the legacy's address.

    The order is the recipe's own: the key that switches comes last in both directions.
    """
    return tuple(
        Order(
            key=order.key,
            value=before if (before := snapshot.get(order.key)) is not None else order.value,
            read_back=order.read_back,
            is_sensitive=order.is_sensitive,
        )
        for order in orders(recipe, station_id=station_id, address=address)
    )


def render(template: str, *, station_id: str, address: Address) -> str:
    """Fill a template. Within a URL the identity is percent-encoded, as OCPP-J 1.6 §3.1.1 asks; elsewhere it is not."""
    parts = urlsplit(address.url)
    is_url = "{url}" in template or "{host}" in template
    return template.format(
        url=address.url.rstrip("/"),
        identity=quote(station_id, safe="") if is_url else station_id,
        host=parts.netloc,
        path=parts.path.rstrip("/"),
        apn=address.apn,
        apn_user=address.apn_user,
    )


def told(recipe: Recipe, *, station_id: str, address: Address) -> tuple[str, ...]:
    """Return the recipe's instructions to a person or a tool's author, filled in for one station."""
    parts = urlsplit(address.url)
    url = address.url.rstrip("/")
    return tuple(
        text.format(
            url=url,
            identity=station_id,
            endpoint=f"{url}/{quote(station_id, safe='')}",
            host=parts.netloc,
            path=parts.path.rstrip("/"),
            apn=address.apn,
            apn_user=address.apn_user,
        )
        for text in recipe.instructions
    )


def unknown_fields(template: str, *, known: frozenset[str] = FIELDS) -> list[str]:
    """Return what a template asks for that cannot be given.

    Raises:
        ValueError: if its braces do not pair.
    """
    asked = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    return sorted(set(asked) - known)
