from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl

from charging.database.operations import clean as write
from charging.database.queries.session_frames import session_frames
from charging.network import Session, Token
from charging.roaming.own_sessions import SESSIONS

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = (MIDNIGHT, MIDNIGHT + timedelta(days=1))


def token(uid, issuer):
    return Token(token_uid=uid, parent_uid=None, contract_id=None, issuer=issuer, is_blocked=False, expires_at=None)


def session(session_id, *, token_uid="THEIRS", stopped_at=MIDNIGHT, **more):
    stated = Session(
        session_id=session_id,
        station_id="CS-1",
        connector_id=1,
        location_id=None,
        token_uid=token_uid,
        started_at=stopped_at - timedelta(hours=1),
        stopped_at=stopped_at,
        meter_start_wh=None,
        meter_stop_wh=None,
        energy_kwh=Decimal("7.000"),
        cost=None,
        currency=None,
        is_estimated=False,
        is_billable=True,
    )
    return replace(stated, **more)


def read(connection):
    parts = session_frames(connection, issuer="NL-ROA", period=DAY)
    return pl.concat([SESSIONS.to_frame(), *parts]).sort("back_office", "session_id")


def test_sessions_are_those_of_an_issuers_drivers_that_stopped_in_the_period(engine):
    with engine.begin() as connection:
        tokens = [token("THEIRS", "NL-ROA"), token("OURS", None), token("OTHERS", "DE-HUB")]
        write.store_entities(connection, tokens, extract_id="x")
        legacy = [
            session("first"),
            session("last", stopped_at=DAY[1] - timedelta(seconds=1)),
            session("before", stopped_at=DAY[0] - timedelta(seconds=1)),
            session("after", stopped_at=DAY[1]),
            session("ours", token_uid="OURS"),
            session("others", token_uid="OTHERS"),
            session("strangers", token_uid="UNKNOWN"),
            session("nobodys", token_uid=None),
        ]
        write.store_entities(connection, legacy, extract_id="x", back_office="legacy")
        write.store_entities(connection, [session("first")], extract_id="x", back_office="target")

        found = read(connection)

    assert found.select("back_office", "session_id").rows() == [
        ("legacy", "first"),
        ("legacy", "last"),
        ("target", "first"),
    ]


def test_sessions_come_as_they_were_stored(engine):
    began = MIDNIGHT - timedelta(minutes=3, microseconds=1)
    told = {
        "1": session('"a", b\n', started_at=began, energy_kwh=Decimal("0.1234567890123456789012")),
        "2": session("empty", connector_id=None, is_estimated=True, is_billable=False, energy_kwh=Decimal("1.20")),
    }
    with engine.begin() as connection:
        write.store_entities(connection, [token("THEIRS", "NL-ROA")], extract_id="x")
        write.store_entities(connection, told.values(), extract_id="x", back_office="legacy")

        found = read(connection)

    assert found.schema == SESSIONS
    for row, one in zip(found.rows(named=True), told.values(), strict=True):
        assert row.pop("back_office") == "legacy"
        assert row == {name: getattr(one, name) for name in row} | {"energy_kwh": str(one.energy_kwh)}
