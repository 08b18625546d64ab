"""Where a migration stands, in one sentence."""

from collections.abc import Sequence

from reports.formats import counted
from reports.values import WaveStages


def headline(waves: Sequence[WaveStages], *, stations: int, to_site: int, waiting: int) -> str:
    """Say how many of all stations have moved and what became of the others: those in waves, on site, on hold."""
    moved, left = sum(wave.verified for wave in waves), sum(wave.waiting for wave in waves)
    under_way, rolled_back = sum(wave.moving for wave in waves), sum(wave.rolled_back for wave in waves)
    if moved == stations:
        return f"All {counted(stations, 'station')} have moved."
    ahead = [
        *([f"{_are(under_way)} on the way"] if under_way else []),
        *([f"{_are(left)} still to move"] if left else []),
    ]
    behind = [
        *([f"{rolled_back} {'was' if rolled_back == 1 else 'were'} rolled back"] if rolled_back else []),
        *([f"{to_site} {'needs' if to_site == 1 else 'need'} a visit"] if to_site else []),
        *([f"{waiting} {'waits' if waiting == 1 else 'wait'} for something else first"] if waiting else []),
    ]
    moving = f"{moved} of {counted(stations, 'station')} {'has' if moved == 1 else 'have'} moved"
    first = ", ".join([moving, *ahead]) if ahead else f"{moving} and no wave is left"
    return f"{first}: {_listed(behind)}." if behind else f"{first}."


def _are(number: int) -> str:
    return f"{number} {'is' if number == 1 else 'are'}"


def _listed(said: Sequence[str]) -> str:
    return " and ".join([*([", ".join(said[:-1])] if said[:-1] else []), said[-1]])
