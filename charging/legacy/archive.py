"""A ZIP of exports, unpacked with care: nothing that it says about itself is believed before it has been looked at."""

import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from weakref import finalize

from charging.errors import SourceNotFound, UnreadableSource

MOST_FILES = 1000
MOST_BYTES = 20 << 30
"""Twenty gibibytes unpacked, all files together."""
MOST_RATIO = 200
"""So many times smaller no export becomes; one of some size that claims to is a bomb."""
_SMALL = 10 << 20
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class Archive:
    """The CSV files of a ZIP, in a folder of their own that goes when this goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = Path(tempfile.mkdtemp(prefix="rehome-zip-"))
        self._remove = finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.files, self.others = self._unpack()

    def close(self) -> None:
        """Remove what was unpacked."""
        self._remove()

    def _unpack(self) -> tuple[dict[str, Path], tuple[str, ...]]:
        """Return the CSV files by their names in the ZIP, and the names of everything else.

        Raises:
            SourceNotFound: if there is no such file.
            UnreadableSource: if it is no ZIP, broken, encrypted, too large, or has files outside of itself.
        """
        if not self.path.is_file():
            raise SourceNotFound(str(self.path))
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = [member for member in archive.infolist() if not member.is_dir()]
                self._require_sound(members)
                wanted = [member for member in members if member.filename.lower().endswith(".csv")]
                files = {member.filename: self._unpack_one(archive, member, n) for n, member in enumerate(wanted)}
        except zipfile.BadZipFile as error:
            raise self._refuse(f"it is no ZIP, or cut off ({error})", "fetch it again, whole") from None
        except OSError as error:
            raise self._refuse(str(error.strerror), "name a file that you may read") from None
        if not files:
            raise self._refuse("there is no CSV file in it", "name a ZIP of CSV files")
        return files, tuple(member.filename for member in members if member.filename not in files)

    def _unpack_one(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, number: int) -> Path:
        folder = self.folder / str(number)
        folder.mkdir()
        path = folder / PurePosixPath(member.filename).name
        try:
            with archive.open(member) as packed, path.open("wb") as file:
                shutil.copyfileobj(
                    packed, file, 1 << 20
                )  # never more than it claims: what is longer fails its checksum
        except _BROKEN as error:
            problem = f"{member.filename} in it is broken ({error or type(error).__name__})"
            raise self._refuse(problem, "fetch it again, whole") from None
        return path

    def _require_sound(self, members: list[zipfile.ZipInfo]) -> None:
        names = [member.filename for member in members]
        size, packed = (sum(getattr(each, name) for each in members) for name in ("file_size", "compress_size"))
        outside = next((name for name in names if _is_outside(name)), None)
        twice = next((name for name in names if names.count(name) > 1), None) if len(names) <= MOST_FILES else None
        if outside is not None:
            raise self._refuse(f"{outside!r} would land outside of it", "have it made anew by who sent it")
        if len(names) > MOST_FILES or size > MOST_BYTES:
            limit = f"{MOST_FILES} files and {MOST_BYTES >> 30} GiB are the most"
            raise self._refuse(f"it holds {len(names)} files of {size:,} bytes; {limit}", "split it")
        if size > _SMALL and size > packed * MOST_RATIO:
            times = f"it unpacks to {size // max(packed, 1)} times its size; {MOST_RATIO} times is the most"
            raise self._refuse(times, "have it made anew by who sent it")
        if size > shutil.disk_usage(self.folder).free:
            raise self._refuse(f"it unpacks to {size:,} bytes, and there is no room for them", "make room")
        if twice is not None:
            raise self._refuse(f"two files in it are called {twice!r}", "give every file a name of its own")
        if any(member.flag_bits & _ENCRYPTED for member in members):
            raise self._refuse("it is encrypted", "unpack it with its password, and pack it again without one")

    def _refuse(self, problem: str, mend: str) -> UnreadableSource:
        return UnreadableSource(self.path.name, problem, mend)


def _is_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name
