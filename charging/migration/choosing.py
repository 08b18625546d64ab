"""Which recipe a station takes. What is said of fewer stations goes before what is said of more; a tie is an error."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from charging.errors import RecipeError
from charging.migration.recipes import Method, Recipe
from charging.network.model import Station

_GENERATION = re.compile(r"(\d)\.\d")


def choose(recipes: Iterable[Recipe], station: Station) -> Recipe | None:
    """Return the one recipe that fits the station best, or None.

    A recipe that names the station goes before all others, one of its maker before one for any maker, and one that
    moves it before one that would only ask it what it has.

    Raises:
        RecipeError: if two fit alike; which one is right is nothing to guess.
    """
    fitting = sorted((recipe for recipe in recipes if fits(recipe, station)), key=lambda recipe: recipe.name)
    nearest = max(map(_nearness, fitting), default=None)
    best = [recipe for recipe in fitting if _nearness(recipe) == nearest]
    if len(best) > 1:
        raise RecipeError(
            " and ".join(recipe.file for recipe in best),
            f"{' and '.join(recipe.name for recipe in best)} both fit station {station.station_id} "
            f"({station.vendor} {station.model} {station.firmware})",
            "narrow their models or firmware ranges until one remains",
        )
    return best[0] if best else None


def fits(recipe: Recipe, station: Station) -> bool:
    """Whether a recipe is for this station: vendor, model, firmware, generation of OCPP. Letter case does not count."""
    vendor, model = (station.vendor or "").casefold(), (station.model or "").casefold()
    return (
        (not recipe.stations or station.station_id in recipe.stations)
        and fnmatchcase(vendor, recipe.vendor.casefold())
        and any(fnmatchcase(model, glob.casefold()) for glob in recipe.models)
        and _is_within(station.firmware, start=recipe.firmware_from, end=recipe.firmware_to)
        and generation(recipe.protocol) == generation(station.ocpp_protocol)
    )


def generation(protocol: str | None) -> str:
    """Return `1` or `2`: keys or variables. Back-offices write it as `ocpp1.6J`, `OCPP2.0.1` or not at all (then 1)."""
    found = _GENERATION.search(protocol or "")
    return found[1] if found else "1"


def _nearness(recipe: Recipe) -> tuple[bool, bool, bool]:
    return bool(recipe.stations), recipe.method is not Method.DISCOVER, recipe.vendor != "*"


def _is_within(firmware: str | None, *, start: str, end: str) -> bool:
    if not start and not end:
        return True
    version = _version(firmware or "")
    return bool(version) and version >= _version(start) and (not end or version < _version(end))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))
