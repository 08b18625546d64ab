"""What goes into a request to a partner, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Protocol

from charging.roaming.ocpi.wire import Envelope
from charging.roaming.partner import TokenEncoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much we let a partner keep us busy."""

    attempts: int = 4
    max_bytes: int = 50_000_000
    """Of one body as decoded: what is compressed on the way counts in full."""
    max_duration: timedelta = timedelta(seconds=120)
    """Of one answer."""
    max_waiting: timedelta = timedelta(minutes=15)
    """In all, for what Retry-After asks of us."""
    max_pull_duration: timedelta = timedelta(hours=6)
    """Of one list, from the first page to the last."""
    max_rounds: int = 12
    """How often a list is read again whose records and totals do not agree."""
    max_records: int = 10_000_000
    """Of one pull; a list that never ends is left."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that is an OCPI success, kept as it came: out of its compression, in UTF-8, and without our token."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    envelope: Envelope = field(compare=False)
    was_masked: bool = False
    """Whether our token stood in it."""

    @cached_property
    def sha256(self) -> str:
        """The hash of the body."""
        return sha256(self.body).hexdigest()


class Peer(Protocol):
    """What a transport must know of the other side."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def party(self) -> str:
        """Its country and party: NL-ROA."""

    @property
    def owner(self) -> str:
        """Ours."""

    @property
    def version(self) -> str:
        """The OCPI version agreed with it."""

    @property
    def origins(self) -> tuple[str, ...]:
        """Where its addresses may lie; the token goes nowhere else."""

    @property
    def token_encoding(self) -> TokenEncoding:
        """How the token stands in the header."""
