"""A value that must not be printed, logged or stored by accident."""

import os
from pathlib import Path
from typing import Never

from charging.errors import SettingsError


class Secret:
    """Holds a password or a token; shows itself only as `****` (and its last four characters where it is long)."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one call that needs it."""
        return self._value

    def __str__(self) -> str:
        return f"****{self._value[-4:]}" if len(self._value) >= 16 else "****"

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> Never:
        raise TypeError("a secret cannot be serialised: hand over the reference to it instead")


def resolve(reference: str, *, setting: str) -> Secret:
    """Return the secret that a reference points to: `env:NAME` or `file:PATH`. Settings never hold the value itself.

    Raises:
        SettingsError: if the reference is of another form, or points to nothing.
    """
    kind, _, place = reference.partition(":")
    if kind == "env":
        value = os.environ.get(place)
        if not value:
            raise SettingsError(setting, f"points to the environment variable {place}, which is not set", "set it")
        return Secret(value)
    if kind == "file":
        try:
            value = Path(place).read_text("utf-8").strip()
        except OSError as error:
            raise SettingsError(setting, f"points to {place}: {error.strerror}", "write the secret there") from None
        except ValueError:  # bytes that are no UTF-8, or a path that no system takes
            raise SettingsError(setting, f"points to {place}, which is no text", "write the secret there") from None
        if not value:
            raise SettingsError(setting, f"points to {place}, which is empty", "write the secret there")
        return Secret(value)
    raise SettingsError(setting, "holds something else than a reference", "write env:NAME or file:PATH")
