"""From one back office to another by a change of route, and the idle moment that it takes (`domain.md` §4.6)."""

from datetime import datetime

from charging.ocpp.relay.book import TransactionBook
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.rules import Rules
from charging.ocpp.relay.toward_office import TowardOffice
from charging.ocpp.relay.toward_station import TowardStation


class Moving:
    """A move that was asked for and waits."""

    __slots__ = ("deadline", "reason", "target")

    def __init__(self, target: str, deadline: datetime) -> None:
        self.target = target
        self.deadline = deadline
        self.reason = ""
        """What it waits for."""

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
        self.reason = _open_charge(book, memory) or _open_call(up, down) or _recent(at, up.transactions.last_at, rules)
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


def _recent(at: datetime, last_at: datetime | None, rules: Rules) -> str:
    if last_at is None or at >= last_at + rules.quiet:
        return ""
    return f"a message of a charge passed less than {rules.quiet.total_seconds():.0f} s ago"
