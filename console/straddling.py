"""Charges that straddle a move, for the shell."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from charging import settings as configuration
from charging.database import connection as database
from charging.database.queries import clean, gateway_books
from charging.ocpp.redact import short_token
from charging.ocpp.relay.facts import Fact
from charging.ocpp.relay.joining import Joined, LeftOver
from charging.ocpp.relay.straddling import READ, straddling
from console import workplace


def charges(home: Path, *, station_id: str | None) -> dict[str, Any]:
    """Return the charges that were put together, the kept stops that were not, and how many starts are still open."""
    engine = database.connect(database.address(configuration.load(workplace.of(home))))
    try:
        with engine.connect() as connection:
            rows = gateway_books.kept(connection, station_id, kinds=sorted(READ))
            found = straddling(msgspec.convert(row["facts"], Fact) for row in rows)
            there = clean.present(connection, [_key(one) for one in found.joined])
    finally:
        engine.dispose()
    left = [_left(one) for one in found.left_over if one.stop is not None]
    joined = [_joined(one) | {"is_clean": _key(one) in there} for one in found.joined]
    return {"joined": joined, "left_over": left, "open": found.starts - len(joined)}


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each charge and each stop that is left over, then the counts."""
    for one in told["joined"]:
        energy = "energy not known" if one["energy_wh"] is None else f"{one['energy_wh'] / 1000:.3f} kWh"
        yield (
            f"{one['station_id']}  {one['started_at']} to {one['stopped_at']}, {energy}, token {one['token']}: "
            f"began as {one['transaction']}, joined by {one['by']}"
        )
    for one in told["left_over"]:
        yield f"{one['station_id']}  left over: stop of {one['transaction']} at {one['stopped_at']}: {one['reason']}"
    yield (
        f"{len(told['joined'])} charges put together, {len(told['left_over'])} stops left over, "
        f"{told['open']} starts without a stop so far"
    )
    if told["joined"]:
        clean_ones = sum(one["is_clean"] for one in told["joined"])
        yield (
            f"{clean_ones} of the {len(told['joined'])} are among the clean sessions, each once; "
            "cleansing their back-office brings the others, if it has their starts"
        )


def _key(one: Joined) -> tuple[str, str]:
    return one.start.back_office, one.start.transaction


def _joined(one: Joined) -> dict[str, Any]:
    return {
        "station_id": one.start.station_id,
        "transaction": one.start.transaction,
        "connector": one.start.connector,
        "token": short_token(one.start.id_tag or ""),
        "started_at": one.start.started_at,
        "stopped_at": one.stop.stopped_at,
        "meter_start_wh": one.start.meter_start_wh,
        "meter_stop_wh": one.stop.meter_stop_wh,
        "energy_wh": one.energy_wh,
        "by": str(one.by),
        "repeated": one.repeated,
    }


def _left(one: LeftOver) -> dict[str, Any]:
    stop = one.stop
    return {
        "station_id": stop.station_id if stop else None,
        "transaction": stop.transaction if stop else None,
        "stopped_at": stop.stopped_at if stop else None,
        "meter_stop_wh": stop.meter_stop_wh if stop else None,
        "why_kept": stop.why if stop else None,
        "reason": one.reason,
    }
