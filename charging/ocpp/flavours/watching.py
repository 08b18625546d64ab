"""One station's recording, read from its beginning to its end: after each event, did what is expected follow?

Only what a station says unasked is a behaviour of it: a status that a TriggerMessage asked for proves nothing, nor does
a connection that is new because the station was restarted prove anything about lost links.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from charging.ocpp.envelope import CALL, CALL_RESULT, Envelope, look
from charging.ocpp.flavours.expecting import Expectations
from charging.ocpp.flavours.faults import Found, MeterWatch
from charging.ocpp.flavours.recording import Behaviour, Heard, Observation, StationType, What
from charging.ocpp.flavours.said import Answer, Asked, NotifyEvent, TransactionEvent, is_charging
from charging.ocpp.frames import BadFrame
from charging.ocpp.relay.matching import instant
from charging.ocpp.relay.peek import Boot, FirmwareStatus, Start, Started, Status, Stop, peek

RESTARTS_WITHIN = timedelta(hours=1)
"""How long after an accepted Reset a new connection is the restart's: stations are known that take 50 minutes."""
UPDATES_WITHIN = timedelta(days=1)
_RESTARTED = frozenset({"HardReset", "SoftReset", "Reboot", "PowerLoss", "ImmediateReset"})
"""Reasons of a stop by which a station tells that it was down (OCPP 1.6 §7.37, 2.0.1 ReasonEnumType)."""
_FAILED = frozenset({"DownloadFailed", "InstallationFailed", "InvalidSignature", "InstallVerificationFailed"})
_ON_LINK = (Behaviour.BOOTS_AFTER_LINK_LOSS, Behaviour.TELLS_AFTER_LINK_LOSS)
_AFTER_BOOT = (Behaviour.TELLS_AFTER_LINK_LOSS, Behaviour.TELLS_AFTER_FIRMWARE)
ACTIONS = frozenset(
    {
        "BootNotification",
        "FirmwareStatusNotification",
        "NotifyEvent",
        "RemoteStartTransaction",
        "RequestStartTransaction",
        "Reset",
        "SignedUpdateFirmware",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
        "TransactionEvent",
        "TriggerMessage",
        "UpdateFirmware",
    }
)
"""All that is looked at: whoever reads a recording may leave out the rest."""
UNKNOWN = StationType(vendor="", model="", firmware="")


@dataclass(frozen=True, slots=True)
class _Open:
    """A call that has no answer yet."""

    frame: Envelope
    proof: str


