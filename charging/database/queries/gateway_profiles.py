"""The connection profiles that stations were given and took, among the recorded frames (OCPP 2.0.1 B09)."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from charging.database import tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A connection profile, without its secrets."""

    slot: int
    data: Mapping[str, Any]


def accepted(connection: sa.Connection) -> dict[str, Profile]:
    """Return the last profile that each station accepted, as far back as frames are kept."""
    call, answer = tables.frame.alias("call").c, tables.frame.alias("answer").c
    said = sa.func.coalesce(call.sent, call.received).label("said")
    same_call = (answer.station_id == call.station_id, answer.unique_id == call.unique_id, answer.at >= call.at)
    chosen = (
        sa.select(call.station_id, said)
        .join_from(call.station_id.table, answer.station_id.table, sa.and_(*same_call))
        .where(call.action == "SetNetworkProfile", call.kind == 2, answer.kind == 3)
        .where(answer.direction == "from_station", answer.received.contains("Accepted"))
        .order_by(call.at, call.segment, call.place)
    )
    found: dict[str, Profile] = {}
    for row in connection.execute(chosen):
        with suppress(ValueError, LookupError, TypeError):
            payload = json.loads(row.said)[3]
            found[row.station_id] = Profile(slot=int(payload["configurationSlot"]), data=payload["connectionData"])
    return found
