"""Call every compiled loop once, so that nobody waits for a compiler later: `python -m rehearsal.loops`.

A loop is compiled for the types that it is called with, so it is called the way that a night calls it.
"""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from charging.database import tables
from charging.database.binary.reading import NUMERIC, read_rows
from charging.database.binary.writing import HEAD, binary
from charging.reconciliation.kernels.assignment import assigned, reaches
from charging.reconciliation.night import reconcile_frames
from charging.roaming.ocpi.columns import parse_frame
from charging.roaming.terms import Terms
from charging.tariffs.parse import parse
from rehearsal.labelled_night import labelled_night

_BEGIN = datetime(2026, 10, 10, tzinfo=UTC)
_TARIFF = {
    "id": "T",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.4, "step_size": 1}]}],
}


def compile_all() -> None:
    """Read a page, judge and price a night, assign two sessions to each other; write a CDR and read it again."""
    parse_frame([_page()], partner="roa")
    night = labelled_night(2000, seed=0, clock_skew_seconds=25)
    reconcile_frames(
        night.ours,
        night.theirs,
        terms=Terms(currency="EUR", time_zone="Europe/Amsterdam"),
        tariffs=(parse(json.dumps(_TARIFF).encode()),),
        as_of=datetime(2027, 1, 1, tzinfo=UTC),
    )
    keys, starts = np.ones(2, np.uint64), np.arange(2)
    assigned(starts, starts, *reaches(keys, starts, keys, starts, 1), 1)
    stated = pl.DataFrame({"cdr_key": ["1"], "quality": ["[]"], "is_credit": [False], "net": [1]})
    written = b"".join(binary(tables.cdr, [stated]))
    read_rows(written, pl.Schema(stated.schema | {"net": NUMERIC}), after=len(HEAD))


def _page() -> bytes:
    ended = _BEGIN + timedelta(hours=1)
    period = {"start_date_time": _BEGIN.isoformat(), "dimensions": [{"type": "ENERGY", "volume": 7.5}]}
    cdr = {
        "country_code": "NL",
        "party_id": "EVN",
        "id": "1",
        "start_date_time": _BEGIN.isoformat(),
        "end_date_time": ended.isoformat(),
        "session_id": "1",
        "cdr_token": {"uid": "04", "type": "RFID", "contract_id": "NL-ROA-C00000001-1"},
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "1",
            "address": "Kade 1",
            "city": "Delft",
            "country": "NLD",
            "coordinates": {"latitude": "52.0116", "longitude": "4.3571"},
            "evse_uid": "1",
            "evse_id": "NL*EVN*E1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "charging_periods": [period],
        "total_cost": {"excl_vat": 3.0, "incl_vat": 3.63},
        "total_energy": 7.5,
        "total_time": 1.0,
        "last_updated": ended.isoformat(),
    }
    return json.dumps({"data": [cdr], "status_code": 1000, "timestamp": ended.isoformat()}).encode()


if __name__ == "__main__":
    compile_all()
