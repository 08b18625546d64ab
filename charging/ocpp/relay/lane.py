"""One way between a station and its back office: one call at a time, the others in a bounded queue behind it."""

from datetime import datetime

import msgspec

from charging.ocpp.flavours.flavour import UserRule

NO_PAYLOAD = msgspec.Raw(b"{}")


class Asked(msgspec.Struct):
    """A call on its way, or waiting for its turn."""

    unique_id: str
    action: str
    raw: bytes
    """As it arrived; empty where it was made here."""
    sent: bytes
    """As it goes on."""
    at: datetime
    """When it arrived or was made."""
    deadline: datetime
    """While waiting, the end of its wait; on its way, the end of waiting for its answer."""
    rule: str = ""
    """The rule that made or rewrote it."""
    order_id: str = ""
    payload: msgspec.Raw = NO_PAYLOAD
    """Of the call as it arrived; of one that was made here, an empty object."""
    is_ours: bool = False
    """Made here: its answer goes no further."""
    asks: int = 0
    """How often it has been sent: more than once only where a link broke before its answer came."""
    note: object = None
    """What has to be remembered until the answer comes."""
    following: tuple[UserRule, ...] = ()
    """An operator's own rules that have something to do once the call was acknowledged."""

    def under(self, rule: str) -> None:
        """Add the name of a rule to those that it goes on under."""
        if rule not in self.rule:
            self.rule = f"{self.rule}; {rule}" if self.rule else rule


class Lane:
    """Never more than one open call; the queue is bounded by who puts into it."""

    __slots__ = ("late", "open", "waiting")

    def __init__(self) -> None:
        self.open: Asked | None = None
        self.late: Asked | None = None
        """The last call that was given up. Its answer may still come, and must not go astray."""
        self.waiting: list[Asked] = []

    def answered(self, unique_id: str) -> Asked | None:
        """Return the call that this id answers, and be done with it; None if nobody asked."""
        found = self.open
        if found is not None and found.unique_id == unique_id:
            self.open = None
            return found
        found = self.late
        if found is not None and found.unique_id == unique_id:
            self.late = None
            return found
        return None

    def give_up(self) -> Asked | None:
        """Free the way for the next call; the answer to the open one is late from now on."""
        given_up, self.open = self.open, None
        if given_up is not None:
            self.late = given_up
        return given_up

    def overdue(self, at: datetime) -> list[Asked]:
        """Take those out of the queue whose wait is over, in order."""
        if not self.waiting:
            return []
        gone = [asked for asked in self.waiting if asked.deadline <= at]
        if gone:
            self.waiting = [asked for asked in self.waiting if asked.deadline > at]
        return gone

    def deadline(self) -> datetime | None:
        """Return the next instant at which something here is overdue."""
        if self.open is None and not self.waiting:
            return None
        first = min((asked.deadline for asked in self.waiting), default=None)
        if self.open is None:
            return first
        return self.open.deadline if first is None else min(first, self.open.deadline)
