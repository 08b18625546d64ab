"""Pool and station ids: the shape of an EVSE id with another type letter (`IT*123*P456*AB789`, `NL*EVN*S12`).

In the French national access point the "station" is the pool, with the letter P.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from charging.identifiers.countries import OFTEN_WRITTEN_FOR
from charging.identifiers.evse_id import MAX_COMPACT
from charging.identifiers.notation import notation_flags, tidy

_SHAPE = re.compile(r"([A-Z]{2})([*-]?)([A-Z0-9]{3})([*-]?)([PS])([A-Z0-9*]{1,51})")
_LONGEST = {"P": 31, "S": 51}
"""What is met: OCHP's limit for pools, that of an eMIP library for stations."""
_MAX_PUBLISHED = 30


class Group(StrEnum):
    """What an id groups; the value is its type letter."""

    POOL = "P"
    STATION = "S"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupId:
    """A pool or station id, taken apart. `flags` name what was unusual in the way it was written."""

    group: Group
    country: str
    operator: str
    name: str
    flags: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The id with its separators."""
        return f"{self.country}*{self.operator}*{self.group}{self.name}"

    @property
    def compact(self) -> str:
        """The id for comparing: without separators, which mean nothing."""
        return self.text.replace("*", "")

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Rules by which some reader refuses it."""
        found = {
            "id.country_nonstandard": self.country in OFTEN_WRITTEN_FOR,
            "id.outlet_too_long": len(self.name) > _MAX_PUBLISHED,
            "id.too_long": len(self.compact) > MAX_COMPACT,
            "id.separator_empty_part": "" in self.name.split("*"),
        }
        return tuple(rule for rule, is_so in found.items() if is_so)


def parse(text: str) -> GroupId | None:
    """Take a pool or station id apart, accepting the union of what is published; None if it is none."""
    tidied = tidy(text)
    found = _SHAPE.fullmatch(tidied) if tidied is not None else None
    if tidied is None or found is None:
        return None
    country, first, operator, second, letter, name = found.groups()
    if not name.strip("*") or len(name) > _LONGEST[letter]:
        return None
    flags = notation_flags(text, tidied)
    if "-" in first + second:
        flags = (*flags, "id.separator_nonstandard")
    return GroupId(group=Group(letter), country=country, operator=operator, name=name, flags=flags)


def compact(text: str) -> str | None:
    """Return the form in which two such ids are compared, or None if it is neither."""
    parsed = parse(text)
    return parsed.compact if parsed else None
