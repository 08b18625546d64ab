"""Taking a mapping file apart, key by key: whatever is not right is named with its file, its key and the mend."""

import tomllib
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from charging.errors import UnreadableSource

Table = Mapping[str, Any]


def document(file: Traversable | Path) -> dict[str, Any]:
    """Return what a mapping file holds.

    Raises:
        UnreadableSource: if it is no TOML, or cannot be read.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableSource(file.name, f"it is no TOML ({error})", "mend it at that place") from None
    except OSError as error:
        raise UnreadableSource(file.name, str(error.strerror), "name a file that you may read") from None


class Keys:
    """The keys of one mapping file. `at` is where a key stands, such as `culture.`."""

    def __init__(self, file: str) -> None:
        self._file = file

    def refuse(self, key: str, problem: str, mend: str) -> UnreadableSource:
        """Return the sentence about a key."""
        return UnreadableSource(f"mapping file {self._file}", f"key {key} {problem}", mend)

    def table(self, of: Table, key: str, allowed: tuple[str, ...], *, at: str = "") -> Table:
        """Return a table that may be left out.

        Raises:
            UnreadableSource: if it is none, or holds an unknown key.
        """
        table = of.get(key, {})
        if not isinstance(table, dict):
            raise self.refuse(f"{at}{key}", "is no table", f"write [{at}{key}]")
        self.only(table, allowed, at=f"{at}{key}.")
        return table

    def only(self, table: Table, allowed: tuple[str, ...], *, at: str) -> None:
        """Refuse an unknown key.

        Raises:
            UnreadableSource: if there is one.
        """
        for key in table:
            if key not in allowed:
                raise self.refuse(f"{at}{key}", "is unknown", f"known are {', '.join(allowed)}")

    def text(self, table: Table, key: str, *, at: str) -> str | None:
        """Return a text, or None where it is left out.

        Raises:
            UnreadableSource: if it is no text, or empty.
        """
        value = table.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self.refuse(f"{at}{key}", f"is {value!r}", "write a text in quotes")
        return value

    def one_of(
        self, table: Table, key: str, allowed: tuple[str, ...], *, at: str, default: str | None = None
    ) -> str | None:
        """Return one of the allowed words, or None where it is left out.

        Raises:
            UnreadableSource: if it is another.
        """
        value = table.get(key, default)
        if value is None:
            return None
        if value not in allowed:
            raise self.refuse(f"{at}{key}", f"is {value!r}", f"write one of {', '.join(map(repr, allowed))}")
        return str(value)

    def zone(self, table: Table, key: str, *, at: str) -> str | None:
        """Return an IANA zone, or None where it is left out.

        Raises:
            UnreadableSource: if there is no such zone.
        """
        zone = self.text(table, key, at=at)
        if zone is not None and not is_time_zone(zone):
            raise self.refuse(f"{at}{key}", f"is {zone!r}", "write an IANA name such as 'Europe/Amsterdam'")
        return zone

    def century(self, culture: Table) -> int | None:
        """Return what to add to years that came without their century.

        Raises:
            UnreadableSource: if it is none that a charge can have been in.
        """
        century = culture.get("century")
        if century is not None and century not in {1900, 2000}:
            raise self.refuse("culture.century", f"is {century!r}", "write 2000")
        return century

    def code(self, table: Table, key: str, *, length: int) -> str | None:
        """Return an ISO code under `culture`, or None where it is left out.

        Raises:
            UnreadableSource: if it has not that many capital letters.
        """
        value = self.text(table, key, at="culture.")
        if value is not None and not (len(value) == length and value.isascii() and value.isalpha() and value.isupper()):
            raise self.refuse(f"culture.{key}", f"is {value!r}", f"write {length} capital letters (ISO)")
        return value


def is_time_zone(name: str) -> bool:
    """Whether the IANA database knows the name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder's name, such as Europe
        return False
    return True
