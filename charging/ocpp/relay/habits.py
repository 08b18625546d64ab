"""What a station's flavour leaves unsaid, and what is done about it towards back offices that are to hear all alike.

Each rule has a name, under which every frame that it made or rewrote is recorded (`domain.md` §4.10).
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from charging.ocpp.flavours.flavour import Flavour, flavour_of
from charging.ocpp.flavours.payloads import Place, holds, status_payload, with_members
from charging.ocpp.frames import parse_json
from charging.ocpp.relay import metering
from charging.ocpp.relay.effects import Alarm, Effects
from charging.ocpp.relay.facts import Fact, FactKind
from charging.ocpp.relay.lane import Asked
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.peek import Boot, FirmwareStatus, Status, TransactionEvent, peek
from charging.ocpp.relay.rules import Rules

METERED = frozenset({"MeterValues", "TransactionEvent"})


class Rule(StrEnum):
    """The names of the rules that ship."""

    BOOT_ON_LINK = "boots_after_link_loss"
    STATUS_AFTER_STOP = "tells_after_stop"
    STATUS_AFTER_START = "tells_after_start"
    STATUS_ON_LINK = "tells_after_link_loss"
    STATUS_AFTER_FIRMWARE = "tells_after_firmware"
    METER = "stays_faulted"
    MOVED = "moved"
    """Not a flavour: a station that is moved by its route does not notice, so its new back office has to be told."""


class Made(msgspec.Struct, frozen=True, gc=False):
    """A call to the back office that is to be made in the station's name."""

    action: str
    payload: bytes
    rule: str


class Ask(msgspec.Struct, frozen=True, gc=False):
    """A message that the station is to be asked for."""

    message: str
    place: Place | None
    rule: str


