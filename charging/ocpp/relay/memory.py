"""What is known of a station beyond one connection: a few hundred bytes. Whoever loses them loses no frame.

The edge hands the memory of a station's last connection to the relay of the next one, and writes it down whenever it
is new (`charging.ocpp.relay.remembered`), before it does what the relay wants done.
"""

from datetime import datetime

from charging.ocpp.flavours.flavour import PLAIN, Flavour
from charging.ocpp.flavours.payloads import Place
from charging.ocpp.meters import Watched

BUSY = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE"})
"""OCPP 1.6 §4.9: statuses of a connector with a charge on it."""


class StationMemory:
    """Made of what the station itself said."""

    __slots__ = (
        "back_office",
        "before_firmware",
        "boot",
        "charged_at",
        "firmware",
        "firmware_before",
        "flavour",
        "is_new",
        "is_whole",
        "meter_type",
        "refused",
        "statuses",
        "watched",
        "zero_charges",
    )

    def __init__(self, flavour: Flavour = PLAIN, *, is_whole: bool = True) -> None:
        self.flavour = flavour
        self.is_whole = is_whole
        """Whether nothing is missing of what was written down before."""
        self.is_new = False
        """Whether it holds something that has not been written down."""
        self.back_office = ""
        """The one that a link last stood to."""
        self.charged_at: datetime | None = None
        """When a message of a transaction last passed, as of the end of its last connection."""
        self.refused: tuple[str, datetime | None] | None = None
        """The move that was refused: where to, and when its route was changed. It is not begun again by itself."""
        self.boot = b""
        """The payload of its last BootNotification."""
        self.firmware = ""
        self.firmware_before = ""
        """The firmware that `before_firmware` is of."""
        self.meter_type = ""
        self.statuses: dict[Place, str] | None = None
        self.before_firmware: dict[Place, str] | None = None
        """The statuses before an update of its firmware began, until they were compared."""
        self.watched: dict[Place, Watched] | None = None
        """The meters of charges that are going on."""
        self.zero_charges: dict[Place, int] | None = None
        """How many charges in a row ended with nothing on the meter."""

    def tell(self, place: Place, status: str) -> None:
        """Note a connector's status."""
        if self.statuses is None:
            self.statuses = {}
        self.is_new = self.is_new or self.statuses.get(place) != status
        self.statuses[place] = status

    def places(self) -> list[Place]:
        """Return the connectors, as the flavour counts them or as the station told of them; never place 0."""
        if self.flavour.connectors:
            told = [place for place in self.statuses or {} if place[0] > 0]
            numbers = range(1, self.flavour.connectors + 1)
            return [next((place for place in told if place[0] == number), (number, 0)) for number in numbers]
        return sorted(place for place in self.statuses or {} if place[0] > 0)

    def busy(self) -> Place | None:
        """Return a connector with a charge on it, by its own word."""
        return next((place for place, status in (self.statuses or {}).items() if status in BUSY), None)
