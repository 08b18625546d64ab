import os
import signal
from collections import Counter
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from rehearsal.dirt import dirty
from rehearsal.legacy_database import TARGET_NUMBERS_ABOVE, prepare_legacy, prepare_target
from rehearsal.network import generate

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def network():
    return generate(seed=7, stations=120, as_of=AS_OF)


@pytest.fixture
def engine(database_url):
    engine = sa.create_engine(database_url)
    yield engine
    engine.dispose()


def keys(engine, query):
    with engine.connect() as connection:
        return {str(value) for value in connection.scalars(sa.text(query))}


# What the database shows of a rule's rows, told without any of the code that planted them.
SHOWN = {
    "cp.test": "SELECT charge_box_id FROM charge_box WHERE charge_point_vendor = 'Simulator'",
    "cp.dup_exact": "SELECT charge_box_id FROM charge_box WHERE charge_box_id <> upper(charge_box_id)",
    "cp.iccid_excel": "SELECT charge_box_id FROM charge_box WHERE iccid LIKE '%E+%'",
    "cp.dead": "SELECT charge_box_id FROM charge_box WHERE last_heartbeat_timestamp < '2026-08-22T18:00:00'",
    "cp.ghost": "SELECT DISTINCT charge_box_id FROM connector WHERE charge_box_id NOT IN "
    "(SELECT charge_box_id FROM charge_box)",
    "loc.missing": "SELECT address_pk FROM address WHERE coalesce(latitude, 0) = 0",
    "loc.swapped": "SELECT address_pk FROM address WHERE latitude < 10 AND longitude > 45",
    "loc.outside": "SELECT address_pk FROM address WHERE latitude BETWEEN 48 AND 49",
    "loc.precision": "SELECT address_pk FROM address WHERE latitude > 50 AND round(latitude, 2) = latitude "
    "AND round(longitude, 2) = longitude",
    "loc.sign": "SELECT address_pk FROM address WHERE longitude < 0",
    "loc.country": "SELECT address_pk FROM address WHERE country <> 'NL'",
    "txt.mojibake": "SELECT address_pk FROM address WHERE street LIKE '%Ã%'",
    "txt.html": "SELECT address_pk FROM address WHERE city LIKE '%&#39;%'",
    "tok.orphan": "SELECT id_tag FROM ocpp_tag WHERE note IS NULL",
    "tok.max_date": "SELECT id_tag FROM ocpp_tag WHERE expiry_date IN ('9999-12-31', '2038-01-19', '1970-01-01')",
    "tok.excel": "SELECT id_tag FROM ocpp_tag WHERE id_tag LIKE '%E+%'",
    "pii.note": "SELECT id_tag FROM ocpp_tag WHERE note LIKE '%bel 06-%'",
    "tx.multi_stop": "SELECT transaction_pk FROM transaction_stop GROUP BY 1 HAVING count(*) > 1",
    "tx.meter_reset": "SELECT transaction_pk FROM connector_meter_value WHERE value = '0'",
    "tx.tz": "SELECT transaction_pk FROM transaction_start WHERE start_timestamp - event_timestamp "
    "BETWEEN '00:59:00' AND '01:01:00'",
    "tx.clock": "SELECT transaction_pk FROM transaction_start WHERE start_timestamp < '2001-01-01'",
    "conn.zero": "SELECT transaction_pk FROM transaction_start JOIN connector USING (connector_pk) "
    "WHERE connector_id = 0",
    "mv.garbage": "SELECT transaction_pk::text FROM transaction_stop WHERE stop_value LIKE '#%' "
    "UNION SELECT transaction_pk || '*1' FROM connector_meter_value WHERE value = 'NaN'",
}


def test_shows_exactly_the_dirt_that_the_ledger_lists(engine, network):
    ledger = prepare_legacy(engine, network)

    assert {rule: keys(engine, query) for rule, query in SHOWN.items()} == {rule: ledger.keys(rule) for rule in SHOWN}


def test_leaves_without_a_stop_what_the_ledger_says_so_and_the_retransmitted(engine, network):
    ledger = prepare_legacy(engine, network)

    found = keys(engine, "SELECT transaction_pk FROM transaction WHERE stop_timestamp IS NULL")
    assert found == ledger.keys("tx.no_stop") | ledger.keys("tx.dup")


def test_plants_every_kind_of_dirt_in_a_fleet_of_a_hundred_and_twenty(network):
    _, ledger = dirty(network)

    planted = Counter(fault.rule.split(".")[0] for fault in ledger.planted)
    assert set(planted) == {"cp", "loc", "txt", "tok", "con", "pii", "tx", "conn", "mv"}
    assert len(ledger.rules) >= 47


def test_keeps_every_real_session(engine, network):
    prepare_legacy(engine, network)

    found = keys(engine, "SELECT transaction_pk FROM transaction_start")
    assert found >= {session.session_id for session in network.sessions}


def test_is_prepared_only_once(engine, network):
    first = prepare_legacy(engine, network)
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM transaction_stop_failed"))

    assert prepare_legacy(engine, network) == first
    assert not keys(engine, "SELECT transaction_pk FROM transaction_stop_failed")


def test_is_prepared_again_for_another_network(engine, network):
    prepare_legacy(engine, network)
    prepare_legacy(engine, generate(seed=7, stations=8, as_of=AS_OF))

    assert len(keys(engine, "SELECT charge_box_id FROM charge_box")) == 8


def test_is_prepared_from_the_start_after_a_kill_half_way(engine, network, monkeypatch):
    monkeypatch.setattr("rehearsal.legacy_database._sign", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    child = os.fork()
    if child == 0:
        prepare_legacy(sa.create_engine(engine.url), network)
    _, status = os.waitpid(child, 0)
    monkeypatch.undo()
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert not sa.inspect(engine).has_table("charge_box")

    prepare_legacy(engine, network)
    assert len(keys(engine, "SELECT charge_box_id FROM charge_box")) > 120


def test_numbers_the_targets_transactions_far_above_the_legacys(engine, network):
    prepare_target(engine, network)

    with engine.begin() as connection:
        first = connection.scalar(
            sa.text(
                "INSERT INTO transaction_start (event_timestamp, evse_pk, id_tag) VALUES (now(), 1, 'x') "
                "RETURNING transaction_pk"
            )
        )
    assert first == max(int(session.session_id) for session in network.sessions) + TARGET_NUMBERS_ABOVE
