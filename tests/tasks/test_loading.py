"""Loading a target: the intent is noted first, every row ends in a verdict, and a second run sends nothing."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.database.operations import clean
from charging.database.queries import loading as read
from charging.errors import CountsDisagree
from charging.network import Evse, Lane, Station, Token
from charging.targets.change import Difference
from charging.targets.steve import SteveTarget
from rehearsal import steve_schema
from rehearsal.steve_schema import Generation
from tasks import loading

AT = datetime(2026, 3, 2, tzinfo=UTC)


def station(station_id, *, vendor="Supplier A"):
    return Station(
        station_id=station_id,
        location_id=None,
        vendor=vendor,
        model="A1",
        serial_number=None,
        firmware="5.8",
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6J",
        lane=Lane.LIVE,
        last_seen_at=None,
    )


def token(token_uid):
    return Token(token_uid=token_uid, parent_uid=None, contract_id="C", issuer=None, is_blocked=False, expires_at=None)


@pytest.fixture
def network(engine):
    """A clean network in which one token is longer than a station can say."""
    with engine.begin() as connection:
        clean.store_entities(connection, [station("CS-1"), station("CS-2", vendor="V" * 300)], extract_id="x")
        evses = [Evse(evse_uid=f"{one}*1", station_id=one, connector_id=1, evse_id=None) for one in ("CS-1", "CS-2")]
        clean.store_entities(connection, evses, extract_id="x")
        clean.store_entities(connection, [token("A"), token("B" * 21)], extract_id="x")


@pytest.fixture
def steve(database_url):
    opened = sa.create_engine(database_url)
    with opened.begin() as connection:
        steve_schema.create(connection, steve_schema.tables(Generation.EVSE))
    yield SteveTarget(opened)
    opened.dispose()


def noted(engine):
    with engine.connect() as connection:
        return {(row["entity"], row["key"]): row for row in read.rows(connection, "target")}


def test_a_dry_run_writes_nothing_anywhere(engine, network, steve):
    shown = loading.load_into(engine, steve, dry_run=True)

    assert shown["actions"] == {"create": 3, "refuse": 3}
    assert shown["verdicts"] == {}
    assert noted(engine) == {}
    assert loading.load_into(engine, steve, dry_run=True) == shown


def test_refuses_what_the_target_cannot_take_and_what_hangs_on_it(engine, network, steve):
    done = loading.load_into(engine, steve, dry_run=False)

    assert done["verdicts"] == {"loaded": 3, "refused": 3}
    assert {row["key"] for row in done["refused"]} == {"CS-2", "CS-2*1", "B" * 21}
    assert "255 characters" in next(row["reason"] for row in done["refused"] if row["key"] == "CS-2")
    assert done["is_settled"]


def test_notes_what_was_meant_and_what_was_seen(engine, network, steve):
    loading.load_into(engine, steve, dry_run=False)

    row = noted(engine)["station", "CS-1"]
    assert (row["action"], row["verdict"], row["attempts"]) == ("create", "loaded", 1)
    assert row["after"]["charge_point_vendor"] == "Supplier A"
    assert row["applied_at"] <= row["observed_at"]


def test_a_second_run_sends_nothing(engine, network, steve):
    loading.load_into(engine, steve, dry_run=False)
    before = noted(engine)["station", "CS-1"]

    again = loading.load_into(engine, steve, dry_run=False)

    assert again["actions"] == {"same": 3, "refuse": 3}
    assert noted(engine)["station", "CS-1"]["attempts"] == before["attempts"]
    assert noted(engine)["station", "CS-1"]["content_sha256"] == before["content_sha256"]


def test_is_not_settled_by_a_target_that_accepts_and_forgets(engine, network, steve, monkeypatch):
    honest = SteveTarget.verify
    lost = Difference(entity="token", key="A", field="", expected="A", found=None)
    monkeypatch.setattr(SteveTarget, "verify", lambda self, changes: [*honest(self, changes), lost])

    done = loading.load_into(engine, steve, dry_run=False)

    assert not done["is_settled"]
    assert noted(engine)["token", "A"]["verdict"] == "missing"


def test_fails_where_a_row_is_not_accounted_for(engine, network, steve, monkeypatch):
    every = SteveTarget.apply
    monkeypatch.setattr(SteveTarget, "apply", lambda self, changes: iter(list(every(self, changes))[1:]))

    with pytest.raises(CountsDisagree):
        loading.load_into(engine, steve, dry_run=False)
