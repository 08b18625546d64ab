"""The body of an answer, taken in bounded by size and time, out of its compression and into UTF-8."""

import codecs
import re
import zlib
from collections.abc import Callable, Iterator

import httpx

from charging.roaming.ocpi.transport_waiting import Passing

_PIECE = 1 << 16
_COMPRESSED = {"gzip", "x-gzip", "deflate"}
_MARKS = (  # the longer first: UTF-16's mark begins UTF-32's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(r'charset="?(iso-8859-1|latin-?1|windows-1252|cp1252)', re.IGNORECASE)


class TooLarge(Exception):
    """An answer is larger than what has been agreed."""


def read_body(response: httpx.Response, *, max_bytes: int, max_seconds: float, now: Callable[[], float]) -> bytes:
    """Return a body as decoded; what is compressed on the way counts in full, and is inflated a piece at a time.

    Raises:
        TooLarge: as soon as there is a byte too many, however many would follow.
        Passing: if it takes too long, or is compressed in a way that cannot be undone.
    """
    deadline = now() + max_seconds
    pieces: list[bytes] = []
    size = 0
    for piece in _decoded(response):
        size += len(piece)
        if size > max_bytes:
            raise TooLarge
        if now() > deadline:
            raise Passing(f"an answer that took longer than {max_seconds:g} s")
        pieces.append(piece)
    return b"".join(pieces)


def in_utf8(body: bytes, *, content_type: str) -> bytes:
    """Return a JSON text in UTF-8 without a byte order mark, where it says that it is in something else."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            rest = body[len(mark) :]
            return rest if encoding == "utf-8" else rest.decode(encoding, errors="replace").encode()
    if (stated := _CHARSET.search(content_type)) and not _is_utf8(body):
        encoding = "latin-1" if "1252" not in stated.group(1) else "cp1252"
        return body.decode(encoding, errors="replace").encode()
    return body


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if response.is_stream_consumed:  # handed over whole, as httpx does where nothing was streamed
        yield response.content
    elif encoding in {"", "identity"}:
        yield from response.iter_raw()
    elif encoding in _COMPRESSED:
        yield from _inflated(response.iter_raw())
    else:
        raise Passing(f"an answer in the encoding {encoding[:40]!r}, which was not asked for")


def _inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what gzip or zlib holds, never more than a piece at a time: one chunk may inflate a thousandfold."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    for chunk in chunks:
        left = chunk
        while left:
            if inflater.eof:  # gzip allows one member after another
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
            try:
                yield inflater.decompress(left, _PIECE)
            except zlib.error as failure:
                raise Passing("an answer that is compressed, but not as it says") from failure
            left = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if not inflater.eof:
        yield from _rest(inflater)


def _rest(inflater: "zlib._Decompress") -> Iterator[bytes]:
    while piece := inflater.decompress(inflater.unconsumed_tail, _PIECE):
        yield piece
    if not inflater.eof:
        raise Passing("a compressed answer that ends too early")
