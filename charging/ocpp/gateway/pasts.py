"""What a gateway remembers of each station from one link to the next: the book of its transactions, and its habits."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from charging.ocpp.gateway import entries, journal
from charging.ocpp.relay.book import TransactionBook
from charging.ocpp.relay.facts import Fact
from charging.ocpp.relay.memory import StationMemory

Past: TypeAlias = tuple[TransactionBook, StationMemory]

_FACT = msgspec.json.Decoder(Fact)


class Pasts:
    """Of all stations that have come since the gateway began."""

    def __init__(self, folder: Path) -> None:
        """Read what former runs wrote to the journal: the tables may not have it yet."""
        self._pasts: dict[str, Past] = {}
        self._early: defaultdict[str, list[Fact]] = defaultdict(list)
        for entry in map(entries.decode, journal.entries(folder)):
            if isinstance(entry, entries.Fact):
                self._early[entry.station_id].append(_FACT.decode(entry.facts))

    def unknown(self, station_ids: Iterable[str]) -> list[str]:
        """Return those that have not come yet: what the tables have of them is still to be read."""
        return [station_id for station_id in station_ids if station_id not in self._pasts]

    def learn(
        self, facts: Mapping[str, Sequence[Fact]], station_ids: Iterable[str], origins: Mapping[str, str]
    ) -> None:
        """Take in what the tables have of stations that have not come yet.

        What the journal has is the end of the same story: where both tell it, it ends in the same way.
        """
        for station_id in self.unknown(station_ids):
            told = [*facts.get(station_id, ()), *self._early.pop(station_id, ())]
            self._pasts[station_id] = (TransactionBook(origins.get(station_id, ""), told), StationMemory())

    def of(self, station_id: str, origin: str) -> Past:
        """Return a station's; of one whose tables could not be asked, as much as the journal has."""
        self.learn({}, [station_id], {station_id: origin})
        return self._pasts[station_id]
