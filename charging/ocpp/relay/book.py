"""The book of one station's transactions. The edge loads it before the first frame and stores what is kept."""

from collections.abc import Iterable
from hashlib import blake2b
from struct import Struct

import msgspec

from charging.ocpp.relay.facts import Fact, FactKind

FIRST_OWN_ID = 2_000_000_000
"""Ids that the gateway gives begin here: above what a back office counts to, below 2^31 - 1."""
ENDED_KEPT = 16
"""How many ended transactions are remembered for finding replays."""
OPEN_KEPT = 32

_ENDED = Struct("<qqqB")  # the station's id, the back office's id, the stop's print, the back office


class Transaction(msgspec.Struct):
    """One that has not ended, as far as is known."""

    key: int
    """`key_of` its id at the station."""
    back_office: str
    office_id: int
    transaction: str
    connector: int | None
    id_tag: str | None
    meter_start_wh: int | None
    started_at: str | None
    is_over: bool = False
    """Its stop was refused, or another has begun on its connector: it waits for nothing, and holds no move up."""
    is_named: bool = False
    """The station has its id: it has named it, or has gone on after the answer to its start."""


class Ended(msgspec.Struct, frozen=True):
    """What is remembered of one that has ended."""

    key: int
    office_id: int
    stop_print: int
    back_office: str


class TransactionBook:
    """What is known of one station's transactions, over all back offices that it has had.

    It changes by facts alone: those that the relay keeps, and the same ones read again from the tables.
    """

    __slots__ = ("_ended", "_offices", "_starts", "is_whole", "next_own_id", "open", "origin")

    def __init__(self, origin: str, facts: Iterable[Fact] = (), *, is_whole: bool = True) -> None:
        """Begin a book, or read it again from its facts, oldest first.

        `origin` is the back office to which transactions belong that began before anybody wrote a book: the one that
        the station had when it came under the gateway. `is_whole`: whether nothing is missing from the facts; an id
        that is not in a book that is not whole may be anybody's, the present back office's too.
        """
        self.is_whole = is_whole
        self.origin = origin
        self.open: list[Transaction] = []
        self.next_own_id = FIRST_OWN_ID
        self._ended = b""
        self._starts: tuple[int, ...] = ()
        self._offices: tuple[str, ...] = ()
        for fact in facts:
            self.apply(fact)

    def apply(self, fact: Fact) -> None:
        """Take a fact into the book. Those that only a person or the joiner wants change nothing."""
        match fact.kind:
            case FactKind.STARTED | FactKind.SEEN:
                self._begin(fact)
            case FactKind.STOPPED | FactKind.RELAYED_STOP | FactKind.KEPT_STOP:
                self._end(fact)
            case FactKind.NAMED | FactKind.REPLAYED_START:
                for transaction in self.open:
                    if _is_meant(transaction, fact):
                        transaction.is_named = fact.kind is FactKind.NAMED
            case FactKind.SUPERSEDED | FactKind.REFUSED_STOP | FactKind.REFUSED_START:
                for transaction in self.open:
                    if transaction.transaction == fact.transaction:
                        transaction.is_over = True
            case _:
                pass

    def by_station_id(self, transaction: str) -> Transaction | None:
        """Return the open transaction that the station knows by this id."""
        return next((one for one in self.open if one.transaction == transaction), None)

    def by_office_id(self, back_office: str, office_id: int) -> Transaction | None:
        """Return the open transaction that this back office knows by this id."""
        return next((one for one in self.open if one.office_id == office_id and one.back_office == back_office), None)

    def ended(self, transaction: str) -> Ended | None:
        """Return the latest ended transaction of this id, if it is remembered."""
        key = key_of(transaction)
        found = None
        for candidate, office_id, stop_print, office in _ENDED.iter_unpack(self._ended):
            if candidate == key:
                found = Ended(key, office_id, stop_print, self._offices[office])
        return found

    def is_taken(self, transaction: str) -> bool:
        """Whether this id would be mistaken for another one's, at this station."""
        return self.by_station_id(transaction) is not None or self.ended(transaction) is not None

    def is_known_start(self, start_print: int) -> bool:
        """Whether a start with these facts has been acknowledged before."""
        return start_print in self._starts

    @property
    def still_open(self) -> list[Transaction]:
        """Those that a move waits for."""
        return [transaction for transaction in self.open if not transaction.is_over] if self.open else []

    def _begin(self, fact: Fact) -> None:
        key = key_of(fact.transaction)
        known = self.by_station_id(fact.transaction)
        if fact.kind is FactKind.SEEN and known is not None:  # seen by a book that had gaps
            known.is_named = True
            return
        if fact.office_transaction is not None and key >= FIRST_OWN_ID:
            self.next_own_id = max(self.next_own_id, key + 1)
        self.open = [one for one in self.open if one.key != key]
        self._forget_ended(key)
        if len(self.open) >= OPEN_KEPT:
            self.open.remove(next((one for one in self.open if one.is_over), self.open[0]))
        office_id = key if fact.office_transaction is None else fact.office_transaction
        self.open.append(
            Transaction(
                key,
                fact.back_office,
                office_id,
                fact.transaction,
                fact.connector,
                fact.id_tag,
                fact.meter_start_wh,
                fact.started_at,
                is_named=fact.kind is FactKind.SEEN,
            )
        )
        if fact.kind is FactKind.STARTED:
            self._starts = (*self._starts[1 - ENDED_KEPT :], start_print(fact))

    def _end(self, fact: Fact) -> None:
        key = key_of(fact.transaction)
        found = self.by_station_id(fact.transaction)
        office_id = found.office_id if found else fact.office_transaction or key
        office = found.back_office if found else fact.back_office
        if found:
            self.open.remove(found)
        if key <= 0:
            return
        if office not in self._offices:
            self._offices = (*self._offices, office)
        self._forget_ended(key)
        row = _ENDED.pack(key, office_id, stop_print(fact), self._offices.index(office))
        self._ended = (self._ended + row)[-ENDED_KEPT * _ENDED.size :]

    def _forget_ended(self, key: int) -> None:
        rows = list(_ENDED.iter_unpack(self._ended))
        if any(row[0] == key for row in rows):
            self._ended = b"".join(_ENDED.pack(*row) for row in rows if row[0] != key)


