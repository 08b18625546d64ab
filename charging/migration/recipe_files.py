"""Recipe files: TOML text into `Recipe` values, refused with a sentence wherever they are not clear."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

from charging.errors import RecipeError
from charging.migration.choosing import generation
from charging.migration.recipes import FIELDS, TOLD, Method, Profile, ReadBack, Recipe, Write, unknown_fields

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Seconds = Annotated[int, msgspec.Meta(gt=0)]


class _Write(msgspec.Struct, forbid_unknown_fields=True):
    key: _Text
    template: str
    read_back: ReadBack = ReadBack.EXACT
    sensitive: bool = False


class _Script(msgspec.Struct, forbid_unknown_fields=True):
    tool: _Text
    timeout_seconds: _Seconds = 120


class _Discovery(msgspec.Struct, forbid_unknown_fields=True):
    most_keys: _Seconds


class _Profile(msgspec.Struct, forbid_unknown_fields=True):
    slots: Annotated[tuple[int, ...], msgspec.Meta(min_length=2)]
    ocpp_version: Literal["OCPP20", "OCPP201", "OCPP21"] = "OCPP20"  # 2.0.1 writes itself as OCPP20
    interface: _Text = "Wired0"
    message_timeout: _Seconds = 30
    security_profile: Literal[0, 1, 2, 3] | None = None


class _Rollback(msgspec.Struct, forbid_unknown_fields=True):
    via: Literal["legacy", "target", "auto"] = "auto"


class _File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    recipe: _Text
    version: int
    vendor: _Text
    models: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)]
    method: Method
    source: _Text
    firmware_from: str = ""
    firmware_to: str = ""
    protocol: Literal["ocpp1.6", "ocpp2.0.1", "ocpp2.1"] = "ocpp1.6"
    drain: Literal["active", "passive"] = "active"
    reset: Literal["Soft", "Hard", "none"] = "Soft"
    expects_boot: bool = True
    await_seconds: _Seconds = 900
    writes: tuple[_Write, ...] = ()
    rollback: _Rollback = msgspec.field(default_factory=_Rollback)
    tested: tuple[dict[str, str], ...] = ()
    snapshot: Literal["required", "wished", "none"] = "wished"
    stations: tuple[_Text, ...] = ()
    instructions: tuple[_Text, ...] = ()
    place: Literal["site", "portal"] = "site"
    scope: Literal["station", "location"] = "station"
    notes: tuple[_Text, ...] = ()
    script: _Script | None = None
    discovery: _Discovery | None = None
    profile: _Profile | None = None


def shipped_texts() -> dict[str, str]:
    """Return the recipe files that come with rehome, by file name."""
    folder = files("charging.migration") / "recipes"
    return {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")}


def parse_recipes(texts: Mapping[str, str]) -> tuple[Recipe, ...]:
    """Return the recipes of several files, sorted by name.

    Raises:
        RecipeError: if a file is not a valid recipe, or two files carry the same name.
    """
    found: dict[str, Recipe] = {}
    for file, text in sorted(texts.items()):
        recipe = _parse(file, text)
        if recipe.name in found:
            raise RecipeError(file, f"{recipe.name!r} is also the name of {found[recipe.name].file}", "rename one")
        found[recipe.name] = recipe
    return tuple(found[name] for name in sorted(found))


def _parse(file: str, text: str) -> Recipe:
    try:
        given = msgspec.convert(tomllib.loads(text), _File)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(file, f"it is no TOML ({error})", "mend the line that it names") from error
    except msgspec.ValidationError as error:
        raise RecipeError(file, str(error), "compare it with a recipe that comes with rehome") from error
    _require_sense(file, given)
    return Recipe(
        name=given.recipe,
        file=file,
        version=given.version,
        vendor=given.vendor,
        models=given.models,
        firmware_from=given.firmware_from,
        firmware_to=given.firmware_to,
        protocol=given.protocol,
        method=given.method,
        drain=given.drain,
        reset=given.reset,
        expects_boot=given.expects_boot,
        await_seconds=given.await_seconds,
        source=given.source,
        writes=_writes(given),
        rollback_via=given.rollback.via,
        tested=given.tested,
        snapshot=given.snapshot,
        stations=given.stations,
        instructions=given.instructions,
        place=given.place,
        scope=given.scope,
        notes=given.notes,
        tool=given.script.tool if given.script else "",
        tool_seconds=given.script.timeout_seconds if given.script else 120,
        most_keys=given.discovery.most_keys if given.discovery else None,
        profile=_profile(given.profile) if given.profile else None,
    )


def _writes(given: _File) -> tuple[Write, ...]:
    if given.profile is not None:  # which slot and which order is found at the station
        return (Write(key=_PRIORITY, template="", read_back=ReadBack.EXACT, is_sensitive=False),)
    return tuple(
        Write(key=write.key, template=write.template, read_back=write.read_back, is_sensitive=write.sensitive)
        for write in given.writes
    )


def _profile(given: _Profile) -> Profile:
    return Profile(
        slots=given.slots,
        ocpp_version=given.ocpp_version,
        interface=given.interface,
        message_timeout=given.message_timeout,
        security_profile=given.security_profile,
    )


_PRIORITY = "OCPPCommCtrlr.NetworkConfigurationPriority"
_WRITING = frozenset({Method.CONFIG, Method.GATEWAY, Method.SLOT, Method.SCRIPT})


def _require_sense(file: str, given: _File) -> None:
    """Refuse what is well-formed but cannot be carried out."""
    keys = [write.key for write in given.writes]
    if given.profile is not None:
        _require_slots(file, given)
    elif given.method in _WRITING and not keys:
        raise RecipeError(file, f"method {given.method} writes nothing", "add a [[writes]] table for each key")
    if keys and given.method not in _WRITING:
        raise RecipeError(file, f"method {given.method} cannot write keys", 'say "config", "slot" or "script"')
    if (given.script is not None) != (given.method is Method.SCRIPT):
        raise RecipeError(file, f"method {given.method} and [script] do not go together", "name the tool in [script]")
    if given.method is Method.ONSITE and not given.instructions:
        raise RecipeError(file, "nobody is told what to do", "add instructions, one sentence for each step")
    if len(set(keys)) < len(keys):
        raise RecipeError(file, "a key is written twice", "write each key once, the switching key last")
    for write in given.writes:
        _require_key(file, write.key, given)
        _require_known(file, f"the template of {write.key}", write.template, known=FIELDS)
    for number, text in enumerate(given.instructions, start=1):
        _require_known(file, f"instruction {number}", text, known=TOLD)


def _require_slots(file: str, given: _File) -> None:
    if given.method is not Method.SLOT or generation(given.protocol) != "2":
        raise RecipeError(file, "[profile] is for OCPP 2", 'say method "slot" and protocol "ocpp2.0.1"')
    if given.writes:
        raise RecipeError(file, "[profile] and [[writes]] do not go together", "leave the writes out: they are known")
    if given.reset == "none":
        raise RecipeError(file, "a profile is taken into use by a restart (B10)", 'say reset "Soft"')


def _require_key(file: str, key: str, given: _File) -> None:
    """OCPP 1.6 §7.27: a key is a CiString50Type; OCPP 2.0.1 part 2: so are a component's name and a variable's."""
    if given.method is Method.SCRIPT:
        return
    parts = key.split(".") if generation(given.protocol) == "2" else [key]
    if generation(given.protocol) == "2" and (len(parts) != 2 or not all(parts)):
        raise RecipeError(file, f"{key!r} names no variable of OCPP 2", "write Component.Variable")
    if any(len(part) > 50 for part in parts):
        raise RecipeError(file, f"the key {key!r} is longer than 50 characters", "write it as the station knows it")


def _require_known(file: str, what: str, template: str, *, known: frozenset[str]) -> None:
    try:
        unknown = unknown_fields(template, known=known)
    except ValueError as error:
        raise RecipeError(file, f"{what}: {error}", "double each literal brace") from error
    if unknown:
        raise RecipeError(
            file,
            f"{what} asks for {', '.join(unknown)}",
            f"use {', '.join(sorted(known))}, and double each literal brace",
        )