class Watch:
    """One station. `hear` what was recorded of it, in order; `end` returns what was observed.

    `kind` is what is known of it beforehand; what it says when it boots goes before that.
    """

    def __init__(self, station_id: str, kind: StationType = UNKNOWN) -> None:
        self.type = kind
        self._expectations = Expectations(station_id)
        self._meter = MeterWatch()
        self._calls: dict[str, _Open] = {}
        self._orders: dict[str, _Open] = {}
        self._connectors: dict[str, int] = {}
        self._up_at: datetime | None = None
        self._was_down = False
        self._restarts_until: datetime | None = None
        self._updates_until: datetime | None = None

    def hear(self, heard: Heard) -> None:
        """Take the next thing in."""
        self._expectations.settle(heard.at)
        match heard.what:
            case What.LINK_UP:
                self._link_up(heard)
            case What.LINK_DOWN:
                self._was_down, self._up_at = self._was_down or self._up_at is not None, None
                self._expectations.leave_open(set(Behaviour))
            case What.FROM_STATION | What.TO_STATION:
                frame = look(heard.raw)
                if not isinstance(frame, BadFrame):
                    self._frame(frame, heard)

    def end(self, at: datetime) -> list[Observation]:
        """The recording ends here: return everything that was observed."""
        self._expectations.settle(at)
        self._note_meter(self._meter.end(at), at)
        return self._expectations.close()

    def _link_up(self, heard: Heard) -> None:
        self._calls.clear()
        self._orders.clear()
        is_restart = any(until and heard.at <= until for until in (self._restarts_until, self._updates_until))
        if self._was_down and not is_restart:
            for behaviour in _ON_LINK:
                self._expect(behaviour, heard.proof, heard.at)
        self._up_at, self._was_down, self._restarts_until = heard.at, False, None

    def _frame(self, frame: Envelope, heard: Heard) -> None:
        is_station = heard.what is What.FROM_STATION
        own, others = (self._calls, self._orders) if is_station else (self._orders, self._calls)
        if frame.kind == CALL:
            own[frame.unique_id] = _Open(frame, heard.proof)
            if is_station:
                self._said(frame, heard)
            elif frame.action == "TriggerMessage":
                self._asked(peek(frame.payload, Asked).requested_message or "")
            return
        call = others.pop(frame.unique_id, None)
        if call is not None and frame.kind == CALL_RESULT:
            (self._obeyed if is_station else self._acknowledged)(call, frame, heard)

    def _said(self, frame: Envelope, heard: Heard) -> None:
        match frame.action:
            case "BootNotification":
                self._booted(peek(frame.payload, Boot), heard)
            case "StatusNotification":
                self._status(peek(frame.payload, Status), heard)
            case "FirmwareStatusNotification":
                self._firmware(peek(frame.payload, FirmwareStatus).status or "", heard.at)
            case "NotifyEvent":
                self._note_meter(self._meter.events(peek(frame.payload, NotifyEvent), heard), heard.at)
            case _:
                return

    def _booted(self, boot: Boot, heard: Heard) -> None:
        station, before = boot.charging_station, self.type
        self.type = StationType(
            vendor=boot.charge_point_vendor or (station.vendor_name if station else None) or before.vendor,
            model=boot.charge_point_model or (station.model if station else None) or before.model,
            firmware=boot.firmware_version or (station.firmware_version if station else None) or before.firmware,
        )
        if before == UNKNOWN:
            self._expectations.name(self.type, unknown=UNKNOWN)
        if before.firmware and before.firmware != self.type.firmware:
            self._updates_until = None
            self._expectations.withdraw(_ON_LINK)  # the connection is new because its program is
            self._expect(Behaviour.TELLS_AFTER_FIRMWARE, heard.proof, heard.at)
        self._expectations.meet(Behaviour.BOOTS_AFTER_LINK_LOSS, heard.proof)

    def _status(self, status: Status, heard: Heard) -> None:
        word = status.status or status.connector_status or ""
        connector = status.evse_id or status.connector_id or 0
        self._note_meter(self._meter.status(connector, word, status.error_code or "", heard), heard.at)
        if connector == 0:
            return
        met = [*_AFTER_BOOT, Behaviour.TELLS_AFTER_START if is_charging(word) else Behaviour.TELLS_AFTER_STOP]
        if word == "Occupied":  # all that OCPP 2 says of a connector with a vehicle, whether it charges or not
            met.append(Behaviour.TELLS_AFTER_START)
        for behaviour in met:
            self._expectations.meet(behaviour, heard.proof, connector=connector)

    def _firmware(self, status: str, at: datetime) -> None:
        if status in _FAILED:
            self._updates_until = None
        elif status not in {"Idle", "Installed", ""}:
            self._updates_until = at + UPDATES_WITHIN

    def _obeyed(self, order: _Open, answer: Envelope, heard: Heard) -> None:
        """The station answers."""
        status = peek(answer.payload, Answer).status
        match order.frame.action:
            case "Reset" if status in {"Accepted", "Scheduled"}:
                self._restarts_until = heard.at + RESTARTS_WITHIN
            case "UpdateFirmware" | "SignedUpdateFirmware" if status in {None, "Accepted", "AcceptedCanceled"}:
                self._updates_until = heard.at + UPDATES_WITHIN
            case "RemoteStartTransaction" | "RequestStartTransaction" if status == "Rejected":
                self._note_meter(self._meter.refuse(heard), heard.at)
            case _:
                return

    def _acknowledged(self, call: _Open, answer: Envelope, heard: Heard) -> None:
        """The station is answered. Only now can it say more: it has one open call at a time."""
        payload, at = call.frame.payload, heard.at
        match call.frame.action:
            case "BootNotification":
                if peek(answer.payload, Answer).status == "Accepted":
                    self._expectations.wait_from(at, _AFTER_BOOT)
                else:  # it may say nothing until it is (OCPP 1.6 §4.2)
                    self._expectations.leave_open(_AFTER_BOOT)
            case "StartTransaction":
                start, transaction = peek(payload, Start), str(peek(answer.payload, Started).transaction_id)
                connector = self._connectors[transaction] = start.connector_id or 0
                self._note_meter(self._meter.begin(transaction, connector, start, call.proof), at)
                self._began(connector, start.timestamp, call.proof, at)
            case "StopTransaction":
                stop = peek(payload, Stop)
                transaction = str(stop.transaction_id)
                self._note_meter(self._meter.finish(transaction, stop, call.proof), at)
                connector = self._connectors.pop(transaction, 0)
                self._ended(connector, stop.timestamp, stop.reason or "", call.proof, at)
            case "TransactionEvent":
                self._transaction(peek(payload, TransactionEvent), call.proof, at)
            case _:
                return

    def _transaction(self, event: TransactionEvent, proof: str, at: datetime) -> None:
        info = event.transaction_info
        transaction = (info.transaction_id if info else None) or ""
        if event.evse and event.evse.id:
            self._connectors[transaction] = event.evse.id
        connector = self._connectors.get(transaction, 0)
        if event.event_type == "Started":
            self._note_meter(self._meter.begin_2x(transaction, connector, event, proof), at)
            self._began(connector, event.timestamp, proof, at)
        elif event.event_type == "Ended":
            self._connectors.pop(transaction, None)
            self._note_meter(self._meter.finish_2x(transaction, event, proof), at)
            self._ended(connector, event.timestamp, (info.stopped_reason if info else None) or "", proof, at)

    def _began(self, connector: int, said_at: str | None, proof: str, at: datetime) -> None:
        if not self._was_queued(said_at):
            self._expect(Behaviour.TELLS_AFTER_START, proof, at, connector=connector)

    def _ended(self, connector: int, said_at: str | None, reason: str, proof: str, at: datetime) -> None:
        # Of a charge that is over it has no more to tell that it runs.
        self._expectations.leave_open([Behaviour.TELLS_AFTER_START], connector=connector)
        if reason in _RESTARTED:
            self._expectations.withdraw(_ON_LINK)
        elif not self._was_queued(said_at):
            self._expect(Behaviour.TELLS_AFTER_STOP, proof, at, connector=connector)

    def _was_queued(self, said_at: str | None) -> bool:
        """Whether it happened before this connection: what is told late is followed by other things than usual."""
        happened_at = instant(said_at)
        return happened_at is not None and self._up_at is not None and happened_at < self._up_at

    def _asked(self, message: str) -> None:
        if message == "BootNotification":
            self._expectations.leave_open([Behaviour.BOOTS_AFTER_LINK_LOSS])
        elif message == "StatusNotification":
            self._expectations.leave_open(set(Behaviour) - {Behaviour.BOOTS_AFTER_LINK_LOSS})

    def _expect(self, behaviour: Behaviour, event: str, at: datetime, *, connector: int = 0) -> None:
        self._expectations.expect(behaviour, event, at, kind=self.type, connector=connector)

    def _note_meter(self, found: Iterable[Found], at: datetime) -> None:
        for has_stayed, proofs in found:
            self._expectations.note(Behaviour.STAYS_FAULTED, at, kind=self.type, is_followed=has_stayed, proofs=proofs)
