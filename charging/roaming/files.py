"""CDRs by file: what a partner exported or dropped, messages that were captured, or what we wrote ourselves.

OCPI and OICP as JSON (a list, an answer, one record) or JSON lines; OCHP and eMIP as XML; statements as CSV or XLSX, by
a mapping or in our own column names; our own columns as Parquet. A file is taken for what its content shows.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from charging.errors import SourceError, SourceNotFound, UnreadableSource
from charging.roaming.cdr import Side
from charging.roaming.file_kinds import CutOff
from charging.roaming.file_reading import MEND, FileRead, read_whole
from charging.roaming.ocpi.parse import Parsed
from charging.roaming.partner import Partner

QUIET = timedelta(seconds=60)
"""For how long a file must have been left alone before it is taken for whole."""
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", ".swp", "~")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLeft:
    """A file that was not read, and why. One that is refused needs somebody; the others may be whole the next time."""

    path: Path
    reason: str
    is_refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesRead:
    """What lies in a partner's folder: every file is in one of the three."""

    fresh: tuple[FileRead, ...]
    known: tuple[Path, ...]
    """Read before, by their content."""
    left: tuple[FileLeft, ...]

    @property
    def incomplete_because(self) -> str | None:
        """Why this is not all, in a sentence; None if it is."""
        named = ((each.reason.startswith(each.path.name), each) for each in self.left)
        told = [each.reason if is_named else f"{each.path.name}: {each.reason}" for is_named, each in named]
        more = f"; and {len(told) - 3} more" if len(told) > 3 else ""
        return "; ".join(told[:3]) + more if told else None


def read(path: Path, *, partner: Partner, side: Side = Side.THEIRS, mapping: Path | None = None) -> Parsed:
    """Return the CDRs of a file, as `side` states them, and its records that are none.

    Raises:
        SourceNotFound: if it is not there.
        UnreadableSource: if it is cut off, or nothing that is read here.
    """
    return read_file(path, partner=partner, side=side, mapping=mapping).parsed


def read_file(path: Path, *, partner: Partner, side: Side = Side.THEIRS, mapping: Path | None = None) -> FileRead:
    """Return a file, read, with how that was done. `mapping` is of a statement; of theirs, the partner's if not said.

    Raises:
        SourceNotFound: if it is not there.
        UnreadableSource: if it is cut off, or nothing that is read here.
    """
    try:
        return read_whole(path, partner=partner, side=side, mapping=mapping)
    except CutOff as problem:
        raise UnreadableSource(str(path), str(problem), MEND) from problem


def read_files(partner: Partner, *, known: Collection[str], now: datetime) -> FilesRead:
    """Return what is new in a partner's folder; `known` are the hashes (SHA-256) of what was read before.

    A file that is still being written, or is cut off, is left for the next time; one that nobody can read costs itself.

    Raises:
        SourceNotFound: if the partner has no folder, or it is not there: an empty one is something else.
    """
    stated = partner.files
    if stated is None or not stated.folder.is_dir():
        mend = "check files.folder in the partner file, and that the folder is mounted"
        raise SourceNotFound(str(stated.folder) if stated else f"{partner.name}'s files", mend)
    fresh: list[FileRead] = []
    before: list[Path] = []
    left: list[FileLeft] = []
    seen = set(known)
    for path in sorted(each for each in stated.folder.glob(stated.pattern) if each.is_file()):
        try:
            if (growing := _growing(path, now=now)) is not None:
                left.append(FileLeft(path=path, reason=growing, is_refused=False))
                continue
            if _hash(path) in seen:
                before.append(path)
                continue
            found = read_whole(path, partner=partner, side=Side.THEIRS, mapping=None, expected=stated.format)
        except CutOff as problem:
            reason = f"{problem}; it is left for the next night, and if it came like this, {MEND}"
            left.append(FileLeft(path=path, reason=reason, is_refused=False))
        except SourceError as problem:
            left.append(FileLeft(path=path, reason=str(problem), is_refused=True))
        else:
            fresh.append(found)
            seen.add(found.sha256)
    return FilesRead(fresh=tuple(fresh), known=tuple(before), left=tuple(left))


def _growing(path: Path, *, now: datetime) -> str | None:
    """Return why a file may not be whole yet, None where nothing speaks for it."""
    if path.name.startswith(".") or path.name.endswith(_UNFINISHED):
        return "its name says that it is not finished"
    stat = path.stat()
    if not stat.st_size:
        return "it is empty"
    age = now - datetime.fromtimestamp(stat.st_mtime, UTC)
    if timedelta(0) <= age < QUIET:
        return f"it was written to {age // timedelta(seconds=1)} seconds ago, and may still be growing"
    return None


def _hash(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
