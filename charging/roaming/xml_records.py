"""Records out of XML messages, each with its bytes as they came. Pure.

No document type is taken, so that no entity can be a bomb. A file may hold several messages one after the other, as
captures do.
"""

import codecs
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NoReturn
from xml.parsers.expat import ErrorString, ExpatError, ParserCreate, XMLParserType

from charging.roaming.cdr import Cdr
from charging.roaming.ocpi.parse import Parsed, Rejected

MAX_BYTES = 200_000_000
_DEEPEST = 40
_NEXT_DOCUMENT = frozenset({9, 17})
"""Expat's codes for what comes after the end of a document: another element, or another XML declaration."""
_ENDED_EARLY = frozenset({3, 5, 13, 20})
"""Expat's codes for a document that is not over: no element, an unclosed token, one without its end, an open CDATA."""


class UnreadableXml(ValueError):
    """It is no well-formed XML, or XML that is not taken. `is_cut_off`: it ends in the middle, and may be growing."""

    def __init__(self, problem: str, *, is_cut_off: bool = False) -> None:
        self.problem, self.is_cut_off = problem, is_cut_off
        super().__init__(problem)


@dataclass(slots=True)
class Node:
    """An element, known by its local name in lower case: prefixes and the case of names differ between senders."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands in it, or in the only element within: `<status><CdrStatusType>new</…>` says `new`."""
        own = "".join(self.pieces).strip()
        return own or (self.children[0].text if len(self.children) == 1 else "")

    def all(self, name: str) -> Iterator["Node"]:
        """Yield the elements of a name right within."""
        return (child for child in self.children if child.name == name.lower())

    def first(self, name: str) -> "Node | None":
        """Return the first element of a name right within."""
        return next(self.all(name), None)

    def get(self, name: str) -> str | None:
        """Return the text of an element right within; None where it is missing or empty."""
        found = self.first(name)
        return (found.text or None) if found else None


@dataclass(frozen=True, slots=True)
class Record:
    """An element of interest, and its bytes as they stood on the wire (in UTF-8 where the wire had UTF-16)."""

    node: Node
    raw: bytes

    @property
    def sha256(self) -> str:
        """The hash of its bytes."""
        return sha256(self.raw).hexdigest()


def read(body: bytes, names: Collection[str], *, max_bytes: int = MAX_BYTES) -> list[Record]:
    """Return every element of these local names that is in no other of them, in the order of the messages.

    Raises:
        UnreadableXml: if it is not well-formed, has a document type, nests too deep or is larger than `max_bytes`.
    """
    if len(body) > max_bytes:
        raise UnreadableXml(f"it is larger than {max_bytes} bytes")
    whole, encoding = _plain(body)
    found: list[Record] = []
    start = 0
    while True:
        reading = _Reading(whole, start, names=frozenset(name.lower() for name in names), encoding=encoding)
        end = reading.run()
        found += reading.found
        start = len(whole) - len(whole[end:].lstrip()) if end < len(whole) else end
        if start == len(whole):
            return found


def message(body: bytes) -> str:
    """Return the local name, in lower case, of the message in the first envelope; empty where no element is yet.

    Raises:
        UnreadableXml: if it is no XML that can be read; one that is cut off may be, to its end.
    """
    whole, encoding = _plain(body)
    reading = _Reading(whole, 0, names=frozenset(), encoding=encoding)
    try:
        reading.run()
    except UnreadableXml as problem:
        if not problem.is_cut_off:
            raise
    return reading.message


def parsed(body: bytes, names: Collection[str], read_one: Callable[[Record], Cdr], *, id_name: str) -> Parsed:
    """Return the CDRs of all records of these names, and those of the records that are none.

    Raises:
        UnreadableXml: if the document itself cannot be read.
    """
    cdrs: list[Cdr] = []
    rejected: list[Rejected] = []
    for record in read(body, names):
        try:
            cdrs.append(read_one(record))
        except (ValueError, ArithmeticError) as problem:
            cdr_id = next(_texts(record.node, id_name.lower()), None)
            reason, digest = str(problem), record.sha256
            rejected.append(Rejected(cdr_id=cdr_id, reason=reason, raw=record.raw, raw_sha256=digest))
    return Parsed(cdrs=tuple(cdrs), rejected=tuple(rejected))


class _Reading:
    """One document, read from a place on."""

    def __init__(self, whole: bytes, start: int, *, names: frozenset[str], encoding: str | None) -> None:
        self._whole, self._start, self._names = whole, start, names
        self._open: list[Node] = []
        self._depth, self._header, self._from, self._end = 0, 0, 0, len(whole)
        self._parser = self._made(encoding)
        self.found: list[Record] = []
        self.message = ""

    def run(self) -> int:
        """Read to the end of the document and return where that is.

        Raises:
            UnreadableXml: if it cannot be read.
        """
        try:
            self._parser.Parse(memoryview(self._whole)[self._start :], True)
        except ExpatError as problem:
            if problem.code in _NEXT_DOCUMENT and self._end < len(self._whole):
                return self._end
            where = f"line {problem.lineno}, column {problem.offset + 1}"
            said = f"it is no well-formed XML: {ErrorString(problem.code)} at {where}"
            raise UnreadableXml(said, is_cut_off=problem.code in _ENDED_EARLY) from problem
        return len(self._whole)

    def _made(self, encoding: str | None) -> XMLParserType:
        parser = ParserCreate(encoding)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._finish
        parser.CharacterDataHandler = self._take
        return parser

    def _begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition(":")[2].lower()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableXml(f"its elements nest deeper than {_DEEPEST}")
        self._header += name == "header"
        if not self.message and not self._header and name not in {"envelope", "body"}:
            self.message = name
        if not self._open and name not in self._names:
            return
        node = Node(name, {each.rpartition(":")[2].lower(): value for each, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._from = self._start + self._parser.CurrentByteIndex
        self._open.append(node)

    def _finish(self, tag: str) -> None:
        self._depth -= 1
        self._header -= tag.rpartition(":")[2].lower() == "header"
        end = self._whole.find(b">", self._start + self._parser.CurrentByteIndex) + 1
        if not self._depth:
            self._end = end
        if not self._open:
            return
        node = self._open.pop()
        if not self._open:
            self.found.append(Record(node, self._whole[self._from : end]))

    def _take(self, text: str) -> None:
        if self._open:
            self._open[-1].pieces.append(text)


def _refuse_document_type(*_: object) -> NoReturn:
    raise UnreadableXml("it has a document type: messages have none, and its entities could be a bomb")


def _plain(body: bytes) -> tuple[bytes, str | None]:
    """Return XML in an encoding whose `>` is one byte, and its name where the declaration is no longer right."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", errors="replace").encode(), "utf-8"
    return body.removeprefix(codecs.BOM_UTF8), None


def _texts(node: Node, name: str) -> Iterator[str]:
    if node.name == name and node.text:
        yield node.text
    for child in node.children:
        yield from _texts(child, name)
