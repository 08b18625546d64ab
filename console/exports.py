"""Exports that are named on the command line. Imports nothing heavy: a slip of the pen is answered at once."""

from pathlib import Path

from charging.errors import SourceNotFound
from charging.legacy import mapping as mappings
from charging.legacy.csv_file import CsvSource


def csv(file: Path, *, time_zone: str | None, mapping: Path | None) -> CsvSource:
    """Return a CSV export that can be read to its end.

    Raises:
        SourceError: if it cannot, or if the mapping file is not valid.
        SettingsError: if its times carry no zone, and none was given.
    """
    if file.is_dir():
        raise SourceNotFound(str(file), "it is a folder: name a file in it")
    source = CsvSource(file, mapping=mappings.load(mapping) if mapping else None, time_zone=time_zone)
    source.inspect()
    return source
