"""What a change of EVSE ids means outside: stickers to print, visits to make, parties to tell, and what it costs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from reports.formats import counted, money
from reports.values import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class IdChange:
    """One EVSE that gets, or got, another id."""

    evse_uid: str
    before: str | None
    after: str
    state: str
    rule: str
    station_id: str
    location_id: str
    address: str
    sticker: str
    """`replace`, `first`, or `none` where what is printed stays right."""
    sticker_done: bool
    qr: str
    """What the QR code holds."""
    alias_until: datetime | None
    """Until when the id that is given up answers; None where there was none."""
    sticker_cost: Decimal | None
    currency: str

    @property
    def work(self) -> str:
        """`done`, `to_do`, or `nothing` where no sticker is needed."""
        if self.sticker == "none":
            return "nothing"
        return "done" if self.sticker_done else "to_do"

    @property
    def artwork(self) -> str:
        """The name of the file that is printed; empty where none is."""
        plain = re.sub(r"[^A-Za-z0-9]", "", self.after)[:60]
        if self.after.replace("*", "") != plain:  # two ids that differ only in what a file name cannot hold
            plain = f"{plain}-{sha256(self.after.encode('utf-8', 'replace')).hexdigest()[:8]}"
        return "" if self.sticker == "none" else f"{plain}.svg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A location that somebody goes to, with the stickers that are put on there."""

    location_id: str
    address: str
    stickers: int
    done: int
    cost: Decimal | None
    """The visit and its stickers."""
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A hub, access point, register or partner that is told of the new ids."""

    name: str
    state: str
    """`open`, `told` or `confirmed`."""
    changes: int
    """Approved changes that it has not been told of."""
    said: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """So many of something at so much each."""

    way: str
    item: str
    count: int
    each: Decimal | None
    total: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """The sheet that goes to whoever decides about new ids, prints stickers and tells partners."""

    network: str
    as_of: datetime
    time_zone: str
    changes: tuple[IdChange, ...]
    visits: tuple[Visit, ...]
    recipients: tuple[Recipient, ...]
    costs: tuple[Cost, ...]
    alias_days: int
    qr_patterns: tuple[str, ...]

    title = "Impact of new EVSE ids"
    stem = "impact-evse-ids"

    @property
    def figures(self) -> tuple[Figure, ...]:
        """What a reader should take home."""
        stickers = [each for each in self.changes if each.sticker != "none"]
        done = sum(each.sticker_done for each in stickers)
        waiting = sum(each.state != "confirmed" for each in self.recipients)
        return (
            Figure(label="Changes", value=len(self.changes), unit="", meaning=f"{self._approved} of them approved."),
            Figure(label="Stickers", value=len(stickers), unit="", meaning=f"{counted(done, 'sticker')} done."),
            Figure(label="Visits", value=len(self.visits), unit="", meaning="Locations that somebody goes to."),
            Figure(
                label="To tell",
                value=len(self.recipients),
                unit="",
                meaning=f"{waiting} of them have not confirmed.",
            ),
        )

    @property
    def headline(self) -> str:
        """One sentence: what a change comes to, and what the alternative does."""
        if not self.changes:
            return "No EVSE changes its id."
        verb = "changes its id" if len(self.changes) == 1 else "change their ids"
        said = f"{counted(len(self.changes), 'EVSE')} {verb}"
        return f"{said}: {self.said('sticker')} with new stickers now, {self.said('alias')} with aliases."

    @property
    def sheets(self) -> tuple[IdChange, ...]:
        """Changes that need a sticker, those of one location and station together, as they are printed and put on."""
        wanted = (each for each in self.changes if each.sticker != "none")
        return tuple(sorted(wanted, key=lambda each: (each.location_id, each.station_id, each.evse_uid)))

    @property
    def preview(self) -> tuple[IdChange, ...]:
        """The first of them: enough to see what they look like."""
        return self.sheets[:6]

    def total(self, way: str) -> Decimal | None:
        """Return what one way costs altogether; None while one of its costs is not known."""
        return total(each.total for each in self.costs if each.way == way)

    def said(self, way: str) -> str:
        """Return what one way costs altogether, in words."""
        amount = self.total(way)
        return "not known" if amount is None else money(amount, self.costs[0].currency)

    @property
    def _approved(self) -> int:
        return sum(each.state == "approved" for each in self.changes)


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum of amounts, or None while one of them is not known."""
    every = list(amounts)
    known = [each for each in every if each is not None]
    return sum(known, Decimal(0)) if len(known) == len(every) else None
