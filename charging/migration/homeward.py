"""What a person is told who brings a station back to the legacy by hand. Pure: nothing of it is executed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from charging.errors import RecipeError
from charging.migration import recipes
from charging.migration.ports import Effect
from charging.migration.recipes import Address, Method, Recipe

HIDDEN = "****"
END = "See it boot at the legacy, then close this order."


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of how a station was before it moved."""

    recipe: Recipe | None = None
    """The recipe that fits it, by whichever method."""
    effects: Mapping[str, Effect] = field(default_factory=dict)
    """What the engine did to it: each write holds what the key was before."""
    settings: Mapping[str, str | None] = field(default_factory=dict)
    """What it told through the legacy before a person moved it; without secrets."""


def way_back(station_id: str, *, known: Known, legacy: Address | None) -> str:
    """Return the instructions of a return: a line for each thing to do, by the surest source for each.

    What was found before something was written goes before the recipe's own words, and these before "as it was".
    """
    lines = [*_by_recipe(station_id, known, legacy), *_by_snapshot(known, legacy)]
    if not lines:
        where = f" ({legacy.url})" if legacy else ""
        lines = [f"Set the legacy's address{where} and whatever else was changed with it, as before the move."]
    return "\n".join([*lines, END])


def _by_recipe(station_id: str, known: Known, legacy: Address | None) -> Sequence[str]:
    recipe = known.recipe
    if recipe is None:
        return ()
    if recipe.method is Method.ONSITE:
        return recipes.told(recipe, station_id=station_id, address=legacy) if legacy else ()
    rendered = _rendered(recipe, station_id, legacy)
    lines = []
    for write in recipe.writes:
        before = _before(write.key, known)
        if before is None and recipe.profile is not None:
            continue  # which profile was in use cannot be told from the recipe
        value = before if before is not None else rendered.get(write.key)
        if write.is_sensitive or value in {None, HIDDEN}:
            lines.append(f"Set {write.key} to what it was before the move; its value is kept nowhere here.")
        else:
            source = "as it was before the move" if before is not None else "the legacy's own"
            lines.append(f"Set {write.key} to {value} ({source}).")
    return lines


def _by_snapshot(known: Known, legacy: Address | None) -> Sequence[str]:
    """Name what held the legacy's address before, beside the recipe's own keys."""
    host = urlsplit(legacy.url).netloc.casefold() if legacy else ""
    written = {write.key for write in known.recipe.writes} if known.recipe else set()
    return [
        f"Before the move {key} was {value}."
        for key, value in sorted(known.settings.items())
        if key not in written and value and host and host in value.casefold()
    ]


def _before(key: str, known: Known) -> str | None:
    """Return what a key was: as the first write found it, else as it was told before."""
    effect = known.effects.get(f"write:{key}")
    found = effect.request.get("before") if effect else None
    return found if isinstance(found, str) else known.settings.get(key)


def _rendered(recipe: Recipe, station_id: str, legacy: Address | None) -> Mapping[str, str]:
    if legacy is None:
        return {}
    try:
        return {one.key: one.value for one in recipes.orders(recipe, station_id=station_id, address=legacy)}
    except RecipeError:
        return {}  # a value that OCPP cannot carry is no value to be typed in either
