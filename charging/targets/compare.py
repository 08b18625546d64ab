"""Comparing what a target holds with what it should hold, field by field. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from charging.canonical import Json
from charging.targets.change import Change, Difference, Plain

_KEYS = ("uid", "id")
"""By what the objects of a list are told apart, where they have it."""


def differing(change: Change, found: Mapping[str, Plain] | None) -> Iterator[Difference]:
    """Yield each field of a row that reads otherwise than it should; a row that is not there is one difference."""
    if found is None:
        yield Difference(entity=change.entity, key=change.key, field="", expected=change.key, found=None)
        return
    for name, value in change.fields.items():
        if name not in change.kept and found.get(name) != value:
            yield Difference(entity=change.entity, key=change.key, field=name, expected=value, found=found.get(name))


def flattened(document: Json, path: str = "") -> dict[str, Plain]:
    """Return the leaves of a document by their paths; objects in a list are named by their id, not by their place."""
    if isinstance(document, Mapping):
        return {
            name: value
            for key, inner in document.items()
            for name, value in flattened(inner, f"{path}.{key}" if path else key).items()
        }
    if isinstance(document, Sequence) and not isinstance(document, str):
        return {
            name: value
            for place, inner in enumerate(document)
            for name, value in flattened(inner, f"{path}[{_mark(inner, place)}]").items()
        }
    return {path: document}


def _mark(entry: Json, place: int) -> str:
    if isinstance(entry, Mapping):
        return next((str(entry[key]) for key in _KEYS if entry.get(key) is not None), str(place))
    return str(place)
