"""How a simulated station lies, where it does: each lie here, so that the honest rest stays readable."""

from rehearsal import addressing
from rehearsal.flash import Memory
from rehearsal.frames import Link, Payload, instant
from rehearsal.truth import Behaviour, Network, TrueStation

LEAVES_AFTER_SECONDS = 0.4
"""How soon a station that cannot stay goes elsewhere; a rehearsal's minute is about half a second."""
METERS_EVERY_SECONDS = 0.3
SECRETLY = "secret"
"""The charge of a station that says that it is free."""

LIES: frozenset[Behaviour] = frozenset(
    {
        Behaviour.FORGETS_KEY,
        Behaviour.RETURNS_TO_LEGACY,
        Behaviour.BOOTS_TWICE,
        Behaviour.AT_BOTH,
        Behaviour.ECHOES_KEYS,
        Behaviour.REPLAYS_ANSWERS,
        Behaviour.REUSES_TRANSACTION,
        Behaviour.FALLS_SILENT,
        Behaviour.NEVER_RESETS,
        Behaviour.BOOTS_AS_ANOTHER,
        Behaviour.TELLS_NO_STATUS,
        Behaviour.SHOWS_ANOTHERS_KEYS,
        Behaviour.FLAPS,
        Behaviour.SAYS_AVAILABLE,
    }
)
"""The fourteen. None of them may ever count as moved."""


class Lies:
    """One station's lies. An honest station has this, too, and every question here has the honest answer."""

    def __init__(self, truth: TrueStation, memory: Memory, *, network: Network) -> None:
        self._truth, self._memory, self._network = truth, memory, network
        self._kind = truth.behaviour
        self._is_homesick = False

    @property
    def is_away(self) -> bool:
        """Whether it is connected to another back-office than the one that it was installed with."""
        return self._memory.dialled != self._memory.home

    @property
    def keeps_silent(self) -> bool:
        """Whether it answers nothing now."""
        return self._kind is Behaviour.FALLS_SILENT and self.is_away

    @property
    def never_resets(self) -> bool:
        """Whether what would make it dial another address is accepted and not done."""
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
    def is_charging_in_secret(self) -> bool:
        """Whether it says that it is free while it charges."""
        return self._kind is Behaviour.SAYS_AVAILABLE

    def address(self, told: str) -> str:
        """Return where it goes instead of where it was told to go."""
        returns = self._kind is Behaviour.RETURNS_TO_LEGACY or self._is_homesick
        return self._memory.home if returns else told

    @property
    def is_restless(self) -> bool:
        """Whether it may leave where it is, unasked."""
        return self._kind in {Behaviour.BOOTS_TWICE, Behaviour.FLAPS}

    def leaves_now(self) -> bool:
        """Whether it does not stay where it is; the next address is another one then."""
        if self._kind is Behaviour.BOOTS_TWICE and self.is_away:
            self._is_homesick = True
            return True
        if self._kind is Behaviour.FLAPS and addressing.addresses(self._truth, self._memory.configuration)[0] != (
            self._memory.home
        ):
            self._is_homesick = not self._is_homesick
            return True
        return False

    def shown(self) -> dict[str, str]:
        """Return the configuration as it is told."""
        true = {key: value for key, value in self._memory.configuration.items() if key != addressing.BUILT_IN}
        if self._kind is Behaviour.REPLAYS_ANSWERS:
            self._memory.shown = true | self._memory.shown  # what was told once is told for ever
        if self._kind is Behaviour.SHOWS_ANOTHERS_KEYS:
            mine = self._network.stations
            other = next(each for each in mine if each.supplier == self._truth.supplier and each != self._truth)
            return true | self._as_installed(other)
        return true | self._memory.shown

    def keeps(self, key: str, value: str) -> bool:
        """Whether a value that is accepted is stored."""
        if self._kind is Behaviour.ECHOES_KEYS:
            self._memory.shown[key] = value
        is_switch = key == addressing.switching_key(self._truth)
        return not (is_switch and self._kind in {Behaviour.FORGETS_KEY, Behaviour.ECHOES_KEYS})

    def boot(self, payload: Payload) -> Payload:
        """Return what a BootNotification says."""
        if self._kind is Behaviour.BOOTS_AS_ANOTHER and self.is_away:
            return payload | {"chargePointSerialNumber": f"{self._truth.serial_number}-B", "firmwareVersion": "0.0.1"}
        return payload

    async def tell_old_news(self, link: Link) -> None:
        """End a charge here that began at the other back-office, under the number that it had there."""
        if self._kind is Behaviour.REUSES_TRANSACTION and self.is_away:
            last = max(self._network.sessions, key=lambda each: each.stopped_at)
            stop = {
                "transactionId": 1_000_000 + int(self._truth.station_id[1:]),  # far above any that either has given
                "meterStop": last.meter_stop_wh,
                "timestamp": instant(last.stopped_at),
            }
            await link.call("StopTransaction", stop)

    def _as_installed(self, other: TrueStation) -> dict[str, str]:
        url = self._memory.home.rpartition("/")[0]
        return addressing.factory_configuration(other, url=url)
