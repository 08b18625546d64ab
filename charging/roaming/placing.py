"""Where a partner's CDRs were, of our own stations, and whether those had been moved when the session ended. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from charging.identifiers import evse_id
from charging.identifiers.ledger import Ledger
from charging.network import Evse
from charging.roaming.cdr import Cdr, Cohort
from charging.roaming.dated import EVER, FACTS, holding
from charging.roaming.frame import INSTANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Stations:
    """Our stations by the ids of their EVSEs, those of now and of before."""

    ledger: Ledger
    by_uid: Mapping[str, str]
    """The station of each EVSE."""
    by_id: Mapping[str, str]
    """The station by the compact id that its EVSE bears now."""
    moved_at: Mapping[str, datetime]
    """When each station that is verified was told to leave the legacy."""


def stations(ledger: Ledger, evses: Iterable[Evse], *, moved_at: Mapping[str, datetime]) -> Stations:
    """Return our stations, of EVSEs that bear the ids of now."""
    known = list(evses)
    named = ((evse_id.compact(evse.evse_id or ""), evse.station_id) for evse in known)
    return Stations(
        ledger=ledger,
        by_uid={evse.evse_uid: evse.station_id for evse in known},
        by_id={compact: station_id for compact, station_id in named if compact is not None},
        moved_at=moved_at,
    )


def placed(frame: pl.DataFrame, known: Stations) -> pl.DataFrame:
    """Return CDRs (`charging.roaming.frame.SCHEMA`), each with its station and cohort where the EVSE is one of ours."""
    ids = frame["evse_compact"].unique().drop_nulls()
    answers = pl.DataFrame(list(_answers(ids, known)), schema=FACTS, orient="row")
    where = holding(answers, about=frame["evse_compact"], at=frame["started_at"])
    moved = pl.DataFrame(
        {"found": list(known.moved_at), "moved_at": list(known.moved_at.values())},
        schema={"found": pl.String, "moved_at": INSTANT},
    )
    told = where.to_frame("found").join(moved, on="found", how="left", maintain_order="left")["moved_at"]
    has_moved = (told <= frame["ended_at"]).fill_null(value=False)
    cohort = pl.select(
        pl.when(has_moved).then(pl.lit(str(Cohort.MOVED))).otherwise(pl.lit(str(Cohort.NOT_MOVED)))
    ).to_series()
    return frame.with_columns(
        station_id=pl.coalesce(where, "station_id"),
        cohort=pl.when(where.is_not_null()).then(cohort).otherwise("cohort"),
    )


def placed_cdrs(cdrs: Sequence[Cdr], frame: pl.DataFrame) -> list[Cdr]:
    """Return CDRs, each with the station and cohort that its row in a frame has."""
    where = {key: (station_id, cohort) for key, station_id, cohort in _places(cdrs, frame)}
    return [_at(cdr, *where[cdr.cdr_key]) for cdr in cdrs]


def _places(cdrs: Sequence[Cdr], frame: pl.DataFrame) -> list[tuple[str, str | None, str | None]]:
    keys = [cdr.cdr_key for cdr in cdrs]
    return frame.filter(pl.col("cdr_key").is_in(keys)).select("cdr_key", "station_id", "cohort").rows() if keys else []


def _at(cdr: Cdr, station_id: str | None, cohort: str | None) -> Cdr:
    return replace(cdr, station_id=station_id, cohort=None if cohort is None else Cohort(cohort))


def _answers(ids: Iterable[str], known: Stations) -> Iterator[tuple[object, ...]]:
    """Yield for whom an id answered, and when: the names of the ledger first, then the ids of now.

    Whoever answered by the ledger is the answer, also where its EVSE has no station any more.
    """
    for text in ids:
        names = known.ledger.bearers(text)
        for order, name in enumerate(names):
            begins, until = name.valid_from or EVER[0], name.answers_until or EVER[1]
            yield text, order, begins, until, known.by_uid.get(name.evse_uid)
        if text in known.by_id:
            yield text, len(names), *EVER, known.by_id[text]
