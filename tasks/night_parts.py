"""A night that is too large to be judged at once: cut into parts that lie in files, judged apart, and joined."""

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from charging.reconciliation.aliases import Aliases
from charging.reconciliation.clock_offset import count
from charging.reconciliation.night import cast_ballots, reconcile_frames
from charging.reconciliation.night_frame import NightFrame
from charging.reconciliation.partitions import assigned, in_part, join
from charging.reconciliation.token_hashes import resolved
from charging.roaming.cdr import Cdr
from charging.roaming.partner import CreditPolicy
from charging.roaming.terms import Terms
from charging.tariffs.tariff import Tariff

ROWS_IN_A_PART = 2_500_000
"""CDRs of both sides together: what is known of so many at a time takes less than a gigabyte."""
_SIDES = ("ours", "theirs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """By what a night is judged, whichever part of it."""

    terms: Terms
    tariffs: Sequence[Tariff]
    as_of: datetime
    aliases: Aliases
    unreadable: Mapping[str, str]
    credit_policy: CreditPolicy


Each = Callable[[str, Sequence[Path]], None]
"""Takes one step (a key of `STEPS`) with each of some parts, and returns when all are done."""


def in_this_process(step: str, parts: Sequence[Path]) -> None:
    """Take a step with one part after the other."""
    for part in parts:
        STEPS[step](part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where a night is judged, and by whom."""

    folder: Path | None = None
    """Where its parts lie while it is judged: whoever judges them must see it. None: this machine's own place."""
    each: Each = in_this_process
    parts: int = 0
    """In how many it is cut; 0: as many as its size asks for."""

    def parts_of(self, cdrs: int) -> int:
        """Return in how many parts so many CDRs are judged."""
        return self.parts or max(1, -(-cdrs // ROWS_IN_A_PART))


def judged(
    ours: pl.LazyFrame,
    theirs: pl.LazyFrame,
    agreement: Agreement,
    *,
    exact: Mapping[str, Cdr],
    parts: int,
    each: Each,
    folder: Path,
) -> NightFrame:
    """Return the verdicts on every CDR of two scans (`frame.SCHEMA`): the same in however many parts, judged anywhere.

    `exact` has the CDRs of the rows that are not exact. `folder` is empty, and whoever judges a part sees it.

    Raises:
        CountsDisagree: if a record or a cent is unaccounted for.
    """
    if parts <= 1:
        return reconcile_frames(ours, theirs, exact=exact, **_stated(agreement))
    cut = _cut(ours, theirs, agreement, exact=exact, parts=parts, folder=folder)
    each("vote", cut)
    cast = [_read(part / "ballots") for part in cut]
    _write(folder / "clock", count(cast, time_zone=agreement.terms.time_zone) if cast else None)
    each("judge", cut)
    return join([_told(part) for part in cut])


def _cut(
    ours: pl.LazyFrame,
    theirs: pl.LazyFrame,
    agreement: Agreement,
    *,
    exact: Mapping[str, Cdr],
    parts: int,
    folder: Path,
) -> list[Path]:
    """Write each part into a folder of its own: both sides, and the CDRs that no column holds."""
    _write(folder / "agreement", agreement)
    sides = dict(zip(_SIDES, resolved(ours, theirs), strict=True))
    part_of = assigned(*sides.values(), parts=parts, aliases=agreement.aliases)
    made = [folder / f"part-{number:04d}" for number in range(max(part_of.values(), default=-1) + 1)]
    for number, part in enumerate(made):
        part.mkdir()
        unusual: list[str] = []
        for name, side in sides.items():
            in_part(side, part_of, number).sink_parquet(part / f"{name}.parquet", compression="lz4")
            inexact = _scan(part, name).filter(~pl.col("is_exact")).select("cdr_key")
            unusual += inexact.collect()["cdr_key"].to_list() if exact else []
        _write(part / "exact", {key: exact[key] for key in unusual})
    return made


def _vote(part: Path) -> None:
    agreement: Agreement = _read(part.parent / "agreement")
    ballots = cast_ballots(
        *(_scan(part, name) for name in _SIDES),
        terms=agreement.terms,
        aliases=agreement.aliases,
        exact=_read(part / "exact"),
        credit_policy=agreement.credit_policy,
    )
    _write(part / "ballots", ballots)


def _judge(part: Path) -> None:
    night = reconcile_frames(
        *(_scan(part, name) for name in _SIDES),
        exact=_read(part / "exact"),
        clock=_read(part.parent / "clock"),
        **_stated(_read(part.parent / "agreement")),
    )
    night.judged.write_parquet(part / "judged.parquet", compression="lz4")
    _write(part / "told", (night.summary, night.inexact))


STEPS: Mapping[str, Callable[[Path], None]] = {"vote": _vote, "judge": _judge}
"""What is done with a part, all of them before the next: nothing but its folder is read and written."""


def _told(part: Path) -> NightFrame:
    summary, inexact = _read(part / "told")
    return NightFrame(judged=pl.read_parquet(part / "judged.parquet"), summary=summary, inexact=inexact)


def _stated(agreement: Agreement) -> dict[str, Any]:
    return {
        "terms": agreement.terms,
        "tariffs": agreement.tariffs,
        "as_of": agreement.as_of,
        "aliases": agreement.aliases,
        "unreadable": agreement.unreadable,
        "credit_policy": agreement.credit_policy,
    }


def _scan(part: Path, side: str) -> pl.LazyFrame:
    return pl.scan_parquet(part / f"{side}.parquet", low_memory=True)


def _write(path: Path, value: object) -> None:
    """Write a value in one step: a part that is judged twice at once reads no half of it."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(pickle.dumps(value))
    unfinished.replace(path)


def _read(path: Path) -> Any:
    return pickle.loads(path.read_bytes())  # noqa: S301 - written a moment ago, into a folder that is this night's own
