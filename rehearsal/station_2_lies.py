"""How a simulated station of OCPP 2 lies, where it does: each lie here, so that the honest rest stays readable."""

from rehearsal.device_model import COMMUNICATION, PRIORITY, Memory
from rehearsal.frames import Payload
from rehearsal.truth import Behaviour

LEAVES_AFTER_SECONDS = 0.15
"""How soon a station that cannot stay goes elsewhere."""
ELSEWHERE = "a-charge-of-another-back-office"
SECRETLY = "a-charge-in-secret"


class Lies2:
    """One station's lies. An honest station has this, too, and every question here has the honest answer."""

    def __init__(self, memory: Memory, behaviour: Behaviour) -> None:
        self._memory, self._kind = memory, behaviour
        self._is_homesick = False
        self._told: dict[tuple[str, str], Payload] = {}

    @property
    def is_away(self) -> bool:
        """Whether it is connected to another back-office than the one that it was installed with."""
        return self._memory.url(self._memory.active) != self._memory.home

    @property
    def keeps_silent(self) -> bool:
        """Whether it answers nothing now."""
        return self._kind is Behaviour.FALLS_SILENT and self.is_away

    @property
    def never_resets(self) -> bool:
        """Whether a restart is accepted and not done."""
        return self._kind is Behaviour.NEVER_RESETS

    @property
    def tells_status(self) -> bool:
        """Whether it sends StatusNotifications."""
        return not (self._kind is Behaviour.TELLS_NO_STATUS and self.is_away)

    @property
    def is_at_both(self) -> bool:
        """Whether it keeps a connection to where it came from."""
        return self._kind is Behaviour.AT_BOTH and self.is_away

    @property
    def ends_a_charge_of_elsewhere(self) -> bool:
        """Whether it ends charges here that began at the other back-office."""
        return self._kind is Behaviour.REUSES_TRANSACTION and self.is_away

    @property
    def is_charging_in_secret(self) -> bool:
        """Whether it says that it is free while it charges."""
        return self._kind is Behaviour.SAYS_AVAILABLE

    @property
    def is_restless(self) -> bool:
        """Whether it may leave where it is, unasked."""
        return self._kind in {Behaviour.BOOTS_TWICE, Behaviour.FLAPS}

    def leaves_now(self) -> bool:
        """Whether it does not stay where it is; the next address is another one then."""
        if self._kind is Behaviour.BOOTS_TWICE and self.is_away:
            self._is_homesick = True
            return True
        has_left = self._memory.restarts > 0 and self._memory.url(self._memory.priority[0]) != self._memory.home
        if self._kind is Behaviour.FLAPS and has_left:
            self._is_homesick = not self._is_homesick
            return True
        return False

    def order(self, slots: list[int]) -> list[int]:
        """Return the slots in the order in which it really tries them."""
        if self._kind is Behaviour.RETURNS_TO_LEGACY:
            return [self._memory.active]
        if self._is_homesick:
            return [slot for slot in slots if self._memory.url(slot) == self._memory.home] or slots
        return slots

    def keeps(self, name: tuple[str, str]) -> bool:
        """Whether a value that is accepted is stored."""
        is_switch = name == (COMMUNICATION, PRIORITY)
        return not (is_switch and self._kind in {Behaviour.FORGETS_KEY, Behaviour.ECHOES_KEYS})

    def written(self, name: tuple[str, str], value: str) -> None:
        """Take note of a value that was accepted."""
        if self._kind is Behaviour.ECHOES_KEYS:
            self._memory.shown[name] = value

    def shown(self, name: tuple[str, str], told: Payload) -> Payload:
        """Return one result of GetVariables as it is told."""
        if self._kind is Behaviour.REPLAYS_ANSWERS:
            return self._told.setdefault(name, told)
        if name in self._memory.shown and told.get("attributeStatus") == "Accepted":
            return told | {"attributeValue": self._memory.shown[name]}
        if self._kind is Behaviour.SHOWS_ANOTHERS_KEYS and name == (COMMUNICATION, PRIORITY):
            return told | {"attributeValue": "1"}  # every other station of its kind is as it was installed
        return told

    def boot(self, box: Payload) -> Payload:
        """Return what a BootNotification says of the box."""
        if self._kind is Behaviour.BOOTS_AS_ANOTHER and self.is_away:
            return box | {"serialNumber": f"{box['serialNumber']}-B"[-25:], "firmwareVersion": "0.0.1"}
        return box
