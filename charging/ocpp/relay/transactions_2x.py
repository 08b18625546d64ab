"""OCPP 2.0.1 and 2.1: the station gives a transaction its id. It means the same everywhere; nothing is rewritten.

What is left of the trap (`domain.md` §4.3): a back office may hear the end of what began at another.
"""

from datetime import datetime

import msgspec

from charging.ocpp.envelope import CALL_ERROR, Envelope
from charging.ocpp.relay.book import TransactionBook, stop_print
from charging.ocpp.relay.effects import Effects, Kept
from charging.ocpp.relay.facts import Fact, FactKind
from charging.ocpp.relay.lane import Asked
from charging.ocpp.relay.peek import TransactionEvent, peek
from charging.ocpp.relay.verdict import Verdict


class Transactions2x:
    """One station's transactions, between it and its present back office."""

    __slots__ = ("book", "last_at", "station_id")

    def __init__(self, station_id: str, book: TransactionBook) -> None:
        self.station_id = station_id
        self.book = book
        self.last_at: datetime | None = None
        """When a message of a transaction last passed."""

    def of_station(self, asked: Asked, back_office: str, at: datetime, effects: Effects) -> Verdict | None:
        """Look at a call of the station before it goes on; all of them pass as they are."""
        if asked.action == "TransactionEvent":
            self.last_at = at
            event = peek(asked.payload, TransactionEvent)
            name = event.transaction_info.transaction_id if event.transaction_info else None
            if name is not None:
                asked.note = self._judged(event, name, back_office, asked, effects)
        return None

    def of_answer(
        self, asked: Asked, frame: Envelope, raw: bytes, back_office: str, effects: Effects
    ) -> tuple[bytes, str]:
        """Take the back office's answer into the book. The station gets it as it is."""
        fact = asked.note
        if isinstance(fact, Fact):
            if frame.kind == CALL_ERROR:
                if fact.kind is not FactKind.STOPPED:
                    return raw, ""
                why = f"{back_office} refused it: {frame.code}"
                fact = msgspec.structs.replace(
                    fact, kind=FactKind.REFUSED_STOP, why=why, payload=bytes(asked.payload).decode()
                )
            self._keep(fact, effects)
        return raw, ""

    def of_office(self, asked: Asked, back_office: str) -> Verdict | None:  # noqa: ARG002 - ids are the station's
        """Let every call of the back office pass."""
        return None

    def _judged(
        self, event: TransactionEvent, name: str, back_office: str, asked: Asked, effects: Effects
    ) -> Fact | None:
        found, ended = self.book.by_station_id(name), self.book.ended(name)
        fact = Fact(
            kind=FactKind.STARTED,
            station_id=self.station_id,
            back_office=back_office,
            transaction=name,
            connector=event.evse.id if event.evse else None,
            started_at=event.timestamp,
        )
        if event.event_type == "Started":
            if found is not None or ended is not None:
                self._keep(msgspec.structs.replace(fact, kind=FactKind.REPLAYED_START), effects)
                return None
            return fact
        if event.event_type != "Ended":
            is_new = found is None and ended is None
            return msgspec.structs.replace(fact, kind=FactKind.SEEN, started_at=None) if is_new else None
        fact = msgspec.structs.replace(
            fact,
            kind=FactKind.STOPPED,
            connector=fact.connector or (found.connector if found else None),
            started_at=found.started_at if found else None,
            stopped_at=event.timestamp,
        )
        if ended is not None and found is None:
            kind = FactKind.REPLAYED_STOP if ended.stop_print == stop_print(fact) else FactKind.SECOND_STOP
            self._keep(msgspec.structs.replace(fact, kind=kind, payload=bytes(asked.payload).decode()), effects)
            return None
        if found is None or found.back_office != back_office:
            where = f"at {found.back_office}" if found else "before anybody wrote a book"
            why = f"it began {where}: {back_office} has only a part; GetTransactionStatus asks the station for the rest"
            self._keep(
                msgspec.structs.replace(
                    fact, kind=FactKind.ENDED_WITHOUT_START, why=why, payload=bytes(asked.payload).decode()
                ),
                effects,
            )
        return fact

    def _keep(self, fact: Fact, effects: Effects) -> None:
        self.book.apply(fact)
        effects.append(Kept(fact.kind, fact))
