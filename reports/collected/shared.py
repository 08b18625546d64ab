"""What several reports are told in the same way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from charging.migration.lifecycle import Stage
from reports.values import WaveStages

PILOT = "pilot"


def wave_name(wave: int) -> str:
    """Return what a wave is called beside its number."""
    return PILOT if wave == 0 else ""


def stages(wave: int, counts: Mapping[str, int]) -> WaveStages:
    """Return a wave from how many of its stations are in which stage."""
    return WaveStages(wave=wave, name=wave_name(wave), **{stage.value: counts.get(stage.value, 0) for stage in Stage})


def wave_stages(moves: Sequence[Mapping[str, Any]]) -> tuple[WaveStages, ...]:
    """Return how many stations of each wave are in which stage; stations in no wave are in none."""
    counts: dict[int, Counter[str]] = {}
    for move in moves:
        if move["wave"] is not None:
            counts.setdefault(move["wave"], Counter())[move["stage"]] += 1
    return tuple(stages(wave, counts[wave]) for wave in sorted(counts))
