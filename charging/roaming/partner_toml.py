"""A table of a partner file, whose every refusal names file, key and mend. Defaults are in `partner_keys`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from charging.errors import PartnerFileError
from charging.roaming.partner_keys import BY_NAME, known

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T", bound=object)
_KINDS = {str: "a text", bool: "true or false", int: "a whole number", list: "a list", dict: "a table"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The head of the file, or one of its tables."""

    file: str
    name: str
    values: Mapping[str, Any]

    def __post_init__(self) -> None:
        there = known(self.name)
        for key in self.values.keys() - there:
            near = get_close_matches(key, there, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}? " if near else ""
            raise self.error(key, "is not known", f"{hint}known are {', '.join(sorted(there))}")

    def error(self, key: str, problem: str, mend: str) -> PartnerFileError:
        """Return the refusal of a key."""
        full = self._full(key)
        return PartnerFileError(self.file, f"key {full} {problem}", mend, key=full)

    def has(self, key: str) -> bool:
        """Whether the file says something of a key."""
        return key in self.values

    def get(self, key: str, kind: type[T]) -> T:
        """Return what is said of a key, or what holds by default.

        Raises:
            PartnerFileError: if it is neither said nor given by default, or of another kind.
        """
        value = self.values.get(key, self._default(key))
        if value is None:
            raise self.error(key, "is missing", "add it")
        if isinstance(value, tuple):
            value = list(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(key, f"is {value!r}", f"write {_KINDS[kind]}")
        return value

    def text(self, key: str) -> str | None:
        """Return the text under a key that need not be there."""
        return self.get(key, str) if self.has(key) else None

    def number(self, key: str) -> Decimal | None:
        """Return a number that is not negative."""
        value = self.values.get(key, self._default(key))
        if value is None:
            return None
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if isinstance(value, bool) or not number.is_finite() or number < 0:
            raise self.error(key, f"is {value!r}", "write a number that is not negative, such as 0.01")
        return number

    def duration(self, key: str, *, unit: timedelta) -> timedelta:
        """Return a number of some unit, cut to whole seconds."""
        number = self.number(key) or Decimal(0)
        return int(number * (unit // timedelta(seconds=1))) * timedelta(seconds=1)

    def whole(self, key: str) -> int | None:
        """Return a whole number from 1 on."""
        if not self.has(key) and self._default(key) is None:
            return None
        number = self.get(key, int)
        if number < 1:
            raise self.error(key, f"is {number}", "write a whole number from 1 on")
        return number

    def choice(self, key: str, choices: Mapping[str, T]) -> T:
        """Return what a word stands for."""
        stated = self.get(key, str)
        if stated not in choices:
            raise self.error(key, f"is {stated!r}", f"choose one of {', '.join(choices)}")
        return choices[stated]

    def choices(self, key: str, choices: Mapping[str, T]) -> tuple[T, ...]:
        """Return what each word of a list stands for, in the order of the choices."""
        stated = self.get(key, list)
        for word in stated:
            if not isinstance(word, str) or word not in choices:
                near = get_close_matches(str(word), choices, n=1, cutoff=0.6)
                hint = f"did you mean {near[0]}? " if near else ""
                raise self.error(key, f"holds {word!r}", f"{hint}choose from {', '.join(choices)}")
        return tuple(value for word, value in choices.items() if word in stated)

    def pattern(self, key: str, pattern: re.Pattern[str]) -> str:
        """Return a text of a certain form."""
        stated = self.get(key, str)
        if not pattern.fullmatch(stated):
            raise self.error(key, f"is {stated!r}", f"write it as in {BY_NAME[self._full(key)].example}")
        return stated

    def inner(self, table: str) -> "Table":
        """Return a table of the file; one that is not there is empty."""
        stated = self.values.get(table, {})
        if not isinstance(stated, dict):
            raise self.error(table, f"is {stated!r}", f"write [{table}] and its keys below")
        return Table(file=self.file, name=table, values=stated)

    def _full(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def _default(self, key: str) -> Any:
        found = BY_NAME.get(self._full(key))
        return None if found is None else found.default


def words(enum: type[E]) -> dict[str, E]:
    """Return a closed set by its words, for `Table.choice`."""
    return {member.value: member for member in enum}