def superseded(transaction: Transaction, station_id: str, why: str) -> Fact:
    """Return the fact that another one began on its connector."""
    return _of(transaction, FactKind.SUPERSEDED, station_id, why)


def named(transaction: Transaction, station_id: str) -> Fact:
    """Return the fact that the station has its id."""
    return _of(transaction, FactKind.NAMED, station_id, "")


def _of(transaction: Transaction, kind: FactKind, station_id: str, why: str) -> Fact:
    return Fact(
        kind=kind,
        station_id=station_id,
        back_office=transaction.back_office,
        transaction=transaction.transaction,
        office_transaction=transaction.office_id,
        connector=transaction.connector,
        id_tag=transaction.id_tag,
        meter_start_wh=transaction.meter_start_wh,
        started_at=transaction.started_at,
        why=why,
    )


def _is_meant(transaction: Transaction, fact: Fact) -> bool:
    """Whether a fact is about this transaction: by the station's id; of a start told again, by what it began."""
    if fact.kind is FactKind.NAMED:
        return transaction.transaction == fact.transaction
    began = (transaction.back_office, transaction.office_id, transaction.connector, transaction.started_at)
    return began == (fact.back_office, fact.office_transaction, fact.connector, fact.started_at)


def key_of(transaction: str) -> int:
    """Return a 1.6 id as the number that it is; of a 2.x id, 63 bits of its hash."""
    if len(transaction) <= 11 and transaction.removeprefix("-").isdecimal() and transaction.isascii():
        return int(transaction)
    return _print(transaction)


def start_print(fact: Fact) -> int:
    """Return 63 bits that two starts share only if their facts are the same."""
    return _print(f"{fact.connector}|{fact.id_tag}|{fact.meter_start_wh}|{fact.started_at}")


def stop_print(fact: Fact) -> int:
    """Return 63 bits that two stops share only if their facts are the same."""
    return _print(f"{fact.transaction}|{fact.meter_stop_wh}|{fact.stopped_at}")


def _print(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1
