"""A night that is run again ends in the same rows, whatever partners wrote into their records."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from plain_cdr import AT, CDR, DAY, START

from charging.database import tables
from charging.database.operations import roaming as write
from charging.database.operations import roaming_columns as write_columns
from charging.database.queries import overview, stored_cdrs
from charging.database.queries import roaming as read
from charging.reconciliation.verdict import Judged, Kind, Verdict
from charging.roaming.cdr import Side
from charging.roaming.ocpi.parse import Rejected

NIGHT = {
    "time_zone": "Europe/Amsterdam",
    "period_from": START,
    "period_until": START + timedelta(days=1),
    "is_complete": True,
    "incomplete_because": None,
    "summary": {},
    "inputs_sha256": "0",
    "reconciled_at": AT,
}


def _judged(cdr=CDR, **values):
    return Judged(
        **{
            "verdict": Verdict.MISSING_AT_US,
            "tier": None,
            "ours_key": None,
            "theirs_key": cdr.cdr_key,
            "cohort": cdr.cohort,
            "currency": cdr.currency,
            "kinds": (Kind.SUSPECT,),
            "difference": None,
            "money_at_risk": Decimal("4.50"),
            "explanation": "nothing of ours",
            "next_step": "ask them",
        }
        | values
    )


def _count(engine, table):
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


def test_keeps_a_version_of_a_cdr_with_the_day_it_came(engine):
    for at in (AT, AT + timedelta(days=1)):
        with engine.begin() as connection:
            write.store_cdrs(connection, [CDR, replace(CDR, raw_sha256="b" * 64)], at=at)

    with engine.connect() as connection:
        rows = connection.execute(sa.select(tables.cdr)).mappings().all()
    assert {row["cdr_key"] for row in rows} == {CDR.cdr_key, replace(CDR, raw_sha256="b" * 64).cdr_key}
    assert {row["stored_at"] for row in rows} == {AT}
    assert {row["energy_kwh"] for row in rows} == {Decimal("10.000")}
    assert rows[0]["lines"] == [
        {"measure": "ENERGY", "started_at": START.isoformat(), "volume": "10.000", "tariff_id": None}
    ]


def test_makes_a_night_exactly_its_verdicts(engine, night_of):
    for judged in ([_judged(), _judged()], [_judged(verdict=Verdict.LATE, money_at_risk=Decimal(0))]):
        with engine.begin() as connection:
            write.store_cdrs(connection, [CDR], at=AT)
            write_columns.store_night(connection, NIGHT, night_of(judged), partner="roa", day=DAY)

    with engine.connect() as connection:
        (night,) = overview.nights(connection)
        cohorts = read.cohorts(connection, "roa", DAY)
        (verdict,) = read.verdicts(connection, "roa", DAY)
    assert (night["verdicts"], night["money_at_risk"]) == ({"late": 1}, {})
    assert cohorts == {"moved": {"late": 1}}
    assert (verdict["theirs_cdr_id"], verdict["theirs_net"], verdict["ours_cdr_id"]) == ("1", Decimal("4.50"), None)


def test_adds_up_the_money_at_risk_by_currency(engine, night_of):
    with engine.begin() as connection:
        write_columns.store_night(
            connection,
            NIGHT,
            night_of([_judged(), _judged(money_at_risk=Decimal("0.05")), _judged(currency="SEK", cohort=None)]),
            partner="roa",
            day=DAY,
        )

    with engine.connect() as connection:
        (night,) = overview.nights(connection)
        by_cohort = read.money_at_risk(connection, "roa", DAY)
    assert night["money_at_risk"] == {"EUR": Decimal("4.55"), "SEK": Decimal("4.50")}
    assert by_cohort == {("moved", "EUR"): Decimal("4.55"), ("unknown", "SEK"): Decimal("4.50")}


def test_shows_each_partners_last_night(engine, night_of):
    for partner, days in (("roa", 2), ("hub", 1)):
        for number in range(days):
            with engine.begin() as connection:
                night = NIGHT | {"reconciled_at": AT + timedelta(days=number)}
                write_columns.store_night(
                    connection, night, night_of([]), partner=partner, day=DAY + timedelta(days=number)
                )

    with engine.connect() as connection:
        found = [(night["partner"], night["day"]) for night in read.last_nights(connection)]
    assert found == [("hub", DAY), ("roa", DAY + timedelta(days=1))]


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfff"], ids=["NUL", "half a pair", "the other half"])
def test_is_stopped_by_nothing_that_a_partner_writes(engine, night_of, text):
    hostile = replace(CDR, cdr_id=text, token_uid=text, evse_raw=text, evse_compact=text, quality=(text,))
    rejected = [Rejected(cdr_id=text, reason=text, raw=b"\xff\0", raw_sha256="c" * 64)]
    for _ in range(2):
        with engine.begin() as connection:
            write.store_cdrs(connection, [hostile], at=AT)
            write.store_rejected(connection, "roa", rejected, at=AT)
            (stored,) = stored_cdrs.cdrs(connection, "roa", Side.THEIRS, period=(START, START + timedelta(days=1)))
            judged = night_of([_judged(stored, explanation=stored.evse_raw)])
            write_columns.store_night(connection, NIGHT, judged, partner="roa", day=DAY)

    assert _count(engine, tables.cdr) == _count(engine, tables.rejected_cdr) == _count(engine, tables.verdict) == 1
    with engine.connect() as connection:
        (verdict,) = read.verdicts(connection, "roa", DAY)
    assert verdict["theirs_evse_raw"] == verdict["explanation"]
    assert "\ufffd" in verdict["explanation"]
