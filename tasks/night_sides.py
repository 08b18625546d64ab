"""Both sides of a night and its neighbourhood, as they are stored, in columns; many of them in files of a folder."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from charging.database.queries import cdr_frames, clean, session_frames
from charging.database.queries import identifiers as ledger
from charging.errors import CountsDisagree
from charging.reconciliation.night_frame import NightFrame
from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import to_frame
from charging.roaming.held import Account, HeldCdrs
from charging.roaming.own import Own, Skipped
from charging.roaming.own_frame import OwnFrame, own_frame
from charging.roaming.own_sessions import Known
from charging.roaming.partner import Partner
from charging.roaming.placing import placed, placed_cdrs
from tasks import places
from tasks.as_provider import Provider

Period = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The CDRs of both sides, and the sessions of ours that became none."""

    ours: HeldCdrs
    theirs: HeldCdrs
    skipped: tuple[Skipped, ...]

    @property
    def exact(self) -> dict[str, Cdr]:
        """The CDRs whose rows are not exact, by their key."""
        return self.ours.exact | self.theirs.exact

    def account(self, side: Side, kept: NightFrame) -> Account:
        """Return what the CDRs of one side that are in a night's verdicts add up to.

        Raises:
            CountsDisagree: if one of them is not there.
        """
        keys = kept.judged.lazy().select(cdr_key=pl.col(f"{side}_key")).drop_nulls()
        found = (self.ours if side is Side.OURS else self.theirs).account(keys)
        judged = int(kept.judged[f"{side}_key"].count())
        if judged != found.cdrs:
            raise CountsDisagree(f"the night, {side}", rows_in=judged, loaded=found.cdrs, quarantined=0)
        return found

    def places(self, keys: Collection[str]) -> dict[str, tuple[datetime, str | None]]:
        """Return when some CDRs' sessions ended, and at which of our stations."""
        wanted = pl.LazyFrame({"cdr_key": list(keys)}, schema={"cdr_key": pl.String})
        both = pl.concat([held.scan().select("cdr_key", "ended_at", "station_id") for held in (self.ours, self.theirs)])
        found = both.join(wanted, on="cdr_key", how="semi").collect()
        return {key: (ended_at, station_id) for key, ended_at, station_id in found.iter_rows()}


def both(
    connection: sa.Connection,
    partner: Partner,
    around: Period,
    *,
    provider: Provider | None,
    now: datetime,
    folder: Path,
) -> Sides:
    """Return both sides of a half-open period, each CDR with its station and cohort where it was at one of ours."""
    ours, theirs = (HeldCdrs(_made(folder / str(side))) for side in Side)
    skipped: list[Skipped] = []
    for frame, cdrs, passed in _ours(connection, partner, around, provider=provider, now=now):
        ours.add(frame, cdrs=cdrs)
        skipped += passed
    where = places.our_stations(connection)
    for stored in cdr_frames.cdr_frames(connection, partner.name, Side.THEIRS, period=around):
        part = provider.theirs_frame(stored) if provider else stored
        frame = placed(part.frame, where)
        theirs.add(frame, cdrs=placed_cdrs(part.cdrs, frame))
    return Sides(ours=ours, theirs=theirs, skipped=tuple(sorted(skipped, key=_numbered)))


def _ours(
    connection: sa.Connection, partner: Partner, around: Period, *, provider: Provider | None, now: datetime
) -> Iterator[tuple[pl.DataFrame, Sequence[Cdr], Sequence[Skipped]]]:
    """Yield our CDRs in columns, those of them whose rows are not exact, and the sessions that became none."""
    if provider is None:
        for made in own_parts(connection, partner, around):
            yield made.frame, made.cdrs, made.skipped
        return
    told = provider.own(connection, around, as_of=now)
    frame = to_frame(told.cdrs)
    yield frame, [cdr for cdr, is_exact in zip(told.cdrs, frame["is_exact"], strict=True) if not is_exact], told.skipped


def own(connection: sa.Connection, partner: Partner, period: Period) -> Own:
    """Return our CDRs of the sessions of a partner's drivers that ended in a half-open period, as they are now."""
    parts = [part.values() for part in own_parts(connection, partner, period)]
    return Own(
        cdrs=tuple(sorted((cdr for part in parts for cdr in part.cdrs), key=attrgetter("cdr_id"))),
        skipped=tuple(sorted((one for part in parts for one in part.skipped), key=_numbered)),
    )


def own_parts(connection: sa.Connection, partner: Partner, period: Period) -> Iterator[OwnFrame]:
    """Yield the same in columns, some ten thousand sessions at a time."""
    known = Known(
        tokens={token.token_uid: token for token in clean.tokens(connection)},
        evses={(evse.station_id, evse.connector_id): evse for evse in places.evses(connection)},
        names=ledger.ledger(connection),
        zones=clean.time_zones(connection),
    )
    for part in session_frames.session_frames(connection, issuer=partner.party, period=period):
        yield own_frame(part, partner=partner, known=known)


def _numbered(one: Skipped) -> tuple[str, str]:
    return one.session_id, one.back_office or ""


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
