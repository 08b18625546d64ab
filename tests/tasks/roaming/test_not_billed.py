"""Where the partner has a CDR and we have none, the session of ours that fits is named, with why it is none."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from charging.database.operations.clean import store_account, store_quarantined
from charging.database.operations.landing import Manifest, store_manifest
from charging.database.queries import nights

DAY = date(2026, 3, 1)
AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def missing(engine, reconciled, make_record):
    """What judges a night in which the partner bills a third session, and returns what is said of that."""

    def said():
        told = reconciled(*map(make_record, (8, 9, 15)), at="2026-03-09T04:30:00+00:00")
        assert told["verdicts"] == {"equal": 2, "missing_at_us": 1}
        with engine.connect() as connection:
            (one,) = (one for one in nights.judged(connection, "roa", DAY) if one.verdict == "missing_at_us")
        return one.explanation

    return said


@pytest.fixture
def set_aside(engine):
    """What puts a session in quarantine as its source wrote it."""

    def put(**fields):
        manifest = Manifest(
            extract_id="legacy-1",
            source="legacy",
            kind="csv",
            schema_generation=None,
            notes=[],
            row_counts={"session": 1},
            content_sha256="0",
            code_version="1",
            extracted_at=AT,
        )
        account = {"extract_id": "legacy-1", "entity": "session", "rows_in": 1, "loaded": 0, "merged": 0}
        row = {
            "entity": "session",
            "file": "session.csv",
            "line": 2,
            "key": fields["session_id"],
            "rule": "tx.negative",
            "reason": "the meter ran backwards",
            "owner": "maintenance",
            "fields": fields,
        }
        with engine.begin() as connection:
            store_manifest(connection, manifest)
            store_account(connection, account | {"quarantined": 1})
            store_quarantined(connection, [row], extract_id="legacy-1", entity="session", at=AT)

    return put


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"is_estimated": True}, "its end is estimated: a person decides", id="estimated"),
        pytest.param({"is_billable": False}, "it is a failed start", id="a failed start"),
    ],
)
def test_a_session_that_is_not_billed_is_named(partner_network, own_session, missing, change, reason):
    partner_network(replace(own_session(15), **change))

    assert f"; our session 15 fits, and {reason}" in missing()


@pytest.mark.parametrize(
    ("change", "is_named"),
    [
        pytest.param({}, True, id="that fits"),
        pytest.param({"token_uid": ""}, True, id="without a driver"),
        pytest.param({"token_uid": "04FFFFFFFFFFFF"}, False, id="of another driver"),
        pytest.param({"station_id": "CS-2"}, False, id="at another station"),
        pytest.param({"started_at": "2026-03-01T15:02:01+00:00"}, False, id="of another time"),
        pytest.param({"started_at": "2026-03-01 15:00"}, False, id="whose time has no zone"),
    ],
)
def test_a_session_in_quarantine_is_named(set_aside, missing, change, is_named):
    stated = {
        "session_id": "17",
        "station_id": "CS-1",
        "token_uid": "04:A1:B2:C3:D4:E5:F6",
        "started_at": "2026-03-01T15:02:00+00:00",
    }
    set_aside(**stated | change)

    said = "; our session 17 fits and waits in quarantine (tx.negative): the meter ran backwards"
    assert (said in missing()) is is_named
