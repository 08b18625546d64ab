"""What a load would do to a target, what it did, and what the target then holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Plain = str | int | None
"""A value that a database and a report can both hold; instants are ISO 8601 text in UTC."""


class Action(StrEnum):
    """What a row needs."""

    CREATE = "create"
    UPDATE = "update"
    SAME = "same"
    REFUSE = "refuse"
    """The target says something else that we must not overrule: a person decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row's plan. `before` and `after` hold the target's own columns that would change."""

    entity: str
    key: str
    action: Action
    reason: str
    before: Mapping[str, Plain]
    after: Mapping[str, Plain]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a planned change; `error` is the target's own sentence."""

    entity: str
    key: str
    action: Action
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that reads otherwise at the target than it should."""

    entity: str
    key: str
    field: str
    expected: Plain
    found: Plain
