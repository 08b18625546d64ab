"""What every target can do: say what would change, do it, and be read back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from charging.targets.change import Applied, Change, Difference
from charging.targets.wanted import Wanted

Sent = Mapping[str, Mapping[str, object]]
"""Rows of one entity by their keys, with the fields that are sent, as the target names them."""
Check = Callable[[str, Sent], Mapping[str, str]]
"""Given an entity and what is about to be sent, returns why a row must not be, by its key."""


def let_all_pass(_entity: str, _sent: Sent) -> Mapping[str, str]:
    """Ask nothing of what is sent."""
    return {}


class Target(Protocol):
    """A back-office to load into. It may be in use: what is there and not ours is left as it is."""

    @property
    def kind(self) -> str:
        """`steve`, `ocpi`, `citrineos` or `csv`."""

    @property
    def entities(self) -> tuple[str, ...]:
        """What it takes, in the order in which it takes them."""

    def plan(self, wanted: Wanted, *, check: Check = let_all_pass) -> list[Change]:
        """Say what each row needs, in an order in which it can be applied. Nothing is written: this is the dry run.

        What `check` gives a reason for is refused, and so is what hangs on it.

        Raises:
            BackOfficeUnavailable: if the target does not answer at all.
        """

    def apply(self, changes: Sequence[Change]) -> Iterator[Applied]:
        """Make the changes; one that fails keeps its error and costs itself alone. Applying a plan again is safe.

        Raises:
            BackOfficeUnavailable: if the target does not answer any more.
        """

    def verify(self, changes: Sequence[Change]) -> list[Difference]:
        """Read back what was planned, refused rows excepted, and return each field that reads otherwise than it should.

        Raises:
            BackOfficeUnavailable: if the target does not answer any more.
        """
