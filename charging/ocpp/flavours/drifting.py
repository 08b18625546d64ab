"""Whether a type of station still behaves as it was recorded to: an update, or a setting, may have changed it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from charging.migration.binomial import lower_bound, upper_bound
from charging.ocpp.flavours.learning import Cell, Learnt, Verdict, in_force
from charging.ocpp.flavours.recording import Behaviour, StationType

SURE = 0.99
"""How sure an alarm must be: one odd event in a hundred types is no news."""
_SHARES: Mapping[Verdict, tuple[float, float]] = {Verdict.YES: (0.95, 1.0), Verdict.NO: (0.0, 0.05)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A behaviour of a type that is not any more what was recorded."""

    vendor: str
    model: str
    firmware: str
    behaviour: Behaviour
    was: Cell
    now: Cell

    def __str__(self) -> str:
        name = f"{self.vendor} {self.model}" + ("" if self.firmware == "*" else f" {self.firmware}")
        now, was = self.now, self.was
        return (
            f"{name}: {self.behaviour} was {was.verdict} ({was.followed} of {was.events}) and is "
            f"{now.verdict} ({now.followed} of {now.events})"
        )


def drifts(kept: Iterable[Learnt], now: Iterable[Learnt]) -> list[Drift]:
    """Return what has drifted: seen now, and too rare to be chance if what is kept still held.

    `now` must have been recorded after what is kept. A firmware that is not kept is held against its model.
    """
    rows = list(kept)
    found = []
    for row in now:
        was = in_force(rows, StationType(vendor=row.vendor, model=row.model, firmware=row.firmware))
        if was is not None:
            found += [
                Drift(
                    vendor=row.vendor,
                    model=row.model,
                    firmware=row.firmware,
                    behaviour=behaviour,
                    was=was.cells[behaviour],
                    now=cell,
                )
                for behaviour, cell in row.cells.items()
                if has_drifted(was.cells[behaviour], cell)
            ]
    return found


def has_drifted(was: Cell, now: Cell) -> bool:
    """Whether the share that is seen now is not the one that was: by their exact bounds, not by a hair's breadth."""
    if now.events == 0 or was.verdict is Verdict.UNSEEN:
        return False
    low, high = _SHARES.get(was.verdict) or (was.at_least, was.at_most)
    return (
        upper_bound(now.followed, now.events, confidence=SURE) < low
        or lower_bound(now.followed, now.events, confidence=SURE) > high
    )
