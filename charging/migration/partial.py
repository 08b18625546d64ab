"""How far a change of several keys got, by what the journal knows: nothing is left half-done without a name. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from charging.migration.ports import Effect

_WRITTEN = frozenset({"Accepted", "RebootRequired", "Scheduled", "Unchanged", "Observed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """Each key of a recipe in exactly one of three states, in the recipe's order."""

    new: tuple[str, ...]
    """As the target wants them."""
    old: tuple[str, ...]
    """As they were, or never touched."""
    unknown: tuple[str, ...]
    """An order went out, and what became of it is not known."""

    def __str__(self) -> str:
        """Return what a person who goes there must know; nothing where all is as it was."""
        told = (("set for the target", self.new), ("not known", self.unknown))
        return "; ".join(f"{what}: {', '.join(keys)}" for what, keys in told if keys)


def partial(keys: Iterable[str], effects: Mapping[str, Effect]) -> Partial:
    """Return how far the writes of an attempt got, and how many of them were taken back."""
    states = {key: _state(key, effects) for key in keys}
    return Partial(
        new=tuple(key for key, state in states.items() if state == "new"),
        old=tuple(key for key, state in states.items() if state == "old"),
        unknown=tuple(key for key, state in states.items() if state == "unknown"),
    )


def _state(key: str, effects: Mapping[str, Effect]) -> str:
    state = "old"
    for prefix, goal in (("", "new"), ("back.", "old"), ("undo.", "old")):
        effect = effects.get(f"{prefix}write:{key}")
        if effect is not None:
            state = _after(effect, before=state, goal=goal)
    return state


def _after(effect: Effect, *, before: str, goal: str) -> str:
    """Return what a write leaves behind: a refusal all as it was, and what reads back otherwise nobody knows what."""
    if effect.response is None or effect.response.get("status") == "Unanswered":
        return "unknown"
    if effect.response.get("status") not in _WRITTEN:
        return before
    return goal if effect.response.get("is_kept", True) else "unknown"
