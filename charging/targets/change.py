"""What a load would do to a target, what it did, and what the target then holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from charging import canonical

Plain = str | int | None
"""A value that a database and a report can both hold; instants are ISO 8601 text in UTC."""

NOTHING: Mapping[str, Plain] = {}


class Action(StrEnum):
    """What a row needs."""

    CREATE = "create"
    UPDATE = "update"
    SAME = "same"
    REFUSE = "refuse"
    """The target says something else that we must not overrule, or cannot take the row: a person decides."""
    UNKNOWN = "unknown"
    """The target did not say what it has: nothing is sent, and the next run asks again."""

    @property
    def is_sent(self) -> bool:
        """Whether something is written to the target."""
        return self in {Action.CREATE, Action.UPDATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row's plan, in the target's own fields."""

    entity: str
    key: str
    action: Action
    reason: str
    before: Mapping[str, Plain] = field(default_factory=dict)
    """What the target says of the fields that would change."""
    after: Mapping[str, Plain] = field(default_factory=dict)
    """What they would be."""
    fields: Mapping[str, Plain] = field(default_factory=dict)
    """All that the target should hold of this row, as it is read back."""
    kept: Mapping[str, Plain] = field(default_factory=dict)
    """Where the target says otherwise and is left so on purpose: what it has observed or widened itself."""
    no_place: tuple[str, ...] = ()
    """What we know of the row and the target has no field for."""
    carrier: tuple[str, str] | None = None
    """Entity and key of the row inside which this one travels."""
    body: str = ""
    """What is sent, where it is a document."""
    stamped_at: datetime | None = None
    """The `last_updated` that goes with this content: the same in every run that means the same."""

    content: str = ""
    """The hash of all that travels with the row, where that is more than its fields."""

    @property
    def content_sha256(self) -> str:
        """The hash of what the target should hold: the same content has the same one in every run."""
        return self.content or canonical.digest(self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a planned change; `error` is the target's own sentence."""

    entity: str
    key: str
    action: Action
    error: str | None
    http_status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that reads otherwise at the target than it should; an empty field is the row itself."""

    entity: str
    key: str
    field: str
    expected: Plain
    found: Plain
