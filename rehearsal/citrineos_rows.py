"""The rows of one table of a CitrineOS, found as PostgreSQL finds them: by an index where there is one."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import Any, SupportsIndex

from rehearsal.citrineos_schema import Table

Row = dict[str, Any]
_Test = Callable[[Any], bool]


class Rows(list[Row]):
    """A table's rows, in the order of coming: a list that takes `append`, `change` and `del`."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table
        self._by: dict[str, dict[Any, list[Row]]] = {name: {} for name in table.indexed}

    def __delitem__(self, which: SupportsIndex | slice) -> None:
        super().__delitem__(which)
        for name in self._by:
            self._index(name)

    def append(self, row: Row) -> None:
        """Add a row. Rows of a table whose number counts come in the order of their numbers."""
        super().append(row)
        for name, found in self._by.items():
            found.setdefault(row[name], []).append(row)

    def change(self, row: Row, given: Row) -> None:
        """Change a row that is among these."""
        row |= given
        for name in self._by.keys() & given.keys():
            self._index(name)

    def of(self, name: str, value: Any) -> Sequence[Row]:
        """Return the rows with this value in a column, in the order of coming."""
        return self._by[name].get(value, ()) if name in self._by else [row for row in self if row[name] == value]

    def found(self, where: Row, order_by: Sequence[Row], *, limit: int | None, offset: int) -> list[Row]:
        """Return the rows that Hasura's `where` asks for, in its order."""
        end = None if limit is None else offset + limit
        by_number = [{self._table.number: "asc"}], [{self._table.number: "desc"}]
        tests = [*_tests(self._table, where)]
        chosen = self._candidates(where)
        if order_by in by_number and self._counts:
            in_order = reversed(chosen) if order_by == by_number[1] else iter(chosen)
            return [*islice(_kept(in_order, tests), offset, end)]
        rows = [*_kept(chosen, tests)]
        for order in reversed(order_by):
            for column, direction in order.items():
                rows.sort(key=itemgetter(column), reverse=direction == "desc")
        return rows[offset:end]

    def _index(self, name: str) -> None:
        self._by[name] = {}
        for row in self:
            self._by[name].setdefault(row[name], []).append(row)

    @property
    def _counts(self) -> bool:
        return self._table.columns[self._table.number].scalar == "Int"

    def _candidates(self, where: Row) -> Sequence[Row]:
        """Return no fewer rows than are asked for, and no more than an index needs to look at."""
        found: Sequence[Row] = self
        for name in self._by.keys() & where.keys():
            asked = where[name]
            values = asked.get("_in", [asked["_eq"]] if "_eq" in asked else None)
            if values is not None and len(values) == 1:
                found = self.of(name, values[0])
        after = where.get(self._table.number, {}).get("_gt")
        if after is None or not self._counts:
            return found
        first = bisect_right(found, after, key=itemgetter(self._table.number))
        return found[first:] if first else found


def folded(table: Table, name: str, value: Any) -> Any:
    """Return a value as PostgreSQL compares it."""
    match table.columns[name].scalar:
        case "citext" if value is not None:
            return str(value).casefold()
        case "timestamptz" if value is not None:
            return datetime.fromisoformat(value)
    return value


def _kept(rows: Iterable[Row], tests: Sequence[tuple[str, _Test]]) -> Iterator[Row]:
    return (row for row in rows if all(test(row[name]) for name, test in tests))


def _tests(table: Table, where: Row) -> Iterator[tuple[str, _Test]]:
    """Yield, for each condition, the column and what its value must pass."""
    for name, asked in where.items():
        if name == "_and":
            for one in asked:
                yield from _tests(table, one)
            continue
        for operator, operand in asked.items():
            yield name, _test(table, name, operator, operand)


def _test(table: Table, name: str, operator: str, operand: Any) -> _Test:
    def fold(value: Any) -> Any:
        return folded(table, name, value)

    match operator:
        case "_eq":
            wanted = fold(operand)
            return lambda value: value is not None and bool(fold(value) == wanted)
        case "_gt":
            least = fold(operand)
            return lambda value: value is not None and bool(fold(value) > least)
        case "_in":
            among = frozenset(fold(one) for one in operand)
            return lambda value: fold(value) in among
        case _:
            return lambda value: (value is None) is operand
