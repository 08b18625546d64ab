"""What our receiver works with, and who stands before it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import sqlalchemy as sa

from charging.clock import Clock
from charging.roaming.ocpi.credentials import Us
from charging.roaming.ocpi.transport import Transport
from charging.roaming.partner import Partner
from charging.roaming.registration import GivenToken
from charging.roaming.secrets_folder import SecretsFolder
from charging.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Everything that the receiver needs, handed in."""

    url: str
    """By which partners reach us, up to and with /ocpi."""
    business_name: str
    engine: sa.Engine
    secrets: SecretsFolder
    partner: Callable[[str], Partner]
    """Reads a partner file."""
    connect: Callable[[Partner, Secret], AbstractContextManager[Transport]]
    """The way to a partner, for the reads during its POST or PUT of credentials."""
    mint: Callable[[], Secret]
    clock: Clock
    seconds: Callable[[], float]
    """A clock that only counts forward, for rates."""
    failures_per_minute: int = 30

    def us(self, partner: Partner) -> Us:
        """Return who we are to a partner."""
        return Us(
            versions_url=f"{self.url}/versions",
            party=partner.owner,
            role=partner.our_role,
            business_name=self.business_name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comer:
    """A partner whose token opened the door."""

    partner: Partner
    given: GivenToken
    token: Secret
    """As it came: what GET credentials gives back."""
