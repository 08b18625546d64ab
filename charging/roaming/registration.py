"""The states of a registration with a partner, and of the tokens that we give. Every word of the journal is here."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """How things stand with a partner."""

    REGISTERED = "registered"
    UNREGISTERED = "unregistered"


class Action(StrEnum):
    """A step of the handshake (OCPI, credentials module)."""

    INVITE = "invite"
    """We make a token A, by which the partner may register with us."""
    REGISTER = "register"
    """POST."""
    ROTATE = "rotate"
    """PUT."""
    SWITCH = "switch"
    """PUT that names another platform: from then on the partner talks to that one."""
    UNREGISTER = "unregister"
    """DELETE."""


class Phase(StrEnum):
    """Where an action is. An intent without one of the others was cut off."""

    INTENT = "intent"
    DONE = "done"
    REFUSED = "refused"
    """The partner said no, and nothing has changed."""
    UNKNOWN = "unknown"
    """Whether the partner did it cannot be told from here."""


class By(StrEnum):
    """Who acts."""

    US = "us"
    PARTNER = "partner"


class Purpose(StrEnum):
    """What a token that we gave opens."""

    INVITATION = "invitation"
    """Token A: versions, details and credentials, until there is another."""
    ACCESS = "access"


class TokenState(StrEnum):
    """Whether a token that we gave is taken."""

    LIVE = "live"
    REPLACED = "replaced"
    """There is a newer one that has not been used yet: the partner may not have got it, so this one still opens."""
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenToken:
    """A token that we gave, by its hash."""

    token_sha256: str
    partner: str
    purpose: Purpose
    state: TokenState
    reference: str
    first_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A line of the journal."""

    event_number: int
    partner: str
    action: Action
    phase: Phase
    by: By
    detail: str
    given_sha256: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How things stand with a partner, and where it is reached."""

    partner: str
    state: State
    version: str | None
    their_url: str | None
    their_roles: tuple[str, ...]
    their_endpoints: dict[str, str]
    held_sha256: str | None
    held_reference: str | None
    changed_at: datetime
