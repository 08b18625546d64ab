"""Our CDRs priced in columns are those that are priced one by one."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.identifiers.ledger import Ledger
from charging.network import Evse, Session, Token
from charging.roaming.cdr import Cohort
from charging.roaming.frame import to_cdrs, to_frame
from charging.roaming.own import own_cdrs
from charging.roaming.own_frame import own_frame
from charging.roaming.own_sessions import COHORTS, SESSIONS, Known
from charging.roaming.partner import IdCase, Ids, Partner, TokenEncoding
from charging.roaming.terms import Terms
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


CHARGED = [
    session(number, kwh=kwh, minutes=minutes)
    for number, (kwh, minutes) in enumerate(
        [("10.123", 20), ("0", 3), ("7.5", 90), ("4.999999", 61), ("5", 60), ("0.0000001", 15), ("12345678901234", 5)]
        * 3
    )
]


def in_columns(sessions, *, back_office="legacy"):
    stated = [field.name for field in fields(Session) if field.name in SESSIONS]
    rows = [{name: getattr(one, name) for name in stated} | {"energy_kwh": str(one.energy_kwh)} for one in sessions]
    return pl.DataFrame([{"back_office": back_office} | row for row in rows], schema=SESSIONS)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("zones", [{}, {"CS-1": "Europe/Lisbon"}], ids=["the partner's zone", "the station's zone"])
def test_is_what_each_of_them_costs(partner, name, zones):
    agreed_with = replace(partner, tariffs=tuple(CASES[name]))
    told = {"tokens": {TOKEN.token_uid: TOKEN}, "evses": {("CS-1", 1): EVSE}, "zones": zones}

    made = own_frame(in_columns(CHARGED), partner=agreed_with, known=Known(**told, names=Ledger()))

    alone = own_cdrs(CHARGED, partner=agreed_with, cohort=lambda _: Cohort.NOT_MOVED, **told).cdrs
    expected = to_frame(alone)
    assert made.frame.sort("cdr_key").equals(expected.sort("cdr_key"))
    assert {cdr.cdr_key: cdr for cdr in made.cdrs} == {
        cdr.cdr_key: cdr for cdr, is_exact in zip(alone, expected["is_exact"], strict=True) if not is_exact
    }


AGREED = Partner(
    name="roa",
    party="NL-ROA",
    owner="NL-EVN",
    versions_url="",
    origins=(),
    token="env:NONE",
    token_encoding=TokenEncoding.BASE64,
    tariffs=tuple(CASES["plain"]),
    ids=Ids(),
    former_operators=(),
    terms=Terms(currency="EUR", time_zone="Europe/Amsterdam"),
)
INSTANTS = st.integers(-3, 3).map(lambda hours: START + timedelta(hours=hours))
NAMES = Ledger()
NAMES.open("CS-1*1", "NL*OLD*E1", rule="found")
NAMES.rename("CS-1*1", "NL*EVN*ECS1*1", at=START, rule="x", alias_for=timedelta(days=9))
NAMES.open("CS-2*1", "NL*OLD*E2", rule="found")
NAMES.rename("CS-2*1", None, at=START, rule="x", alias_for=timedelta(days=9))
TOKENS = [
    TOKEN,
    replace(TOKEN, token_uid="04:a1:b2", contract_id="NL-ROA-C00010069-7"),
    replace(TOKEN, token_uid="OF-OTHERS", issuer="DE-HUB"),
]
EVSES = [
    EVSE,
    replace(EVSE, evse_uid="CS-2*1", station_id="CS-2", evse_id=None),
    replace(EVSE, evse_uid="CS-3*0", station_id="CS-3", connector_id=0, evse_id="NL*EVN*E3"),
]
SEEN = st.builds(
    Session,
    session_id=st.text(st.sampled_from("aA1 |*é\n"), min_size=1, max_size=4),
    station_id=st.sampled_from(["CS-1", "CS-2", "CS-3", "CS-4"]),
    connector_id=st.sampled_from([None, 0, 1, 2]),
    location_id=st.none(),
    token_uid=st.sampled_from([*(one.token_uid for one in TOKENS), "UNKNOWN", "", None]),
    started_at=st.builds(
        lambda at, micro: at + timedelta(microseconds=micro), INSTANTS, st.sampled_from([0, 1, 500_000])
    ),
    stopped_at=st.builds(lambda at, seconds: at + timedelta(hours=4, seconds=seconds), INSTANTS, st.integers(0, 7200)),
    meter_start_wh=st.none(),
    meter_stop_wh=st.none(),
    energy_kwh=st.one_of(
        st.decimals(0, 200, places=3),
        st.sampled_from(list(map(Decimal, ["0", "0.0000000", "1.000000000", "1E+14", "0.1234567", "7.10"]))),
    ),
    cost=st.none(),
    currency=st.none(),
    is_estimated=st.sampled_from([False, False, False, True]),
    is_billable=st.sampled_from([True, True, True, False]),
)


@given(
    seen=st.lists(st.tuples(st.sampled_from(["legacy", "target", "another"]), SEEN), max_size=8),
    ids=st.builds(
        Ids,
        cdr=st.sampled_from([None, "", "{session_id}", "Cdr-{session_id}-{session_id}"]),
        session=st.sampled_from([None, "", "S-{session_id}", "one for all"]),
        case=st.sampled_from(IdCase),
    ),
)
def test_is_what_is_made_of_each_session_alone(seen, ids):
    partner = replace(AGREED, ids=ids)
    known = {
        "tokens": {one.token_uid: one for one in TOKENS},
        "evses": {(one.station_id, one.connector_id): one for one in EVSES},
        "zones": {"CS-1": "Europe/Lisbon"},
    }
    among = Known(**known, names=NAMES)
    frame = pl.concat([SESSIONS.to_frame(), *(in_columns([one], back_office=office) for office, one in seen)])

    made = own_frame(frame, partner=partner, known=among)

    alone = [
        own_cdrs(
            [one], partner=partner, cohort=lambda _, office=office: COHORTS.get(office), id_at=among.id_at, **known
        )
        for office, one in seen
    ]
    cdrs = [cdr for one in alone for cdr in one.cdrs]
    assert made.frame.sort("cdr_key", "is_exact").equals(to_frame(cdrs).sort("cdr_key", "is_exact"))
    assert sorted(made.values().cdrs, key=repr) == sorted(map(_as_columns_tell, cdrs), key=repr)
    assert sorted(made.skipped, key=repr) == sorted((one for each in alone for one in each.skipped), key=repr)


def _as_columns_tell(cdr):
    frame = to_frame([cdr])
    return to_cdrs(frame)[0] if frame["is_exact"][0] else cdr
