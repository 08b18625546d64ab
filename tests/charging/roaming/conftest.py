"""A partner and an OCPI CDR of which a test says only what matters."""

import json
from copy import deepcopy

import pytest

from charging.roaming.partner import Ids, Partner, TokenEncoding
from charging.roaming.terms import Terms
from charging.tariffs.parse import parse

CDR = {
    "country_code": "NL",
    "party_id": "EVN",
    "id": "1",
    "start_date_time": "2026-11-01T12:00:00Z",
    "end_date_time": "2026-11-01T13:00:00Z",
    "session_id": "s1",
    "cdr_token": {"uid": "04A1B2C3D4E5F6", "contract_id": "NL-ROA-C00010069"},
    "cdr_location": {"evse_id": "NL*EVN*E1*1", "coordinates": {"latitude": "52.08950", "longitude": "5.11030"}},
    "currency": "EUR",
    "charging_periods": [
        {
            "start_date_time": "2026-11-01T12:00:00Z",
            "dimensions": [{"type": "ENERGY", "volume": 10.123}, {"type": "TIME", "volume": 1.0}],
        }
    ],
    "total_cost": {"excl_vat": 4.55, "incl_vat": 5.51},
    "total_energy": 10.123,
    "total_time": 1.0,
    "last_updated": "2026-11-01T13:00:00Z",
}
TARIFF = parse(
    b'{"id": "T", "currency": "EUR", "elements": [{"price_components": ['
    b'{"type": "FLAT", "price": 0.50, "vat": 21, "step_size": 1},'
    b'{"type": "ENERGY", "price": 0.40, "vat": 21, "step_size": 1}]}]}'
)


@pytest.fixture
def cdr():
    """Make an OCPI CDR; dots lead into objects: `{"total_cost.excl_vat": 1}`."""

    def make(cdr_id="1", changes=None):
        made = deepcopy(CDR) | {"id": cdr_id}
        for path, value in (changes or {}).items():
            *into, last = path.split(".")
            place = made
            for name in into:
                place = place[int(name)] if isinstance(place, list) else place[name]
            if value is None:
                del place[last]
            else:
                place[last] = value
        return made

    return make


@pytest.fixture
def page():
    def make(*records, code=1000):
        return json.dumps({"data": list(records), "status_code": code, "status_message": "said"}).encode()

    return make


@pytest.fixture
def partner():
    return Partner(
        name="roa",
        party="NL-ROA",
        owner="NL-EVN",
        versions_url="https://roa.example/ocpi/versions",
        origins=("https://roa.example:443",),
        token="env:TOKEN",
        token_encoding=TokenEncoding.BASE64,
        tariffs=(TARIFF,),
        ids=Ids(cdr="CDR-{session_id}", session="{session_id}"),
        former_operators=(),
        terms=Terms(currency="EUR", time_zone="Europe/Amsterdam"),
    )
