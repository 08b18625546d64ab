"""The ledger of names: which EVSE bore which id from when until when, in both directions. Pure.

A period is half-open. An id that is given up still answers for its EVSE for a while, as an alias, unless the EVSE was
removed. An id belongs to one EVSE at any instant, as a name or as an alias; later it may belong to another one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from charging.identifiers import evse_id as evse_ids

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """An id that an EVSE bore, or bears. `valid_from` is None where it was there before we looked."""

    evse_uid: str
    number: int
    evse_id: str
    rule: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    answers_until: datetime | None = None
    """Until when partners may still use it; None while it is borne."""

    @property
    def compact(self) -> str:
        """The form in which ids are compared."""
        return evse_ids.comparable(self.evse_id)

    @property
    def is_borne(self) -> bool:
        """Whether it is the present id."""
        return self.valid_until is None

    def is_valid(self, at: datetime) -> bool:
        """Whether the EVSE bore it at an instant."""
        return self._has_begun(at) and (self.valid_until is None or at < self.valid_until)

    def answers(self, at: datetime) -> bool:
        """Whether it meant the EVSE at an instant, as a name or as an alias."""
        return self._has_begun(at) and (self.answers_until is None or at < self.answers_until)

    def _has_begun(self, at: datetime) -> bool:
        return self.valid_from is None or self.valid_from <= at


class Ledger:
    """All names of all EVSEs. Changes return the names to store, and hold for what is asked afterwards."""

    def __init__(self, names: Iterable[Name] = ()) -> None:
        self._of: defaultdict[str, dict[int, Name]] = defaultdict(dict)
        self._by_compact: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
        for name in names:
            self._put(name)

    def __iter__(self) -> Iterator[Name]:
        for uid in sorted(self._of):
            yield from self.names(uid)

    def names(self, evse_uid: str) -> list[Name]:
        """Return every id that the EVSE has borne, the first one first."""
        known = self._of.get(evse_uid, {})
        return [known[number] for number in sorted(known)]

    def current(self, evse_uid: str) -> str | None:
        """Return the id that the EVSE bears now, or None if it bears none."""
        last = self._last(evse_uid)
        return last.evse_id if last and last.is_borne else None

    def known_as(self, evse_uid: str, at: datetime) -> str | None:
        """Return the id that the EVSE bore at an instant, or None if it bore none."""
        return next((name.evse_id for name in self.names(evse_uid) if name.is_valid(at)), None)

    def resolve(self, evse_id: str, at: datetime) -> Name | None:
        """Return whose id, or alias, it was at an instant; compared without separators."""
        return next((name for name in self.bearers(evse_id) if name.answers(at)), None)

    def bearers(self, evse_id: str) -> list[Name]:
        """Return every name, of whatever EVSE, that is this id, in the order of time."""
        found = [self._of[uid][number] for uid, number in self._by_compact.get(evse_ids.comparable(evse_id), ())]
        return sorted(found, key=lambda name: (name.valid_from is not None, name.valid_from))

    def compacts(self) -> list[str]:
        """Return every id in the form in which ids are compared."""
        return sorted(self._by_compact)

    def obstacle(self, evse_uid: str, evse_id: str, at: datetime) -> str | None:
        """Return why the EVSE cannot bear an id from an instant on, or None if it can."""
        for name in self.bearers(evse_id):
            if name.evse_uid == evse_uid:
                continue
            if name.is_borne:
                return f"EVSE {name.evse_uid} bears it, as {name.evse_id}"
            if name.answers_until and name.answers_until > at:
                return f"EVSE {name.evse_uid} bore it, and partners may use it until {name.answers_until:%Y-%m-%d}"
        return None

    def open(self, evse_uid: str, evse_id: str, *, rule: str) -> tuple[Name, ...]:
        """Enter the id that an EVSE was found with: it bore it before anybody looked."""
        return self._kept([Name(evse_uid=evse_uid, number=0, evse_id=evse_id, rule=rule)])

    def rename(
        self, evse_uid: str, evse_id: str | None, *, at: datetime, rule: str, alias_for: timedelta
    ) -> tuple[Name, ...]:
        """Let an EVSE bear another id from an instant on, or none; the one before answers for `alias_for` longer.

        Whoever calls has asked for obstacles. Where the clock has gone back, the change follows the one before it.
        """
        last = self._last(evse_uid)
        if (last.evse_id if last and last.is_borne else None) == evse_id:
            return ()
        after = max((each for name in self.names(evse_uid) for each in _ends(name)), default=at - _TICK)
        at = max(at, after + _TICK)
        changed = [replace(last, valid_until=at, answers_until=at + alias_for)] if last and last.is_borne else []
        if evse_id is not None:
            changed = [*self._cut(changed, evse_uid, evse_id, at)]
            number = last.number + 1 if last else 0
            changed.append(Name(evse_uid=evse_uid, number=number, evse_id=evse_id, rule=rule, valid_from=at))
        return self._kept(changed)

    def _cut(self, changed: list[Name], evse_uid: str, evse_id: str, at: datetime) -> Iterator[Name]:
        """Yield what changes where an EVSE bears an id again: the earlier time needs no alias from then on."""
        compact = evse_ids.comparable(evse_id)
        latest = {name.number: name for name in (*self.names(evse_uid), *changed)}
        touched = {name.number for name in changed}
        for number, name in latest.items():
            if name.compact == compact and name.answers_until and name.answers_until > at:
                yield replace(name, answers_until=at)
            elif number in touched:
                yield name

    def _kept(self, names: list[Name]) -> tuple[Name, ...]:
        for name in names:
            self._put(name)
        return tuple(names)

    def _put(self, name: Name) -> None:
        self._of[name.evse_uid][name.number] = name
        self._by_compact[name.compact].add((name.evse_uid, name.number))

    def _last(self, evse_uid: str) -> Name | None:
        known = self._of.get(evse_uid)
        return known[max(known)] if known else None


def _ends(name: Name) -> Iterator[datetime]:
    yield from (each for each in (name.valid_from, name.valid_until) if each is not None)
