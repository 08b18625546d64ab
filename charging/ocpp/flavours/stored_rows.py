"""A learnt row as plain values, and back: how it is stored, and how it is shown to programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from charging.ocpp.flavours.learning import Cell, Learnt
from charging.ocpp.flavours.recording import Behaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A row that is kept."""

    learnt: Learnt
    source: str
    """learnt or probed"""
    by: str
    kept_at: datetime


def stored_cells(row: Learnt) -> dict[str, Any]:
    """Return a row's cells as JSON holds them."""
    return {
        str(behaviour): {
            "events": cell.events,
            "followed": cell.followed,
            "undecided": cell.undecided,
            "stations": cell.stations,
            "proofs_for": [list(proof) for proof in cell.proofs_for],
            "proofs_against": [list(proof) for proof in cell.proofs_against],
        }
        for behaviour, cell in row.cells.items()
    }


def learnt(row: Mapping[Any, Any]) -> Kept:
    """Return a stored row as what it was."""
    cells = {Behaviour(name): _cell(Behaviour(name), cell) for name, cell in row["cells"].items()}
    return Kept(
        learnt=Learnt(
            vendor=row["vendor"],
            model=row["model"],
            firmware=row["firmware"],
            cells={behaviour: cells[behaviour] for behaviour in Behaviour},
            recorded_from=row["recorded_from"],
            recorded_until=row["recorded_until"],
        ),
        source=row["source"],
        by=row["by"],
        kept_at=row["kept_at"],
    )


def _cell(behaviour: Behaviour, stored: Mapping[str, Any]) -> Cell:
    return Cell(
        behaviour=behaviour,
        events=stored["events"],
        followed=stored["followed"],
        undecided=stored["undecided"],
        stations=stored["stations"],
        proofs_for=tuple(tuple(proof) for proof in stored["proofs_for"]),
        proofs_against=tuple(tuple(proof) for proof in stored["proofs_against"]),
    )
