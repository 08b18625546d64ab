"""From one back office to another by a change of route, and the idle moment that it takes (`domain.md` §4.6)."""

from datetime import datetime

from charging.ocpp.relay.book import TransactionBook
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.rules import Rules
from charging.ocpp.relay.toward_office import TowardOffice
from charging.ocpp.relay.toward_station import TowardStation


class Moving:
    """A move that was asked for and waits."""

    __slots__ = ("deadline", "quiet_at", "reason", "target")

    def __init__(self, target: str, deadline: datetime) -> None:
        self.target = target
        self.deadline = deadline
        self.reason = ""
        """What it waits for."""
        self.quiet_at: datetime | None = None
        """When it need wait no longer, if it waits for nothing but quiet."""

    def is_ready(
        self,
        at: datetime,
        *,
        up: TowardOffice,
        down: TowardStation,
        book: TransactionBook,
        memory: StationMemory,
        rules: Rules,
    ) -> bool:
        """Whether nothing is open: no charge, no call, and no message of a charge a moment ago."""
        self.quiet_at = None
        self.reason = _open_charge(book, memory) or _open_call(up, down)
        last_at = up.transactions.last_at
        if not self.reason and last_at is not None and at < last_at + rules.quiet:
            self.quiet_at = last_at + rules.quiet
            self.reason = f"a message of a charge passed less than {rules.quiet.total_seconds():.0f} s ago"
        return not self.reason


def _open_charge(book: TransactionBook, memory: StationMemory) -> str:
    if transactions := book.still_open:
        return f"transaction {transactions[0].transaction} is open"
    place = memory.busy()
    return "" if place is None else f"connector {place[0]} is {(memory.statuses or {})[place]}"


def _open_call(up: TowardOffice, down: TowardStation) -> str:
    """What waits for a back office that is away was never sent: it may as well wait for the next one."""
    waiting = up.lane.waiting if up.is_up else []
    for asked in (up.lane.open, *waiting):
        if asked is not None:
            return f"the back office has not answered {asked.action}"
    for asked in (down.lane.open, *down.lane.waiting):
        if asked is not None:
            return f"the station has not answered {asked.action}"
    return ""
