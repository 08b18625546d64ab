"""One plain CDR of each OCPI version, in every field that the versions' tables name."""

from copy import deepcopy

import pytest

PERIODS = [
    {
        "start_date_time": "2026-11-01T12:00:00Z",
        "dimensions": [
            {"type": "ENERGY", "volume": 8.0},
            {"type": "TIME", "volume": 0.5},
            {"type": "MAX_POWER", "volume": 22},
        ],
        "tariff_id": "T1",
    },
    {
        "start_date_time": "2026-11-01T12:30:00Z",
        "dimensions": [{"type": "ENERGY", "volume": 2.123}, {"type": "PARKING_TIME", "volume": 0.5}],
        "tariff_id": "T2",
    },
]
TARIFF = {"id": "T0", "currency": "EUR", "elements": [{"price_components": [{"type": "ENERGY", "price": 0.4}]}]}
PLACE = {"country": "NLD", "coordinates": {"latitude": "52.08950", "longitude": "5.11030"}}
ANY = {
    "id": "C-1",
    "start_date_time": "2026-11-01T12:00:00Z",
    "currency": "EUR",
    "tariffs": [TARIFF],
    "charging_periods": PERIODS,
    "total_energy": 10.123,
    "total_time": 1.0,
    "total_parking_time": 0.5,
    "remark": "",
    "last_updated": "2026-11-01T13:05:00Z",
    "signed_data": {"encoding_method": "OCMF", "signed_values": [{"nature": "Start", "signed_data": "QUJD"}]},
}
IN_211 = ANY | {
    "stop_date_time": "2026-11-01T13:00:00Z",
    "auth_id": "04A1B2C3D4E5F6",
    "authorization_id": "AUTH-1",
    "location": PLACE
    | {
        "id": "L1",
        "evses": [{"uid": "3256", "evse_id": "NL*EVN*E1*1", "connectors": [{"id": "1", "standard": "IEC_62196_T2"}]}],
    },
    "total_cost": 4.55,
}
IN_22 = ANY | {
    "country_code": "NL",
    "party_id": "EVN",
    "session_id": "S-1",
    "end_date_time": "2026-11-01T13:00:00Z",
    "cdr_token": {"country_code": "NL", "party_id": "ROA", "uid": "04A1B2C3D4E5F6", "contract_id": "NL-ROA-C00010069"},
    "authorization_reference": "AUTH-1",
    "cdr_location": PLACE | {"id": "L1", "evse_uid": "3256", "evse_id": "NL*EVN*E1*1", "connector_id": "1"},
    "credit": False,
    "invoice_reference_id": "INV-1",
}
BY_VERSION = {
    "2.1.1": IN_211,
    "2.2.1": IN_22
    | {
        "total_cost": {"excl_vat": 4.55, "incl_vat": 5.51},
        "total_fixed_cost": {"excl_vat": 0.5, "incl_vat": 0.61},
        "total_energy_cost": {"excl_vat": 4.05},
    },
    "2.3.0": IN_22
    | {
        "total_cost": {
            "before_taxes": 4.55,
            "taxes": [{"name": "VAT", "percentage": 21, "amount": 0.95}, {"name": "Levy", "amount": 0.01}],
        },
        "total_fixed_cost": {"before_taxes": 0.5, "taxes": []},
        "total_energy_cost": {"before_taxes": 4.05},
    },
}


@pytest.fixture(scope="session")
def plain_records():
    """Give a plain CDR of each version."""
    return BY_VERSION


@pytest.fixture
def record():
    """Make a CDR of a version; `__` leads into objects and lists: `total_cost__excl_vat=1`. `...` takes a field out."""

    def make(version="2.2.1", **changes):
        made = deepcopy(BY_VERSION[version])
        for path, value in changes.items():
            *into, last = path.split("__")
            place = made
            for name in into:
                place = place[int(name)] if isinstance(place, list) else place[name]
            if value is ...:
                del place[last]
            else:
                place[int(last) if isinstance(place, list) else last] = value
        return made

    return make
