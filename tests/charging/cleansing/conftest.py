from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from charging.cleansing import Context, cleanse

AS_OF = datetime(2026, 11, 20, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    entity: str
    file: str
    line: int
    values: dict


class Judge:
    """Cleanses rows given as dicts over a clean default, and tells what became of them."""

    def __init__(self, entity, default):
        self.entity, self.default = entity, default

    def __call__(self, *rows, **context):
        landed = [Row(self.entity, "export.csv", line, self.default | row) for line, row in enumerate(rows, start=2)]
        return cleanse(self.entity, landed, replace(Context(as_of=AS_OF), **context))

    def rules(self, *rows, **context):
        """Return the rule by which each quarantined row was set aside."""
        return [row.rule for row in self(*rows, **context).quarantined]


@pytest.fixture
def session():
    return Judge(
        "session",
        {
            "session_id": "1",
            "station_id": "CS-1",
            "connector_id": "1",
            "token_uid": "04A1B2C3D4E5F6",
            "started_at": "2026-03-04T10:00:00Z",
            "stopped_at": "2026-03-04T12:00:00Z",
            "energy_kwh": "7.5",
        },
    )


@pytest.fixture
def metered():
    """Sessions whose energy is what their registers say."""
    return Judge(
        "session",
        {
            "session_id": "1",
            "station_id": "CS-1",
            "connector_id": "1",
            "token_uid": "04A1B2C3D4E5F6",
            "started_at": "2026-03-04T10:00:00Z",
            "stopped_at": "2026-03-04T12:00:00Z",
            "meter_start_wh": "100000",
            "meter_stop_wh": "107500",
        },
    )


@pytest.fixture
def token():
    return Judge("token", {"token_uid": "04A1B2C3D4E5F6", "contract_id": "NL-TNM-C00122045-K", "is_blocked": "0"})


@pytest.fixture
def station():
    return Judge(
        "station",
        {"station_id": "CS-1", "vendor": "Alfen", "serial_number": None, "last_seen_at": "2026-11-19T06:00:00Z"},
    )


@pytest.fixture
def evse():
    return Judge("evse", {"station_id": "CS-1", "connector_id": "1", "evse_id": None})


@pytest.fixture
def location():
    return Judge(
        "location",
        {
            "location_id": "7",
            "street": "Kade 5",
            "city": "Delft",
            "country": "NL",
            "latitude": "52.011000",
            "longitude": "4.357000",
        },
    )
