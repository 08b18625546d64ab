"""What is asked of SteVe's database about smart charging: profiles, their periods, and where they were sent."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from charging.legacy.snapshot import text
from charging.legacy.steve_reading import Reading, Record
from charging.legacy.steve_schema import SteveSchema, column_or_null

_PERIOD = {"start_period": "start_period_in_seconds", "limit": "power_limit", "number_phases": "number_phases"}


def charging_profiles(schema: SteveSchema) -> Iterator[Reading]:
    """Read each profile once per EVSE that it was sent to, and once where it was sent to none."""
    if not schema.has("charging_profile"):
        return
    profile, evse = schema.table("charging_profile"), schema.table(schema.generation)
    joined: sa.FromClause = profile
    at: sa.ColumnElement[Any] = sa.null()
    if schema.has("connector_charging_profile"):
        sent = schema.table("connector_charging_profile")
        at = sent.c[schema.reference("connector_charging_profile")]
        joined = joined.outerjoin(sent, sent.c.charging_profile_pk == profile.c.charging_profile_pk)
    joined = joined.outerjoin(evse, evse.c[schema.evse_pk] == at)
    query = sa.select(
        profile.c.charging_profile_pk.label("line"),
        at.label("sent_to"),
        evse.c.charge_box_id.label("station_id"),
        evse.c[schema.evse_number].label("connector_id"),
        *(
            column_or_null(profile, schema, column).label(name)
            for name, column in {
                "stack_level": "stack_level",
                "purpose": "charging_profile_purpose",
                "kind": "charging_profile_kind",
                "recurrency": "recurrency_kind",
                "valid_from": "valid_from",
                "valid_until": "valid_to",
                "starts_at": "start_schedule",
                "duration_seconds": "duration_in_seconds",
                "rate_unit": "charging_rate_unit",
                "min_charging_rate": "min_charging_rate",
            }.items()
        ),
    )
    order = [profile.c.charging_profile_pk, at]
    if schema.has("charging_schedule_period"):
        period = schema.table("charging_schedule_period")
        joined = joined.outerjoin(period, period.c.charging_profile_pk == profile.c.charging_profile_pk)
        query = query.add_columns(*(period.c[column].label(name) for name, column in _PERIOD.items()))
        order.append(period.c.start_period_in_seconds)
    yield Reading(file="charging_profile", query=query.select_from(joined).order_by(*order), fold=_fold)


def _fold(records: Iterable[Record]) -> Iterator[Record]:
    """Make one row of the records that differ in their period only; a profile sent to two EVSEs has two ids."""
    for (line, sent_to), periods in groupby(records, key=lambda record: (record["line"], record["sent_to"])):
        each = list(periods)
        row = {name: value for name, value in each[0].items() if name not in _PERIOD and name != "sent_to"}
        row["profile_id"] = str(line) if sent_to is None else f"{line}-{sent_to}"
        row["periods"] = json.dumps([_period(record) for record in each if record.get("start_period") is not None])
        yield row


def _period(record: Record) -> dict[str, object]:
    """Return a period in OCPP's words; the limit is text, so that it stays exact."""
    period: dict[str, object] = {"start_period": int(record["start_period"]), "limit": text(record["limit"])}
    phases = record["number_phases"]
    return period if phases is None else period | {"number_phases": int(phases)}
