"""Asking a station for everything that it has: all at once, and by name what its list does not show. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from charging.errors import StationUnreachable
from charging.migration.ports import Inspector, Setting

MOST_KEYS = "GetConfigurationMaxKeys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What a station told of itself."""

    station_id: str
    settings: Mapping[str, Setting]
    """By key, in alphabetical order."""
    is_listed: bool
    """Whether it answered when it was asked for everything at once."""
    hidden: tuple[str, ...]
    """Keys that its list did not show, but that it answered for by name."""
    unanswered: tuple[str, ...]
    """Keys at which it did not answer at all, not even that it does not know them."""


async def take(
    inspector: Inspector, station_id: str, *, by_name: Iterable[str] = (), most_keys: int | None = None
) -> Inventory:
    """Ask a station what it has: its whole list, then `by_name` whatever of that is not on it.

    Makers hide keys from the list that they answer for by name, and some answer for no more than a few at a time
    (`GetConfigurationMaxKeys`, which caps what is asked for; `most_keys` goes before it). Where nothing is known, keys
    are asked for one by one. A question at which the station falls silent is put once more for each of its keys.

    Raises:
        BackOfficeUnavailable: if the back-office does not answer.
        StationUnreachable: if the station answers nothing at all.
    """
    found: dict[str, Setting] = {}
    why: StationUnreachable | None = None
    try:
        found |= _by_key(await inspector.settings_of(station_id, ()))
    except StationUnreachable as silence:
        why = silence
    is_listed = why is None
    wanted = sorted(set(by_name) - found.keys())
    if most_keys is None:
        # who asks for nothing by name has no need to know it
        most_keys = await _most_keys(inspector, station_id, found) if wanted else 1
    hidden: list[str] = []
    unanswered: list[str] = []
    for asked in chunks(wanted, most_keys):
        told, silent = await _by_name(inspector, station_id, asked)
        found |= told
        hidden += told
        unanswered += silent
    if not found and why is not None:
        raise why
    return Inventory(
        station_id=station_id,
        settings={key: found[key] for key in sorted(found)},
        is_listed=is_listed,
        hidden=tuple(sorted(set(hidden))),
        unanswered=tuple(unanswered),
    )


def chunks(keys: Sequence[str], most: int) -> list[Sequence[str]]:
    """Return the keys in groups of at most so many."""
    return [keys[begin : begin + most] for begin in range(0, len(keys), most)]


async def _by_name(
    inspector: Inspector, station_id: str, asked: Sequence[str]
) -> tuple[dict[str, Setting], Sequence[str]]:
    """Return what the station tells of these keys, and those at which it falls silent even when asked for one alone."""
    try:
        return _by_key(await inspector.settings_of(station_id, asked)), ()
    except StationUnreachable:
        if len(asked) == 1:
            return {}, asked
    found: dict[str, Setting] = {}
    silent: list[str] = []
    for key in asked:
        told, nothing = await _by_name(inspector, station_id, (key,))
        found |= told
        silent += nothing
    return found, silent


async def _most_keys(inspector: Inspector, station_id: str, found: Mapping[str, Setting]) -> int:
    setting = found.get(MOST_KEYS)
    if setting is None:
        try:
            setting = _by_key(await inspector.settings_of(station_id, (MOST_KEYS,))).get(MOST_KEYS)
        except StationUnreachable:
            return 1
    told = (setting.value or "") if setting else ""
    return int(told) if told.isdecimal() and int(told) > 0 else 1


def _by_key(settings: Sequence[Setting]) -> dict[str, Setting]:
    return {setting.key: setting for setting in settings}
