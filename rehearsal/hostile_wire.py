"""HTTP as a hostile partner speaks it: every byte of an answer is its own choice, and so is when it comes."""

import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import BinaryIO, Protocol
from urllib.parse import parse_qsl, urlsplit

_LINE = 65_536
_HEADERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as it came over the wire; the names of its headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


class _Output(Protocol):
    def write(self, data: bytes, /) -> object:
        """Send bytes."""

    def flush(self) -> object:
        """Send them now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. With `pieces`, the body is sent as it is made, and nothing says how long it will be."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: Iterable[bytes] | None = None
    verbatim: bytes | None = None
    """The whole answer to the byte, instead of all the above; the connection ends with it."""
    pause: float = 0.0
    """Before the first byte, in seconds."""
    between: float = 0.0
    """Between single bytes of `verbatim`, in seconds."""

    def send(self, output: _Output, *, stopping: Event) -> bool:
        """Put the answer on the wire and return whether the connection stays."""
        if self.pause and stopping.wait(self.pause):
            return False
        if self.verbatim is not None:
            self._drip(output, stopping)
            return False
        length = {} if self.pieces is not None else {"Content-Length": str(len(self.body))}
        headers = {"Content-Type": "application/json", "Date": _date(), **length, **self.headers}
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {value}" for name, value in headers.items())]
        closing = ["Connection: close"] if self.pieces is not None else []
        output.write("\r\n".join([*lines, *closing, "", ""]).encode("latin-1"))
        output.write(self.body)
        for piece in self.pieces or ():
            if stopping.is_set():
                return False
            output.write(piece)
        output.flush()
        return self.pieces is None

    def _drip(self, output: _Output, stopping: Event) -> None:
        stated = self.verbatim or b""
        if not self.between:
            output.write(stated)
            output.flush()
            return
        for byte in stated:
            output.write(bytes([byte]))
            output.flush()
            if stopping.wait(self.between):
                return


def read(stream: BinaryIO) -> Asked | None:
    """Return the next request on a connection, or None when there is none."""
    words = stream.readline(_LINE).decode("latin-1").split()
    if len(words) != 3:
        return None
    headers: dict[str, str] = {}
    for _ in range(_HEADERS):
        line = stream.readline(_LINE).decode("latin-1").strip()
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    stream.read(int(headers.get("content-length", "0")))
    parts = urlsplit(words[1])
    return Asked(method=words[0], path=parts.path, query=dict(parse_qsl(parts.query)), headers=headers)


def spaces(size: int) -> Iterator[bytes]:
    """Yield an answer of so many bytes that says nothing."""
    piece = b" " * 1_048_576
    for _ in range(size // len(piece)):
        yield piece


def bomb(size: int) -> Iterator[bytes]:
    """Yield gzip that inflates to so many bytes, a thousandth of them on the wire."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    yield packer.compress(b"{") + packer.flush(zlib.Z_FULL_FLUSH)
    piece = 16_777_216
    # After a full flush a stretch depends on nothing before it: the same bytes may follow one another for ever.
    stretch = packer.compress(b" " * piece) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(size // piece):
        yield stretch


def _date() -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
