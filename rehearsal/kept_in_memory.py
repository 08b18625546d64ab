"""A journal without a database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from charging.migration.ports import Effect, Transition


class KeptInMemory:
    """A journal without a database, for one run of the engine."""

    def __init__(self) -> None:
        self.effects: dict[tuple[str, int, str], Effect] = {}
        self.history: list[Transition] = []

    async def intend(
        self, station_id: str, *, attempt: int, step: str, request: Mapping[str, object], at: datetime
    ) -> None:
        """Keep an intent."""
        self.effects[station_id, attempt, step] = Effect(request=request, response=None, intended_at=at)

    async def conclude(
        self, station_id: str, *, attempt: int, step: str, response: Mapping[str, object], at: datetime
    ) -> None:
        """Keep how it went; what was never intended has no place to be kept in."""
        intent = self.effects[station_id, attempt, step]
        if at < intent.intended_at:
            raise ValueError(f"{step} was concluded before it was intended")
        self.effects[station_id, attempt, step] = replace(intent, response=response)

    async def enter(self, transition: Transition) -> None:
        """Keep a transition."""
        self.history.append(transition)
