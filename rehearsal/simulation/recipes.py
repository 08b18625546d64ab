"""The recipes of the virtual world: several keys and a reset, one that switches at once, a passive drain, a slot."""

from collections.abc import Mapping

from charging.migration.recipe_files import parse_recipes
from charging.migration.recipes import Recipe

_KEYS = """
recipe = "three-keys"
version = 1
vendor = "Simulated"
models = ["*"]
method = "config"
await_seconds = 1800
source = "made up: a bearer, a host and a URL"
[[writes]]
key = "Apn"
template = "{apn}"
[[writes]]
key = "Port"
template = "{host}"
[[writes]]
key = "Url"
template = "{url}/{identity}"
"""
_SLOT = """
recipe = "slot"
version = 1
vendor = "Simulated"
models = ["*"]
method = "slot"
reset = "none"
expects_boot = false
await_seconds = 1800
source = "made up: a second profile and a priority"
[[writes]]
key = "Slot2"
template = "{url}"
[[writes]]
key = "Priority"
template = "2,1"
"""
RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in parse_recipes(
        {
            "three.toml": _KEYS,
            "once.toml": _KEYS.replace("three-keys", "at-once").replace("await_", 'reset = "none"\nawait_'),
            "passive.toml": _KEYS.replace("three-keys", "passive").replace("await_", 'drain = "passive"\nawait_'),
            "slot.toml": _SLOT,
        }
    )
}
