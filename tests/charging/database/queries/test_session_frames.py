from datetime import UTC, datetime, timedelta
from decimal import Decimal

from charging.database.operations import clean as write
from charging.database.queries import clean as read
from charging.network import Session, Token

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = (MIDNIGHT, MIDNIGHT + timedelta(days=1))


def token(uid, issuer):
    return Token(token_uid=uid, parent_uid=None, contract_id=None, issuer=issuer, is_blocked=False, expires_at=None)


def session(session_id, *, token_uid="THEIRS", stopped_at=MIDNIGHT):
    return Session(
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

        found = read.sessions(connection, issuer="NL-ROA", period=DAY)

    assert sorted((office, one.session_id) for office, one in found) == [
        ("legacy", "first"),
        ("legacy", "last"),
        ("target", "first"),
    ]
    assert found[0][1] == session("first")
