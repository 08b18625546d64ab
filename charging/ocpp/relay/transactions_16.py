"""OCPP 1.6: the back office gives a transaction its id, so an id means something at one back office only.

`domain.md` §4.3: the trap. What the station knows as one number, each back office may know as another; a stop that
reaches a back office which did not start it is lost there at best, and ends another driver's charge at worst.
"""

from datetime import datetime

import msgspec

from charging.ocpp.envelope import CALL_ERROR, Envelope
from charging.ocpp.relay.book import Transaction, TransactionBook, named, start_print, stop_print, superseded
from charging.ocpp.relay.effects import Alarm, Effects, Kept
from charging.ocpp.relay.facts import Fact, FactKind
from charging.ocpp.relay.lane import Asked
from charging.ocpp.relay.matching import without_id
from charging.ocpp.relay.peek import Metered, Profiled, Start, Started, Stop, peek, with_number
from charging.ocpp.relay.verdict import Verdict

LARGEST_ID = 2**62
"""Far beyond what OCPP allows, 2^31 - 1, and what the book can hold."""

_NAMING = frozenset({"StopTransaction", "MeterValues"})
_CONCERNED = _NAMING | {"StartTransaction"}


class Transactions16:
    """One station's transactions, between it and its present back office."""

    __slots__ = ("_given", "book", "last_at", "station_id")

    def __init__(self, station_id: str, book: TransactionBook) -> None:
        self.station_id = station_id
        self.book = book
        self.last_at: datetime | None = None
        """When a message of a transaction last passed."""
        self._given: Transaction | None = None
        """What the last start began, until the station shows that it has the id."""

    def of_station(self, asked: Asked, back_office: str, at: datetime, effects: Effects) -> Verdict | None:
        """Judge a call of the station before it goes on. None: it passes as it is."""
        if self._given is not None and asked.action not in _NAMING and not self._is_told_again(asked, self._given):
            given, self._given = self._given, None
            self._name(given, effects)
        if asked.action not in _CONCERNED:
            return None
        if asked.action == "MeterValues":
            return self._meter_values(asked, back_office, at, effects) if b"transactionId" in asked.raw else None
        self.last_at = at
        if asked.action == "StopTransaction":
            return self._stop(asked, back_office, effects)
        asked.note = peek(asked.payload, Start)
        return None

    def of_answer(
        self, asked: Asked, frame: Envelope, raw: bytes, back_office: str, effects: Effects
    ) -> tuple[bytes, str]:
        """Take the back office's answer to a call of the station into the book; return it as the station gets it."""
        if asked.action == "StartTransaction" and frame.kind != CALL_ERROR:
            return self._started(asked, frame, raw, back_office, effects)
        if asked.action == "StopTransaction" and isinstance(asked.note, Fact):
            fact = asked.note
            if frame.kind == CALL_ERROR:
                why = f"the back office refused it: {frame.code}"
                fact = msgspec.structs.replace(fact, kind=FactKind.REFUSED_STOP, why=why, payload=_text(asked))
            self._keep(fact, effects)
        return raw, ""

    def of_office(self, asked: Asked, back_office: str) -> Verdict | None:
        """Judge a call of the back office before it goes on: the ids in it are the back office's own."""
        if asked.action not in {"RemoteStopTransaction", "SetChargingProfile"} or not self.book.open:
            return None
        office_id = _id_in(asked)
        if office_id is None:
            return None
        own = self.book.by_office_id(back_office, office_id)
        if own is not None:
            if own.transaction == str(office_id):
                return None
            sent = with_number(asked.raw, "transactionId", int(own.transaction))
            return Verdict(sent=sent, rule="transaction id as the station knows it")
        other = self.book.by_station_id(str(office_id))
        if other is None:
            return None
        return Verdict(answer=b'{"status":"Rejected"}', rule=f"the station's {office_id} is not this back office's")

    def _stop(self, asked: Asked, back_office: str, effects: Effects) -> Verdict | None:
        stop = peek(asked.payload, Stop)
        found, is_known = self._of(stop, back_office)
        fact = Fact(
            kind=FactKind.STOPPED,
            station_id=self.station_id,
            back_office=found.back_office if found else back_office,
            transaction=found.transaction if found else str(stop.transaction_id or 0),
            office_transaction=found.office_id if found else None,
            connector=found.connector if found else None,
            id_tag=stop.id_tag or (found.id_tag if found else None),
            meter_start_wh=found.meter_start_wh if found else None,
            meter_stop_wh=stop.meter_stop,
            started_at=found.started_at if found else None,
            stopped_at=stop.timestamp,
            reason=stop.reason,
        )
        if found and found.back_office == back_office:
            asked.note = fact
            if stop.transaction_id == found.office_id:
                return None
            rule = "transaction id as the back office knows it"
            return Verdict(sent=with_number(asked.raw, "transactionId", found.office_id), rule=rule)
        if not found and is_known:
            asked.note = fact if self._is_origins(back_office) else self._relayed(fact, back_office, asked)
            return None
        kind, why = self._why_kept(found, stop, fact, back_office)
        self._keep(msgspec.structs.replace(fact, kind=kind, why=why, payload=_text(asked)), effects)
        if kind is FactKind.SECOND_STOP:
            effects.append(Alarm("second_stop", f"transaction {fact.transaction} was stopped twice, differently"))
        return Verdict(answer=b"{}", rule=f"kept: {why}")

    def _is_origins(self, back_office: str) -> bool:
        """Whether what the book does not know is this back office's: it began there, before anybody wrote a book."""
        return self.book.is_whole and back_office == self.book.origin

    def _relayed(self, fact: Fact, back_office: str, asked: Asked) -> Fact:
        why = f"the book had gaps and no start of it: whether it was {back_office}'s was not known"
        return msgspec.structs.replace(fact, kind=FactKind.RELAYED_STOP, why=why, payload=_text(asked))

    def _of(self, stop: Stop, back_office: str) -> tuple[Transaction | None, bool]:
        """Return the transaction that is meant, if it is in the book; else whether the back office may know it."""
        if stop.transaction_id is None or stop.transaction_id <= 0:
            return without_id(stop, self.book.open), not self.book.is_whole
        name = str(stop.transaction_id)
        found = self.book.by_station_id(name)
        if found is None and self.book.ended(name) is None:
            return None, back_office == self.book.origin or not self.book.is_whole
        if found is not None:
            found.is_named = True  # not kept as a fact: it is about to end
        return found, False

    def _why_kept(self, found: Transaction | None, stop: Stop, fact: Fact, back_office: str) -> tuple[FactKind, str]:
        if found is not None:
            return FactKind.KEPT_STOP, f"it began at {found.back_office}, and {back_office} cannot know it"
        if stop.transaction_id is None or stop.transaction_id <= 0:
            return FactKind.KEPT_STOP, "its id is 0, -1 or none, and no one transaction fits it"
        ended = self.book.ended(fact.transaction)
        if ended is None:
            return FactKind.KEPT_STOP, f"no start of it is known, and it was not {back_office} that gave the id"
        if ended.stop_print == stop_print(fact):
            return FactKind.REPLAYED_STOP, "it has been stopped before, with the same facts"
        return FactKind.SECOND_STOP, "it has been stopped before, with other facts"

    def _meter_values(self, asked: Asked, back_office: str, at: datetime, effects: Effects) -> Verdict | None:
        metered = peek(asked.payload, Metered)
        if metered.transaction_id is None:
            return None
        name = str(metered.transaction_id)
        if metered.transaction_id <= 0:
            fitting = [one for one in self.book.still_open if one.connector == metered.connector_id]
            found = fitting[0] if len(fitting) == 1 else None
            if found is None:
                return None  # seen in the field outside transactions, as telemetry: it costs nobody anything
        else:
            found = self.book.by_station_id(name)
            if found is not None:
                self._name(found, effects)
        self.last_at = at
        office, office_id = back_office, metered.transaction_id
        if found is not None:
            office, office_id = found.back_office, found.office_id
        elif (ended := self.book.ended(name)) is not None:
            office, office_id = ended.back_office, ended.office_id
        elif back_office == self.book.origin or not self.book.is_whole:
            self._keep(self._seen(name, metered, back_office), effects)
        else:
            office = self.book.origin
        if office == back_office:
            if office_id == metered.transaction_id:
                return None
            rule = "transaction id as the back office knows it"
            return Verdict(sent=with_number(asked.raw, "transactionId", office_id), rule=rule)
        why = f"the transaction began at {office}, and {back_office} cannot know it"
        seen = self._seen(name, metered, office)
        self._keep(
            msgspec.structs.replace(seen, kind=FactKind.KEPT_METER_VALUES, why=why, payload=_text(asked)), effects
        )
        return Verdict(answer=b"{}", rule=f"kept: {why}")

    def _started(
        self, asked: Asked, frame: Envelope, raw: bytes, back_office: str, effects: Effects
    ) -> tuple[bytes, str]:
        start, answer = asked.note, peek(frame.payload, Started)
        office_id = answer.transaction_id
        if office_id is None or abs(office_id) > LARGEST_ID or not isinstance(start, Start):
            return raw, ""
        fact = Fact(
            kind=FactKind.STARTED,
            station_id=self.station_id,
            back_office=back_office,
            transaction=str(office_id),
            office_transaction=office_id,
            connector=start.connector_id,
            id_tag=start.id_tag,
            meter_start_wh=start.meter_start,
            started_at=start.timestamp,
        )
        is_replay = self.book.is_known_start(start_print(fact))
        if is_replay:
            self._keep(msgspec.structs.replace(fact, kind=FactKind.REPLAYED_START), effects)
            known = self.book.by_office_id(back_office, office_id)
            if known is not None and known.started_at == start.timestamp and known.connector == start.connector_id:
                self._given = known
                return self._as_station_knows(raw, office_id, known.transaction)
        for other in self.book.still_open:
            if other.connector == start.connector_id:
                why = f"another began on its connector, transaction {office_id} at {back_office}"
                self._keep(superseded(other, self.station_id, why), effects)
        if office_id <= 0 or self.book.is_taken(str(office_id)):
            fact = msgspec.structs.replace(fact, transaction=str(self.book.next_own_id))
            why = f"{office_id} is taken at this station" if office_id > 0 else f"{office_id} is no id"
            self._keep(msgspec.structs.replace(fact, kind=FactKind.ID_REPLACED, why=why), effects)
        self._keep(fact, effects)
        self._given = self.book.by_station_id(fact.transaction)
        token = answer.id_tag_info
        if token is not None and token.status not in {None, "Accepted"}:
            refused = f"the back office says of the token: {token.status}"
            self._keep(msgspec.structs.replace(fact, kind=FactKind.REFUSED_START, why=refused), effects)
        return self._as_station_knows(raw, office_id, fact.transaction)

    @staticmethod
    def _is_told_again(asked: Asked, given: Transaction) -> bool:
        """Whether this is the start of the same charge once more: the station has not got the answer."""
        if asked.action != "StartTransaction":
            return False
        start = peek(asked.payload, Start)
        return (start.connector_id, start.timestamp) == (given.connector, given.started_at)

    def _name(self, transaction: Transaction, effects: Effects) -> None:
        """The station has a transaction's id, whatever became of the answer that gave it: kept once."""
        if not transaction.is_named:
            self._keep(named(transaction, self.station_id), effects)

    @staticmethod
    def _as_station_knows(raw: bytes, office_id: int, transaction: str) -> tuple[bytes, str]:
        if transaction == str(office_id):
            return raw, ""
        return with_number(raw, "transactionId", int(transaction)), "transaction id as the station knows it"

    def _seen(self, name: str, metered: Metered, office: str) -> Fact:
        return Fact(
            kind=FactKind.SEEN,
            station_id=self.station_id,
            back_office=office,
            transaction=name,
            connector=metered.connector_id,
        )

    def _keep(self, fact: Fact, effects: Effects) -> None:
        self.book.apply(fact)
        effects.append(Kept(fact.kind, fact))


def _text(asked: Asked) -> str:
    return bytes(asked.payload).decode()


def _id_in(asked: Asked) -> int | None:
    if asked.action == "RemoteStopTransaction":
        return peek(asked.payload, Metered).transaction_id
    profile = peek(asked.payload, Profiled).cs_charging_profiles
    return None if profile is None else profile.transaction_id
