"""Writing values into a partner file: every comment stays, and nothing is written that cannot be read again."""

import os
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

import tomlkit
from tomlkit.items import Table as TomlTable

from charging.errors import PartnerFileError
from charging.roaming import partner_file

Values = Mapping[str, object]
"""By key, with its table: `probed.at`. None takes a key away."""


def changed(text: str, values: Values) -> str:
    """Return the text of a file with these values in it; comments and order stay."""
    document = tomlkit.parse(text)
    for full, value in values.items():
        table, _, name = full.rpartition(".")
        if table and table not in document:
            document.append(table, tomlkit.table())
        place = document[table] if table else document
        if not isinstance(place, TomlTable | tomlkit.TOMLDocument):
            raise TypeError(f"{table} is no table")
        if value is None:
            place.pop(name, None)
        elif place.get(name) != value:
            place[name] = value
    return tomlkit.dumps(document)


def diff(before: str, after: str, *, name: str) -> Iterator[str]:
    """Yield what changes, as `diff -u` writes it."""
    for line in unified_diff(before.splitlines(), after.splitlines(), f"{name} as it is", f"{name} as it will be"):
        yield line.rstrip("\n")


def write(path: Path, values: Values) -> bool:
    """Write values into a partner file, all of them or none; return whether anything changed.

    Raises:
        PartnerFileError: if the file cannot be read, or could not be read any more.
    """
    partner_file.load(path)
    before = path.read_text("utf-8")
    after = changed(before, values)
    if after == before:
        return False
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_text(after, encoding="utf-8")
        partner_file.of_values(partner_file.load(unfinished), path=path)
        unfinished.chmod(path.stat().st_mode & 0o777)
        unfinished.replace(path)
    except PartnerFileError as problem:
        raise PartnerFileError(str(path), problem.problem, f"nothing was written; {problem.mend}") from problem
    finally:
        unfinished.unlink(missing_ok=True)
    return True
