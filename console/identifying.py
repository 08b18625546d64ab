"""Identifiers from arguments or standard input, explained one by one in bounded memory."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from charging.identifiers import told
from charging.identifiers.explain import explain
from charging.identifiers.reading import Asked
from console import shell

LONGEST_LINE = 2_000_000
"""Bytes. The rest of a longer line is read and left out: no identifier comes near it."""
STANDARD_INPUT = "-"


def identify(ids: Sequence[str], *, kind: Asked, as_json: bool) -> shell.Exit:
    """Print what each id is; return `NO` if any of them is none."""
    status = shell.Exit.PASS
    shell.tolerate()
    for text in _texts(ids):
        explained = explain(text, kind=kind)
        if not explained.is_id:
            status = shell.Exit.NO
        if as_json:
            sys.stdout.write(f"{json.dumps(told.document(explained))}\n")
        else:
            sys.stdout.writelines(f"{shell.printable(line)}\n" for line in told.lines(explained))
    sys.stdout.flush()
    return status


def texts(stream: BinaryIO) -> Iterator[str]:
    """Yield the lines of a stream without their ends; what is not UTF-8 becomes U+FFFD, which no id has."""
    while line := stream.readline(LONGEST_LINE):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(LONGEST_LINE)
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def _texts(ids: Sequence[str]) -> Iterator[str]:
    given: Iterable[str] = ids or (STANDARD_INPUT,)
    for text in given:
        if text == STANDARD_INPUT:
            yield from texts(sys.stdin.buffer)
        else:
            yield text
