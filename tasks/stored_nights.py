"""Storing a night: our CDRs as they were judged, every verdict, and a version where it says something new."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from charging import canonical
from charging.database.operations import roaming as write
from charging.database.operations import roaming_columns as write_columns
from charging.database.queries import night_frames, nights
from charging.reconciliation import night_share
from charging.reconciliation.follow_up.changes import Changes
from charging.reconciliation.night_frame import NightFrame
from tasks.night_sides import Sides


def store_ours(connection: sa.Connection, sides: Sides, kept: NightFrame, *, at: datetime) -> None:
    """Keep the CDRs of ours that the night has judged, as they were judged."""
    keys = kept.judged.select(cdr_key=pl.col("ours_key").drop_nulls())
    for part in sides.ours.frames():
        frame = part.join(keys, on="cdr_key", how="semi")
        cdrs = [sides.exact[key] for key in frame.filter(~pl.col("is_exact"))["cdr_key"]]
        write_columns.store_cdr_frame(connection, frame, cdrs=cdrs, at=at)


def store(
    connection: sa.Connection, head: Mapping[str, Any], kept: NightFrame, *, partner: str, day: date, because: str
) -> Changes | None:
    """Store the night; a version is added where it is new, or another outcome than before.

    Returns what it says otherwise than before; None where it was judged for the first time.
    """
    before = nights.night(connection, partner, day)
    found = night_frames.changed(connection, kept, partner=partner, day=day) if before else None
    write_columns.store_night(connection, head, kept, partner=partner, day=day)
    is_same = before is not None and (before["is_complete"], before["inputs_sha256"]) == (
        head["is_complete"],
        head["inputs_sha256"],
    )
    if found is None or found.counts or not is_same:
        version = {
            "because": because if before else "it was judged for the first time",
            "is_complete": head["is_complete"],
            "judged": kept.judged.height,
            "changes": canonical.plain(found) if found else {},
            "inputs_sha256": head["inputs_sha256"],
            "verdicts_sha256": night_share.verdicts_digest(kept),
            "reconciled_at": head["reconciled_at"],
        }
        write.store_version(connection, version, partner=partner, day=day)
    return found
