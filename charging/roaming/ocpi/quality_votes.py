"""What a whole feed shows about its units, which no record alone can: is it every one of them, or some? Pure."""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

FEWEST = 20
"""Records that must have something to say before a feed is said to do a thing always."""
_NEARLY_ALL = 0.99
MOST_KW = 1000
"""No station delivers more on average: a total beyond it is in another unit."""


class Habit(StrEnum):
    """How a feed does a thing."""

    NEVER = "never"
    SOME = "some"
    """Some records one way, some the other: whoever sends them has two sources."""
    ALWAYS = "always"
    TOO_FEW = "too_few"
    """Some do, and there are too few to say more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """How many records speak for a habit, and how many against it."""

    code: str
    sentence: str
    speak_for: int
    speak_against: int

    @property
    def habit(self) -> Habit:
        """What the votes come to."""
        cast = self.speak_for + self.speak_against
        if self.speak_for == 0:
            return Habit.NEVER
        if cast < FEWEST:
            return Habit.TOO_FEW
        return Habit.ALWAYS if self.speak_for >= _NEARLY_ALL * cast else Habit.SOME

    @property
    def shown(self) -> str:
        """The numbers, in a sentence."""
        return f"{self.sentence}: {self.speak_for} of {self.speak_for + self.speak_against} CDRs that can tell"


def votes_on_units(frame: pl.DataFrame) -> tuple[Vote, ...]:
    """Return the votes on units of a canonical frame's rows (`charging.roaming.frame.SCHEMA`)."""
    measures = pl.col("lines").list.eval(pl.element().struct.field("measure"))
    has_energy = measures.list.contains("ENERGY")
    has_time = measures.list.contains("TIME") | measures.list.contains("PARKING_TIME")
    energy, hours = pl.col("energy_kwh_micro"), pl.col("total_hours_micro")
    can_tell_power = ((energy > 0) & (hours > 0)).fill_null(value=False)
    # Divided, as a product might leave 64 bits.
    is_beyond = can_tell_power & (energy // MOST_KW > hours)
    asked = {
        "unit.energy_wh": ("ENERGY is sent in Wh", has_energy, _has("unit.energy_wh")),
        "unit.time_min": ("TIME is sent in minutes", has_time, _has("unit.time_min")),
        "unit.time_sec": ("TIME is sent in seconds", has_time, _has("unit.time_sec")),
        "unit.total_energy_wh": (f"total_energy means more than {MOST_KW} kW on average", can_tell_power, is_beyond),
    }
    counts = frame.select(
        *(votes.sum().alias(f"{code}/for") for code, (_, _, votes) in asked.items()),
        *((may & ~votes).sum().alias(f"{code}/against") for code, (_, may, votes) in asked.items()),
    ).row(0, named=True)
    return tuple(
        Vote(
            code=code,
            sentence=sentence,
            speak_for=int(counts[f"{code}/for"]),
            speak_against=int(counts[f"{code}/against"]),
        )
        for code, (sentence, _, _) in asked.items()
    )


def _has(code: str) -> pl.Expr:
    return pl.col("quality").list.contains(code)
