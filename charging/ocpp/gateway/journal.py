"""The gateway's journal: files that are only ever added to, and survive the gateway's being killed at any instant.

A segment is a file of a fixed size whose room is taken when it is made, so that a full disk is met there and not in the
middle of a frame. It is written through a mapping: what has been written is the system's, whatever becomes of the
process. Each entry is `length, checksum, bytes`; its length is written last, so that a reader beside the writer, or
after its death, sees an entry whole or not at all.
"""

import contextlib
import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zlib import crc32

from charging.errors import DiskFull, GatewayRuns

SEGMENT_BYTES = 64 * 1024 * 1024
_HEAD = struct.Struct("<II")
_LENGTH = struct.Struct("<I")
_END = 0xFFFF_FFFF
"""A length that says that the next segment goes on."""
_SUFFIX = ".segment"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a journal: which segment, and how many bytes of it are before."""

    segment: int
    offset: int


class Journal:
    """Writes a gateway's journal. One process at a time; the folder is locked as long as it is open.

    Raises:
        GatewayRuns: if another process writes there.
        DiskFull: if there is no room for a segment.
    """

    def __init__(self, folder: Path, *, after: int = 0, segment_bytes: int = SEGMENT_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._lock = _locked(folder)
        self._bytes = segment_bytes
        self._map: mmap.mmap | None = None
        self._offset = 0
        self.segment = max([after, *segments(folder)])
        self.run = self.segment + 1
        """The first segment of this run: it numbers the run, too."""
        self._next()

    def append(self, entry: bytes) -> Place:
        """Write an entry, and return where it ends. It survives this process from here on.

        Raises:
            DiskFull: if a new segment is needed and there is no room for it; nothing has been written then.
        """
        end = self._offset + _HEAD.size + len(entry)
        if end > self._bytes - _LENGTH.size:
            self._next(at_least=len(entry))
            end = _HEAD.size + len(entry)
        room, offset = self._map, self._offset
        assert room is not None  # noqa: S101 - there is one until it is closed
        room[offset + _HEAD.size : end] = entry
        _HEAD.pack_into(room, offset, 0, crc32(entry))
        _LENGTH.pack_into(room, offset, len(entry))
        self._offset = end
        return Place(self.segment, end)

    @property
    def place(self) -> Place:
        """Where the next entry will be."""
        return Place(self.segment, self._offset)

    def close(self) -> None:
        """Give the room back that was not used, and let another process write here."""
        if self._map is not None:
            self._map.close()
            self._map = None
            path(self.folder, self.segment).open("r+b").truncate(self._offset)
        self._lock.close()

    def _next(self, *, at_least: int = 0) -> None:
        size = max(self._bytes, at_least + 2 * _HEAD.size)
        file = path(self.folder, self.segment + 1)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _take_room(descriptor, size)
            fresh = mmap.mmap(descriptor, size)
        except OSError:
            file.unlink()
            free = os.statvfs(self.folder)
            raise DiskFull(
                str(self.folder), free.f_bavail * free.f_frsize // 1_000_000, -(-size // 1_000_000)
            ) from None
        finally:
            os.close(descriptor)
        if self._map is not None:
            _LENGTH.pack_into(self._map, self._offset, _END)
            self._map.close()
        self._map, self._offset = fresh, 0
        self.segment += 1


class Reader:
    """Reads a journal from a place on, also while it is written."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.folder = folder
        self.place = place
        self._file: IO[bytes] | None = None

    def read(self) -> list[tuple[Place, bytes]]:
        """Return some of the entries that are there by now, each with where it ends; none at the present end."""
        while True:
            found = self._entries()
            if found:
                self.place = found[-1][0]
                return found
            if not self._moves_on():
                return []

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _entries(self) -> list[tuple[Place, bytes]]:
        file = self._open()
        if file is None:
            return []
        segment, offset = self.place.segment, self.place.offset
        file.seek(offset)
        chunk = file.read(_CHUNK_BYTES)
        if len(chunk) >= _HEAD.size and (length := _HEAD.unpack_from(chunk)[0]) != _END:
            chunk += file.read(max(0, _HEAD.size + length - len(chunk)))
        found, at = [], 0
        while len(chunk) - at >= _HEAD.size:
            length, checksum = _HEAD.unpack_from(chunk, at)
            start, at = at + _HEAD.size, at + _HEAD.size + length
            if length in {0, _END} or at > len(chunk) or crc32(entry := chunk[start:at]) != checksum:
                break
            found.append((Place(segment, offset + at), entry))
        return found

    def _moves_on(self) -> bool:
        """Go to the next segment, if there is one: what this one has not got by then was never whole."""
        later = [number for number in segments(self.folder) if number > self.place.segment]
        if not later or self._entries():  # they may have come between the two looks
            return bool(later)
        self.close()
        self.place = Place(min(later), 0)
        return True

    def _open(self) -> IO[bytes] | None:
        if self._file is None:
            with contextlib.suppress(FileNotFoundError):
                self._file = path(self.folder, self.place.segment).open("rb", buffering=0)
        return self._file


def segments(folder: Path) -> list[int]:
    """Return the numbers of the segments that are there, the oldest first."""
    return sorted(int(file.stem) for file in folder.glob(f"*{_SUFFIX}") if file.stem.isdecimal())


def path(folder: Path, segment: int) -> Path:
    """Return a segment's file."""
    return folder / f"{segment:010d}{_SUFFIX}"


def forget(folder: Path, *, before: int) -> None:
    """Remove the segments whose numbers are smaller."""
    for number in segments(folder):
        if number < before:
            path(folder, number).unlink(missing_ok=True)


def entries(folder: Path) -> Iterator[tuple[Place, bytes]]:
    """Yield everything that is in the journal's files, the oldest first, each with where it ends."""
    first = min(segments(folder), default=0)
    reader = Reader(folder, Place(first, 0))
    try:
        while found := reader.read():
            yield from found
    finally:
        reader.close()


def _locked(folder: Path) -> IO[bytes]:
    lock = (folder / "lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise GatewayRuns(folder.name) from None
    return lock


def _take_room(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:  # macOS
        for _ in range(0, size, 1 << 20):
            os.write(descriptor, bytes(1 << 20))
