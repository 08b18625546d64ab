"""What a station does when its power meter fails: it says so and takes no charge, or goes on and records nothing.

The second kind does not say that anything is wrong; three long charges in a row with nothing on the meter say it
(`domain.md` §4.10; `charging.ocpp.relay.habits` raises its alarm by the same rule).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from charging.ocpp.flavours.recording import Heard
from charging.ocpp.flavours.said import NotifyEvent, TransactionEvent
from charging.ocpp.relay.matching import instant
from charging.ocpp.relay.metering import ZERO_CHARGE_SECONDS, ZERO_CHARGES
from charging.ocpp.relay.peek import Start, Stop

Found: TypeAlias = tuple[bool, tuple[str, ...]]
"""Whether it stayed in its fault, and what proves it."""
_STAYS_FOR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class _Charge:
    connector: int
    register: Decimal | None
    began_at: datetime | None
    proof: str


@dataclass(slots=True)
class MeterWatch:
    """One station. Each method yields what it has just found out."""

    _faulted: dict[int, str] = field(default_factory=dict)
    """Connectors whose meter is said to have failed, and by what."""
    _since: datetime | None = None
    _is_told: bool = False
    """Whether this fault has been found something out about."""
    _charges: dict[str, _Charge] = field(default_factory=dict)
    _empty: dict[int, list[str]] = field(default_factory=dict)
    """By connector, the charges in a row with nothing on the meter."""

    def status(self, connector: int, word: str, error: str, heard: Heard) -> Iterator[Found]:
        """A connector says how it is."""
        if word == "Faulted" and error == "PowerMeterFailure":
            self._fail(connector, heard)
        elif word != "Faulted":
            yield from self._mend(connector, heard)

    def events(self, events: NotifyEvent, heard: Heard) -> Iterator[Found]:
        """OCPP 2: a meter is a component, and its trouble a variable of it (2.0.1 part 2, FiscalMetering.Problem)."""
        for event in events.event_data:
            component, variable = event.component, event.variable
            if component is None or component.name != "FiscalMetering" or not variable or variable.name != "Problem":
                continue
            evse = (component.evse.id if component.evse else None) or 0
            if (event.actual_value or "").casefold() == "true":
                self._fail(evse, heard)
            else:
                yield from self._mend(evse, heard)

    def refuse(self, heard: Heard) -> Iterator[Found]:
        """It refuses to begin a charge."""
        if self._faulted and not self._is_told:
            self._is_told = True
            yield True, (*self._why(), heard.proof)

    def begin(self, transaction: str, connector: int, start: Start, proof: str) -> Iterator[Found]:
        """A charge begins (OCPP 1.6)."""
        charge = _Charge(connector, _exact(start.meter_start), instant(start.timestamp), proof)
        yield from self._begin(transaction, charge)

    def finish(self, transaction: str, stop: Stop, proof: str) -> Iterator[Found]:
        """A charge ends (OCPP 1.6)."""
        yield from self._finish(transaction, _exact(stop.meter_stop), instant(stop.timestamp), proof)

    def begin_2x(self, transaction: str, evse: int, event: TransactionEvent, proof: str) -> Iterator[Found]:
        """A charge begins (OCPP 2)."""
        register = next(iter(event.registers()), None)
        yield from self._begin(transaction, _Charge(evse, register, instant(event.timestamp), proof))

    def finish_2x(self, transaction: str, event: TransactionEvent, proof: str) -> Iterator[Found]:
        """A charge ends (OCPP 2)."""
        register = next(reversed(event.registers()), None)
        yield from self._finish(transaction, register, instant(event.timestamp), proof)

    def end(self, at: datetime) -> Iterator[Found]:
        """The recording ends."""
        if self._faulted and not self._is_told and self._since is not None and at - self._since >= _STAYS_FOR:
            yield True, self._why()

    def _fail(self, connector: int, heard: Heard) -> None:
        if not self._faulted:
            self._since, self._is_told = heard.at, False
        self._faulted.setdefault(connector, heard.proof)

    def _mend(self, connector: int, heard: Heard) -> Iterator[Found]:
        why = self._why()
        if self._faulted.pop(connector, None) is not None and not self._faulted and not self._is_told:
            yield True, (*why, heard.proof)

    def _why(self) -> tuple[str, ...]:
        return tuple(self._faulted.values())[:1]

    def _begin(self, transaction: str, charge: _Charge) -> Iterator[Found]:
        self._charges[transaction] = charge
        if charge.connector in self._faulted or set(self._faulted) == {0}:
            self._is_told = True
            yield False, (*self._why(), charge.proof)

    def _finish(
        self, transaction: str, register: Decimal | None, ended_at: datetime | None, proof: str
    ) -> Iterator[Found]:
        charge = self._charges.pop(transaction, None)
        if charge is None or charge.register is None or register is None or not charge.began_at or not ended_at:
            return
        is_empty = register == charge.register and (ended_at - charge.began_at).total_seconds() > ZERO_CHARGE_SECONDS
        in_a_row = [*self._empty.get(charge.connector, []), proof] if is_empty else []
        if len(in_a_row) == ZERO_CHARGES:
            yield False, tuple(in_a_row)
            in_a_row = []
        self._empty[charge.connector] = in_a_row


def _exact(register: int | None) -> Decimal | None:
    return None if register is None else Decimal(register)