class Habits:
    """Of one station, towards its present back office."""

    __slots__ = ("boot_due", "boot_rule", "is_boot_promised", "memory", "protocol", "rules")

    def __init__(self, memory: StationMemory, protocol: str, rules: Rules) -> None:
        self.memory = memory
        self.protocol = protocol
        self.rules = rules
        self.boot_due: datetime | None = None
        """When the station is asked to boot, or its last boot repeated, unless it boots before."""
        self.boot_rule = ""
        self.is_boot_promised = False
        """Whether the station was asked to boot, and said yes."""
        if memory.boot and rules.flavours:
            memory.flavour = self._flavour(peek(memory.boot, Boot))

    def on_link(self, at: datetime) -> list[Ask]:
        """The station has connected anew, and its back office is there."""
        flavour = self.memory.flavour
        if not flavour.boots_after_link_loss:
            self.boot_due, self.boot_rule = at + self.rules.boot_wait, Rule.BOOT_ON_LINK
            self.is_boot_promised = False
        return [] if flavour.tells_after_link_loss else self._all_places(Rule.STATUS_ON_LINK)

    def on_move(self) -> list[Ask]:
        """The station has another back office than before, and does not know."""
        self.boot_due = None
        return [Ask("BootNotification", None, Rule.MOVED), *self._all_places(Rule.MOVED)]

    def heard(self, asked: Asked, *, is_alike: bool, effects: Effects) -> list[Ask]:
        """Learn from a call of the station. `is_alike`: its back office is one that is to hear all alike."""
        match asked.action:
            case "StatusNotification":
                self._status(peek(asked.payload, Status), effects)
            case "BootNotification":
                return self._boot(asked, is_alike=is_alike)
            case "FirmwareStatusNotification":
                return self._firmware(peek(asked.payload, FirmwareStatus).status, is_alike=is_alike)
            case action if action in METERED:
                metering.watch_charge(asked, self._place_of(asked), self.memory, self.rules, effects)
            case _:
                pass
        return []

    def rewrite(self, asked: Asked) -> None:
        """Apply the operator's own rules to a call of the station on its way to the back office."""
        for rule in self.memory.flavour.rules:
            if rule.action == asked.action and holds(parse_json(bytes(asked.payload)), rule.where):
                if rule.set:
                    asked.sent = with_members(asked.sent, rule.set)
                    asked.under(rule.name)
                if rule.status or rule.ask:
                    asked.following = (*asked.following, rule)

    def follow(self, asked: Asked, at: datetime) -> tuple[list[Made], list[Ask]]:
        """Return what the operator's own rules want after a call of the station was acknowledged."""
        place = self._place_of(asked)
        made = [
            Made("StatusNotification", status_payload(self.protocol, place, rule.status, at), rule.name)
            for rule in asked.following
            if rule.status
        ]
        return made, [Ask(rule.ask, place if place[0] else None, rule.name) for rule in asked.following if rule.ask]

    def on_fact(self, fact: Fact, at: datetime, *, is_alike: bool, effects: Effects) -> list[Made]:
        """Return the statuses that the station leaves unsaid after a start or a stop."""
        flavour, place = self.memory.flavour, self._place(fact.connector or 0)
        if fact.kind is FactKind.STARTED:
            metering.begin(place, self.memory)
            if place[0] and is_alike and not flavour.tells_after_start:
                return self._statuses(place, ["Charging"], Rule.STATUS_AFTER_START, at)
        elif fact.kind in {FactKind.STOPPED, FactKind.RELAYED_STOP, FactKind.KEPT_STOP, FactKind.REFUSED_STOP}:
            self._charge_is_over(place)
            if not flavour.stays_faulted:
                metering.count_zero(place, fact, self.memory, effects)
            if place[0] and is_alike and not flavour.tells_after_stop:
                words = ["Available"] if flavour.knows_the_plug else ["Finishing", "Available"]
                return self._statuses(place, words, Rule.STATUS_AFTER_STOP, at)
        return []

    def unwilling(self, ask: Ask, at: datetime) -> list[Made]:
        """Return what is told in the station's name once it will not tell what it is asked for: its own last words."""
        if ask.message == "BootNotification":
            self.boot_due = None
            return [Made("BootNotification", self.memory.boot, ask.rule)] if self.memory.boot else []
        statuses = self.memory.statuses or {}
        places = [ask.place] if ask.place in statuses else [] if ask.place else list(statuses)
        told = [place for place in places if place is not None]
        return [made for place in told for made in self._statuses(place, [statuses[place]], ask.rule, at)]

    def willing(self, ask: Ask, at: datetime) -> None:
        """The station has said yes to what it is asked for: a boot is given the time that it would take by itself."""
        if ask.message == "BootNotification":
            self.boot_due, self.boot_rule, self.is_boot_promised = at + self.rules.boot_wait, ask.rule, True

    def due(self, at: datetime) -> tuple[list[Ask], list[Made]]:
        """Return what is done about a boot that has not come: the station is asked for it; at last it is repeated."""
        if self.boot_due is None or at < self.boot_due:
            return [], []
        ask, self.boot_due = Ask("BootNotification", None, self.boot_rule), None
        return ([], self.unwilling(ask, at)) if self.is_boot_promised else ([ask], [])

    def _all_places(self, rule: str) -> list[Ask]:
        places: list[Place | None] = list(self.memory.places())
        if places and self.protocol == "ocpp1.6":
            places.insert(0, (0, 0))
        return [Ask("StatusNotification", place, rule) for place in places or [None]]

    def _statuses(self, place: Place, words: list[str], rule: str, at: datetime) -> list[Made]:
        self.memory.tell(place, words[-1])
        return [Made("StatusNotification", status_payload(self.protocol, place, word, at), rule) for word in words]

    def _status(self, status: Status, effects: Effects) -> None:
        word = status.status or status.connector_status
        if word is None:
            return
        place = (
            (status.connector_id or 0, 0)
            if self.protocol == "ocpp1.6"
            else (status.evse_id or 0, status.connector_id or 0)
        )
        self.memory.tell(place, word)
        before = self.memory.before_firmware
        if before is not None and self.memory.firmware_before != self.memory.firmware:
            self.memory.is_new = self.memory.is_new or place in before
            was = before.pop(place, word)
            if was != word:
                text = f"connector {place[0]} was {was} before the update of its firmware and is {word} since"
                effects.append(Alarm("status_after_firmware", text))
            if not before:
                self.memory.before_firmware = None

    def _boot(self, asked: Asked, *, is_alike: bool) -> list[Ask]:
        boot, memory, payload = peek(asked.payload, Boot), self.memory, bytes(asked.payload)
        self.boot_due = None
        memory.is_new, memory.boot = memory.is_new or memory.boot != payload, payload
        firmware = _firmware_of(boot)
        memory.meter_type = boot.meter_type or memory.meter_type
        is_changed, memory.firmware = bool(memory.firmware) and memory.firmware != firmware, firmware
        if self.rules.flavours:
            memory.flavour = self._flavour(boot)
        if is_changed and is_alike and not memory.flavour.tells_after_firmware:
            return self._all_places(Rule.STATUS_AFTER_FIRMWARE)
        return []

    def _flavour(self, boot: Boot) -> Flavour:
        station = boot.charging_station
        vendor = boot.charge_point_vendor or (station.vendor_name if station else None) or ""
        model = boot.charge_point_model or (station.model if station else None) or ""
        return flavour_of(self.rules.flavours, vendor, model, _firmware_of(boot))

    def _firmware(self, status: str | None, *, is_alike: bool) -> list[Ask]:
        memory = self.memory
        if status in {"Downloading", "Installing"} and memory.before_firmware is None:
            memory.before_firmware, memory.firmware_before = dict(memory.statuses or {}), memory.firmware
            memory.is_new = True
        was_asked = memory.firmware_before != memory.firmware
        if status == "Installed" and is_alike and not memory.flavour.tells_after_firmware and not was_asked:
            return self._all_places(Rule.STATUS_AFTER_FIRMWARE)
        return []

    def _charge_is_over(self, place: Place) -> None:
        for other, status in list((self.memory.statuses or {}).items()):
            if other[0] == place[0] or not place[0]:
                self.memory.tell(other, "Finishing" if status.startswith(("Charging", "Suspended")) else status)

    def _place(self, number: int) -> Place:
        return next((place for place in self.memory.statuses or {} if place[0] == number), (number, 0))

    def _place_of(self, asked: Asked) -> Place:
        status = peek(asked.payload, Status)
        if self.protocol == "ocpp1.6":
            return (status.connector_id or 0, 0)
        if asked.action == "TransactionEvent":
            evse = peek(asked.payload, TransactionEvent).evse
            return (evse.id or 0, evse.connector_id or 0) if evse else (0, 0)
        return (status.evse_id or 0, status.connector_id or 0)


def _firmware_of(boot: Boot) -> str:
    station = boot.charging_station
    return boot.firmware_version or (station.firmware_version if station else None) or ""
