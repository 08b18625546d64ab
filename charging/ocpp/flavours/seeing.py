"""Recordings as learning needs them: what is observed, and what of it came after all that is kept already. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from charging.ocpp.flavours.learning import Learnt
from charging.ocpp.flavours.recording import Heard, Observation, StationType
from charging.ocpp.flavours.watching import UNKNOWN, Watch


class Seeing:
    """What is observed on the way to learning: when the recording begins, and what came after all that is kept."""

    def __init__(self, kept: Iterable[Learnt]) -> None:
        self.first_at: datetime | None = None
        self.later: list[Observation] = []
        """The same frames cannot contradict what was learnt of them: only later ones can."""
        self._until: dict[tuple[str, str], datetime] = {}
        for row in kept:
            self._until[row.vendor, row.model] = row.recorded_until

    def through(
        self,
        told: Iterable[tuple[str, Iterable[tuple[str, Heard]]]],
        kinds: Mapping[str, StationType],
        until: datetime,
    ) -> Iterator[Observation]:
        """Yield what is observed of each station in turn."""
        for station_id, recording in told:
            watch = Watch(station_id, kinds.get(station_id, UNKNOWN))
            for _, heard in recording:
                self.first_at = heard.at if self.first_at is None else min(self.first_at, heard.at)
                watch.hear(heard)
            for one in watch.end(until):
                kept_until = self._until.get((one.type.vendor, one.type.model))
                if kept_until is not None and one.at >= kept_until:
                    self.later.append(one)
                yield one
