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
            "time_zone": "Europe/Amsterdam",
        },
    )


@pytest.fixture
def connector():
    return Judge(
        "connector",
        {
            "station_id": "CS-1",
            "connector_id": "1",
            "connector_number": "1",
            "standard": "IEC_62196_T2",
            "format": "SOCKET",
            "power_type": "AC_3_PHASE",
            "max_voltage": "400",
            "max_amperage": "32",
            "max_power_w": "22000",
        },
    )


@pytest.fixture
def tariff():
    return Judge("tariff", {"tariff_id": "1", "currency": "EUR", "price_per_kwh": "0.35", "vat_percent": "21"})


@pytest.fixture
def customer():
    return Judge("customer", {"customer_id": "1", "name": "Jansen", "email": "jansen@example.org"})


@pytest.fixture
def contract():
    return Judge("contract", {"contract_id": "NL-TNM-C00122045-K", "customer_id": "1", "is_blocked": "0"})


@pytest.fixture
def meter_value():
    return Judge("meter_value", {"session_id": "1", "sampled_at": "2026-03-04T10:00:00Z", "value": "100000"})


@pytest.fixture
def reservation():
    return Judge(
        "reservation",
        {
            "reservation_id": "1",
            "station_id": "CS-1",
            "connector_id": "1",
            "token_uid": "04A1B2C3D4E5F6",
            "starts_at": "2026-03-04T10:00:00Z",
            "expires_at": "2026-03-04T12:00:00Z",
        },
    )


@pytest.fixture
def profile():
    return Judge(
        "charging_profile",
        {
            "profile_id": "1",
            "stack_level": "0",
            "purpose": "TxDefaultProfile",
            "kind": "Absolute",
            "rate_unit": "A",
            "periods": '[{"start_period": 0, "limit": "16"}]',
        },
    )
