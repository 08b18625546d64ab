"""The life of a station during its move. Every transition lives in this file."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from charging.errors import IllegalTransition


class Stage(StrEnum):
    """Where a station is in its move."""

    PLANNED = "planned"
    """In a wave that has not reached it."""
    READY = "ready"
    """Its turn has come; nothing has been sent yet."""
    DRAINING = "draining"
    """Taken out of service on the legacy, waiting for the last charge to end."""
    WRITING = "writing"
    """Its configuration is being written, key by key; it is still on the legacy."""
    CUT_OVER = "cut_over"
    """Told to leave the legacy; not yet observed at the target."""
    ARRIVED = "arrived"
    """Observed at the target; being verified and put back into service."""
    VERIFIED = "verified"
    """Serves drivers at the target."""
    ROLLING_BACK = "rolling_back"
    """On its way back to the legacy."""
    ROLLED_BACK = "rolled_back"
    """On the legacy, as it was; a later wave may try again."""
    TO_SITE = "to_site"
    """Needs a person on site, or a decision; the reason says why."""


TRANSITIONS: Mapping[Stage, frozenset[Stage]] = {
    Stage.PLANNED: frozenset({Stage.READY, Stage.TO_SITE}),
    Stage.READY: frozenset({Stage.DRAINING, Stage.ROLLED_BACK, Stage.TO_SITE}),
    Stage.DRAINING: frozenset({Stage.WRITING, Stage.ROLLING_BACK}),
    Stage.WRITING: frozenset({Stage.CUT_OVER, Stage.ROLLING_BACK}),
    Stage.CUT_OVER: frozenset({Stage.ARRIVED, Stage.ROLLING_BACK}),
    Stage.ARRIVED: frozenset({Stage.VERIFIED, Stage.ROLLING_BACK}),
    Stage.VERIFIED: frozenset({Stage.ROLLING_BACK, Stage.TO_SITE}),  # to site: what a person moved, a person returns
    Stage.ROLLING_BACK: frozenset({Stage.ROLLED_BACK, Stage.TO_SITE}),
    Stage.ROLLED_BACK: frozenset({Stage.READY}),  # a later wave may try again, as the next attempt
    Stage.TO_SITE: frozenset({Stage.VERIFIED, Stage.ROLLED_BACK}),  # by hand, and heard since where the order leads
}

FINAL: frozenset[Stage] = frozenset({Stage.VERIFIED, Stage.ROLLED_BACK, Stage.TO_SITE})
"""Stages in which a station may rest. In every other one a clock is running."""

DEADLINES: Mapping[Stage, timedelta] = {
    Stage.PLANNED: timedelta(days=180),  # a plan that has not come to its station by then must be asked about
    Stage.READY: timedelta(minutes=10),
    Stage.DRAINING: timedelta(hours=4),  # a driver's charge is waited for, not cut off, but not for ever
    Stage.WRITING: timedelta(minutes=15),
    Stage.CUT_OVER: timedelta(minutes=15),  # where the recipe does not say: a wired station's slowest reconnect
    Stage.ARRIVED: timedelta(minutes=15),
    Stage.ROLLING_BACK: timedelta(minutes=30),
}
"""How long a station may stay in each stage that is not final."""


def require_transition(station_id: str, *, before: Stage, after: Stage) -> None:
    """Refuse a stage that does not follow the present one.

    Raises:
        IllegalTransition: if `TRANSITIONS` does not list it.
    """
    if after not in TRANSITIONS[before]:
        raise IllegalTransition(station_id, before, after)
