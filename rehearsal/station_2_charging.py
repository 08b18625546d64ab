"""A simulated OCPP 2 station's charges: which runs, and what is told of each."""

from itertools import count

from charging.clock import Clock
from rehearsal.frames import Link, Payload, instant
from rehearsal.wording import Wording


class Charging2:
    """One station's charges. One runs at a time."""

    def __init__(self, identity: str, wording: Wording, *, clock: Clock) -> None:
        self._identity, self._wording, self._clock = identity, wording, clock
        self._numbers = count(1)
        self._running: tuple[str, int] | None = None
        """The running charge's id and its next sequence number."""

    @property
    def is_running(self) -> bool:
        """Whether a charge has begun whose end has not been answered."""
        return self._running is not None

    def begin(self) -> None:
        """Let a charge run from now on; that is told by itself."""
        self._running = f"tx-{self._identity}-{next(self._numbers)}", 0

    def cut_off(self) -> None:
        """End the running charge without a word, as an immediate reset does."""
        self._running = None

    async def tell(self, link: Link, event: str) -> None:
        """Tell that the running charge has started or ended; nothing where none runs."""
        if self._running is None:
            return
        number, sequence = self._running
        await self._say(link, number, event, sequence)
        self._running = (number, sequence + 1) if event == "Started" else None

    async def lie(self, link: Link, number: str, event: str) -> None:
        """Tell of a charge that there is not."""
        await self._say(link, number, event, 0)

    async def _say(self, link: Link, number: str, event: str, sequence: int) -> None:
        told: Payload = {
            "eventType": event,
            "timestamp": instant(self._clock()),
            "triggerReason": "CablePluggedIn" if event == "Started" else "EVDeparted",
            "seqNo": sequence,
            "transactionInfo": {"transactionId": number},
            "evse": {"id": 1, "connectorId": 1},
        }
        await self._wording.say(link, "TransactionEvent", told)
