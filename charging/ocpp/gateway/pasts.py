"""What a gateway remembers of each station from one link to the next: the book of its transactions, and its habits."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from charging.ocpp.gateway import entries, journal
from charging.ocpp.gateway.journal import Place
from charging.ocpp.relay.book import TransactionBook
from charging.ocpp.relay.facts import BOOK_KINDS, Fact
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.remembered import Remembered, merged, of, take

Past: TypeAlias = tuple[TransactionBook, StationMemory]

_FACT = msgspec.json.Decoder(Fact)
_MEMORY = msgspec.json.Decoder(Remembered)


class Pasts:
    """Of all stations that have come since the gateway began. Belongs to one event loop."""

    def __init__(self, folder: Path) -> None:
        """Read what former runs wrote to the journal: the tables may not have it yet."""
        self._folder = folder
        self._books: dict[str, TransactionBook] = {}
        self._memories: dict[str, StationMemory] = {}
        self._read: set[str] = set()
        self._untold: defaultdict[str, list[tuple[Place, Fact]]] = defaultdict(list)
        """Of this gateway's journal, what the tables may not have yet."""
        self._segment = 0
        self._said: dict[str, Remembered] = {}
        """What former runs wrote down of stations that have not come since."""
        for place, entry in journal.entries(folder):
            decoded = entries.decode(entry)
            if isinstance(decoded, entries.Fact):
                self.note(place, _FACT.decode(decoded.facts))
            elif isinstance(decoded, entries.Memory):
                said = merged(self._said.get(decoded.station_id), _MEMORY.decode(decoded.said))
                self._said[decoded.station_id] = said

    def note(self, place: Place, fact: Fact) -> None:
        """Remember a fact that the journal has got, until the tables have it, too."""
        if place.segment != self._segment:
            self._segment = place.segment
            self._forget(Place(min(journal.segments(self._folder), default=place.segment), 0))
        if fact.kind in BOOK_KINDS:
            self._untold[fact.station_id].append((place, fact))

    def settle(self, stored: Place) -> None:
        """Forget what the tables have up to a place, of stations whose books are at hand.

        It must have been there before any question that is still under way was asked: its answer is put together with
        what is remembered here. Of a station that has not come, all is kept: the tables may be away when it does.
        """
        self._drop(self._read & self._untold.keys(), upto=stored)

    def unread(self, station_ids: Iterable[str], elsewhere: Collection[str]) -> list[str]:
        """Return those whose facts are to be read from the tables: they were not yet, or were at another gateway."""
        return [each for each in station_ids if each not in self._read or each in elsewhere]

    def learn(
        self,
        facts: Mapping[str, Sequence[Fact]],
        station_ids: Iterable[str],
        origins: Mapping[str, str],
        stored: Place | None,
    ) -> None:
        """Take in what the tables have of stations, and of this gateway's journal what comes after `stored`.

        `stored` is how far the journal was in the tables before the facts were read there. What came to the tables in
        between is told twice, and ends in the same way.
        """
        for station_id in station_ids:
            untold = [told for told in self._untold.pop(station_id, ()) if stored is None or told[0] > stored]
            if untold:
                self._untold[station_id] = untold
            told = [*facts.get(station_id, ()), *(fact for _, fact in untold)]
            self._books[station_id] = TransactionBook(origins.get(station_id, ""), told)
            self._read.add(station_id)

    def remember(
        self, station_ids: Iterable[str], said: Mapping[str, Remembered], *, newer: Collection[str] = ()
    ) -> None:
        """Take in what the tables have of what stations are remembered by, before `learn`.

        Of this gateway they have no more than it has itself, unless it began without them. `newer` are those of which
        another gateway has written since. One that was at another gateway, which has written nothing, may be anywhere.
        """
        for station_id in station_ids:
            memory, told = self._memory(station_id), said.get(station_id)
            if told is not None and (station_id in newer or not memory.is_whole):
                take(memory, told if station_id in newer else merged(told, of(memory, boot=memory.boot.decode())))
            elif station_id in self._read:
                memory.back_office = ""
            memory.is_whole = True

    def _memory(self, station_id: str) -> StationMemory:
        """Return a station's memory: of this run, or as a former one wrote it down."""
        if station_id not in self._memories:
            memory, said = StationMemory(is_whole=False), self._said.pop(station_id, None)
            if said is not None:
                take(memory, said)
            self._memories[station_id] = memory
        return self._memories[station_id]

    def doubt(self, station_id: str) -> None:
        """A station has come and the tables could not be asked of it: they are, when it comes again."""
        self._read.discard(station_id)

    def of(self, station_id: str, origin: str) -> Past:
        """Return a station's; of one whose tables could not be asked, as much as the journal has."""
        if station_id not in self._books:
            told = [fact for _, fact in self._untold.get(station_id, ())]
            self._books[station_id] = TransactionBook(origin, told, is_whole=False)
        return self._books[station_id], self._memory(station_id)

    def _forget(self, before: Place) -> None:
        """Forget what was in segments that are gone: a segment goes once all of it is in the tables."""
        self._drop(list(self._untold), upto=Place(before.segment, before.offset - 1))

    def _drop(self, station_ids: Iterable[str], *, upto: Place) -> None:
        for station_id in station_ids:
            kept = [told for told in self._untold[station_id] if told[0] > upto]
            if kept:
                self._untold[station_id] = kept
            else:
                del self._untold[station_id]
