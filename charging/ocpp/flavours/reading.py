"""Flavour files: TOML text into flavours, refused with a sentence wherever they are not clear."""

import re
import tomllib
from typing import Annotated, Any

import msgspec

from charging.errors import SettingsError
from charging.ocpp.flavours.flavour import SUPPLIERS, Flavour, Strictness, UserRule

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_ACTION = re.compile(r"[A-Z][A-Za-z]{1,49}")

_UNTOUCHED = frozenset(
    [
        "transactionid",
        "transactioninfo",
        "transactiondata",
        "meterstart",
        "metervalue",
        "meterstop",
        "sampledvalue",
        "timestamp",
        "idtag",
        "parentidtag",
        "idtoken",
        "groupidtoken",
        "seqno",
        "offline",
    ]
)
"""Energy, time, tokens and transactions: never corrected by a rule, in lower case."""


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    name: _Text
    action: _Text
    where: dict[str, Any] = {}
    set: dict[str, Any] = {}
    status: str = ""
    ask: str = ""


class _Flavour(msgspec.Struct, forbid_unknown_fields=True):
    name: _Text
    like: str = ""
    vendor: _Text = "*"
    models: tuple[_Text, ...] = ("*",)
    firmwares: tuple[_Text, ...] = ("*",)
    boots_after_link_loss: bool | None = None
    tells_after_stop: bool | None = None
    tells_after_start: bool | None = None
    tells_after_link_loss: bool | None = None
    tells_after_firmware: bool | None = None
    stays_faulted: bool | None = None
    knows_the_plug: bool | None = None
    connectors: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    strictness: dict[str, Strictness] = {}
    rule: tuple[_Rule, ...] = ()


class _File(msgspec.Struct, forbid_unknown_fields=True):
    flavour: tuple[_Flavour, ...]


_BEHAVIOURS = (
    "boots_after_link_loss",
    "tells_after_stop",
    "tells_after_start",
    "tells_after_link_loss",
    "tells_after_firmware",
    "stays_faulted",
    "knows_the_plug",
)


def parse_flavours(file: str, text: str) -> tuple[Flavour, ...]:
    """Return the flavours of a file, in its order: the first that fits a station is the station's.

    `like` takes the six behaviours over from a row of the table, A to G; what else is said goes before it.

    Raises:
        SettingsError: if the file is not valid.
    """
    setting = f"flavours ({file})"
    try:
        given = msgspec.convert(tomllib.loads(text), _File)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(setting, f"is no TOML ({error})", "mend the line that it names") from error
    except msgspec.ValidationError as error:
        raise SettingsError(
            setting, f"cannot be read: {error}", "compare it with the flavours in the README"
        ) from error
    names = [one.name for one in given.flavour] + [rule.name for one in given.flavour for rule in one.rule]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(setting, f"has {', '.join(twice)} twice", "give each flavour and each rule its own name")
    return tuple(_flavour(setting, one) for one in given.flavour)


def _flavour(setting: str, given: _Flavour) -> Flavour:
    if given.like and given.like not in SUPPLIERS:
        raise SettingsError(setting, f"is like {given.like!r}, which is nobody", f"say one of {', '.join(SUPPLIERS)}")
    like = SUPPLIERS.get(given.like) or Flavour(name=given.name)
    said = {name: getattr(given, name) for name in _BEHAVIOURS}
    behaviours = {name: getattr(like, name) if value is None else value for name, value in said.items()}
    for action in given.strictness:
        if action != "*" and not _ACTION.fullmatch(action):
            raise SettingsError(setting, f"is strict about {action!r}", "name an action, such as MeterValues, or *")
    return Flavour(
        name=given.name,
        vendor=given.vendor,
        models=given.models,
        firmwares=given.firmwares,
        connectors=given.connectors,
        strictness=given.strictness,
        rules=tuple(_rule(setting, rule) for rule in given.rule),
        **behaviours,
    )


def _rule(setting: str, given: _Rule) -> UserRule:
    if not _ACTION.fullmatch(given.action):
        raise SettingsError(setting, f"has a rule for {given.action!r}", "name an action of the station's")
    if not (given.set or given.status or given.ask):
        raise SettingsError(setting, f"has a rule {given.name!r} that does nothing", "give it set, status or ask")
    if forbidden := [path for path in given.set if not _UNTOUCHED.isdisjoint(path.casefold().split("."))]:
        problem = f"has a rule {given.name!r} that writes {', '.join(forbidden)}, which nobody may rewrite"
        raise SettingsError(setting, problem, "let energy, time, tokens and transactions pass as the station says them")
    return UserRule(
        name=given.name, action=given.action, where=given.where, set=given.set, status=given.status, ask=given.ask
    )
