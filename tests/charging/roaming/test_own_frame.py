"""Our CDRs priced in columns are those that are priced one by one."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from charging.network import Evse, Session, Token
from charging.roaming.frame import to_frame
from charging.roaming.own import billed, unpriced
from charging.roaming.own_frame import priced_in_columns
from charging.tariffs.parse import parse

START = datetime(2026, 10, 24, 21, tzinfo=UTC)
TOKEN = Token(
    token_uid="04A1B2C3D4E5F6", parent_uid=None, contract_id=None, issuer="NL-ROA", is_blocked=False, expires_at=None
)
EVSE = Evse(evse_uid="CS-1*1", station_id="CS-1", connector_id=1, evse_id="NL*EVN*ECS1*1")


def tariff(name="T", *, elements, **more):
    return parse(json.dumps({"id": name, "currency": "EUR", "elements": elements} | more).encode())


def element(*components, **restrictions):
    prices = [{"type": kind, "price": price, "vat": 21, "step_size": step} for kind, price, step in components]
    return {"price_components": prices} | ({"restrictions": restrictions} if restrictions else {})


PLAIN = element(("FLAT", 0.50, 1), ("ENERGY", 0.40, 1))
CASES = {
    "plain": [tariff(elements=[PLAIN])],
    "steps": [tariff(elements=[element(("ENERGY", 0.333, 1000), ("TIME", 1.7, 900))])],
    "by the hour, on the night on which the clocks go back": [
        tariff(elements=[element(("ENERGY", 0.9, 1), start_time="23:00", end_time="02:30"), PLAIN])
    ],
    "one after the other": [
        tariff("A", elements=[PLAIN], end_date_time=(START + timedelta(hours=2)).isoformat()),
        tariff("B", elements=[element(("ENERGY", 0.5, 1))], start_date_time=(START + timedelta(hours=2)).isoformat()),
    ],
    "a gap between them": [
        tariff("A", elements=[PLAIN], end_date_time=(START + timedelta(hours=1)).isoformat()),
        tariff("B", elements=[PLAIN], start_date_time=(START + timedelta(hours=4)).isoformat()),
    ],
    "limits": [tariff(elements=[PLAIN], min_price={"excl_vat": 1.0}, max_price={"excl_vat": 3.0, "incl_vat": 3.63})],
    "only above some energy": [tariff(elements=[element(("ENERGY", 0.9, 1), min_kwh=5), PLAIN])],
    "by power": [tariff(elements=[element(("ENERGY", 0.9, 1), min_power=11), PLAIN])],
    "none": [],
}


def session(number, *, kwh, minutes):
    return Session(
        session_id=str(number), station_id="CS-1", connector_id=1, location_id=None, token_uid=TOKEN.token_uid,
        started_at=START + timedelta(minutes=number * 17), stopped_at=START + timedelta(minutes=number * 17 + minutes),
        meter_start_wh=None, meter_stop_wh=None, energy_kwh=Decimal(kwh), cost=None, currency=None,
        is_estimated=False, is_billable=True,
    )  # fmt: skip


SESSIONS = [
    session(number, kwh=kwh, minutes=minutes)
    for number, (kwh, minutes) in enumerate(
        [("10.123", 20), ("0", 3), ("7.5", 90), ("4.999999", 61), ("5", 60), ("0.0000001", 15), ("12345678901234", 5)]
        * 3
    )
]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("zones", [{}, {"CS-1": "Europe/Lisbon"}], ids=["the partner's zone", "the station's zone"])
def test_is_what_each_of_them_costs(partner, name, zones):
    agreed_with = replace(partner, tariffs=tuple(CASES[name]))
    made = unpriced(
        SESSIONS,
        partner=agreed_with,
        tokens={TOKEN.token_uid: TOKEN},
        evses={("CS-1", 1): EVSE},
        cohort=lambda _: None,
        zones=zones,
    ).cdrs

    frame, long = priced_in_columns(made, agreed_with)

    alone = [billed(cdr, agreed_with) for cdr in made]
    expected = to_frame(alone)
    assert frame.sort("cdr_key").equals(expected.sort("cdr_key"))
    assert {cdr.cdr_key: cdr for cdr in long} == {
        cdr.cdr_key: cdr for cdr, is_exact in zip(alone, expected["is_exact"], strict=True) if not is_exact
    }


def test_of_no_session_there_is_no_cdr(partner):
    assert priced_in_columns([], partner)[0].equals(to_frame([]))
