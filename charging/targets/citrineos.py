"""Loading locations, stations, EVSEs, connectors and authorizations into CitrineOS.

Its data API has no routes for these since 1.7: they are written where its own operator UI writes them, through Hasura's
GraphQL on its database. Its tariffs hold one price and no OCPI document: they are not taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from charging.clock import Clock
from charging.errors import BackOfficeUnavailable, PartnerRefused, PartnerUnavailable
from charging.targets.change import Action, Applied, Change, Difference, Plain
from charging.targets.citrineos_plan import plan_row
from charging.targets.citrineos_schema import ENTITIES
from charging.targets.citrineos_tables import REFERENCES, CitrineTables, Found, Number
from charging.targets.citrineos_wishes import GROUP, Reference, Wish, wishes_of
from charging.targets.compare import differing
from charging.targets.target import Check, let_all_pass
from charging.targets.wanted import Wanted, key_of, plain_fields

GIVES_UP_AFTER = 20
"""So many rows one after the other without an answer are no rows that fail: it is the target that is down."""


class CitrineTarget:
    """One tenant of a CitrineOS. Rows are created and gaps are filled; nothing is deleted, and access only narrowed."""

    kind: Literal["citrineos"] = "citrineos"
    entities = ENTITIES

    def __init__(self, tables: CitrineTables, *, clock: Clock, time_zone: str, publish: bool) -> None:
        self._tables, self._clock, self._time_zone, self._publish = tables, clock, time_zone, publish
        self._wishes: dict[Reference, Wish] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._found: dict[str, Found] = {}
        self._silent = 0

    def plan(self, wanted: Wanted, *, check: Check = let_all_pass) -> list[Change]:
        """Read the tables, and say what each row needs; what hangs on a row that is refused is refused with it."""
        every = wishes_of(wanted, time_zone=self._time_zone, publish=self._publish, now=self._clock())
        self._wishes = {(wish.entity, wish.key): wish for wishes in every.values() for wish in wishes}
        self._keys = {(wish.entity, wish.mark): wish.key for wish in self._wishes.values()}
        self._found = {entity: self._tables.find(entity) for entity in ENTITIES}
        changes: list[Change] = []
        taken: set[Reference] = set()
        for entity in ENTITIES:
            sent = {key_of(entity, row): plain_fields(row) for row in wanted.of(entity)}
            reasons = check(entity, sent) if sent else {}
            for wish in every[entity]:
                change = self._planned(wish, reasons.get(wish.key, ""), taken)
                if change.action is not Action.REFUSE:
                    taken.add((entity, wish.key))
                changes.append(change)
        return changes

    def apply(self, changes: Sequence[Change]) -> Iterator[Applied]:
        """Write each row that needs it; one that GraphQL refuses keeps its sentence and costs itself alone."""
        for change in changes:
            error, status = None if change.action is Action.SAME else change.reason, None
            if change.action.is_sent:
                error, status = self._heard(change)
            yield Applied(entity=change.entity, key=change.key, action=change.action, error=error, http_status=status)

    def verify(self, changes: Sequence[Change]) -> list[Difference]:
        """Read every table again, and return each field that reads otherwise than it should."""
        self._found = {entity: self._tables.find(entity) for entity in ENTITIES}
        return [
            difference
            for change in changes
            if change.action is not Action.REFUSE
            for difference in differing(change, self._held(self._wishes[change.entity, change.key]))
        ]

    def _planned(self, wish: Wish, reason: str, taken: set[Reference]) -> Change:
        away = next((need for need in wish.needs if need not in taken), None)
        reason = reason or wish.problem or (f"its {away[0]} {away[1]} is not loaded" if away else "")
        return plan_row(
            self._grouped(wish, taken),
            self._held(wish),
            reason=reason,
            is_twice=wish.mark in self._found[wish.entity].twice,
        )

    def _grouped(self, wish: Wish, taken: set[Reference]) -> Wish:
        """Return a token without its group where that is not at the target and will not be: it can come in later."""
        parent = wish.fields.get(GROUP)
        if parent is None or ("token", parent) in taken or str(parent).casefold() in self._found["token"].rows:
            return wish
        fields = {name: value for name, value in wish.fields.items() if name != GROUP}
        lone = Wish(
            entity=wish.entity,
            key=wish.key,
            mark=wish.mark,
            fields=fields,
            identity=wish.identity,
            problem=wish.problem,
            no_place=(*wish.no_place, "parent_uid"),
        )
        self._wishes[wish.entity, wish.key] = lone
        return lone

    def _held(self, wish: Wish) -> Mapping[str, Plain] | None:
        """Return what the target has of a row, with what it refers to under our keys."""
        row = self._found[wish.entity].rows.get(wish.mark)
        if row is None:
            return None
        held = self._tables.fields(wish.entity, row)
        if wish.entity in REFERENCES:
            field, column, entity = REFERENCES[wish.entity]
            held[field] = self._named(entity, row[column])
        return held

    def _named(self, entity: str, number: Number | None) -> Plain:
        if number is None:
            return None
        mark = self._found[entity].marks.get(number)
        return f"number {number}" if mark is None else self._keys.get((entity, mark), mark)

    def _heard(self, change: Change) -> tuple[str | None, int | None]:
        """Write one row, and give up where nobody has answered for a long row of times.

        Raises:
            BackOfficeUnavailable: if the target is down.
        """
        wish = self._wishes[change.entity, change.key]
        refers, away = self._refers(wish, change)
        if away:
            return away, None
        try:
            self._write(wish, change, refers)
        except PartnerRefused as failure:
            self._silent = 0
            return failure.problem, failure.status
        except PartnerUnavailable as failure:
            self._silent += 1
            if self._silent >= GIVES_UP_AFTER:
                problem = f"{self._silent} rows without an answer: {failure.problem}"
                raise BackOfficeUnavailable("target", problem) from None
            return failure.problem, None
        self._silent = 0
        return None, 200

    def _write(self, wish: Wish, change: Change, refers: Mapping[str, Number]) -> None:
        numbers = self._found[wish.entity].numbers
        known = numbers.get(wish.mark)
        numbers[wish.mark] = self._tables.write(wish, change, number=known, refers=refers, now=self._clock())

    def _number(self, entity: str, key: str) -> Number | None:
        wish = self._wishes.get((entity, key))
        return self._found[entity].numbers.get(wish.mark if wish else key.casefold())

    def _refers(self, wish: Wish, change: Change) -> tuple[dict[str, Number], str]:
        """Return the numbers that CitrineOS gave to what is about to be named, and what of it is not there.

        A token can come without its group; the next run brings that in.
        """
        named: dict[str, Reference] = {}
        if wish.station and change.action is Action.CREATE:
            named["station"] = ("station", wish.station)
        if wish.entity in REFERENCES:
            name, _, entity = REFERENCES[wish.entity]
            if (key := change.after.get(name)) is not None:
                named[name] = (entity, str(key))
        found = {name: self._number(*reference) for name, reference in named.items()}
        away = [f"its {named[name][0]} {named[name][1]} is not there" for name in found if found[name] is None]
        refers = {name: number for name, number in found.items() if number is not None}
        return refers, "" if GROUP in found or not away else away[0]
