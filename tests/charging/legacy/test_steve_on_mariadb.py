"""What MariaDB does that PostgreSQL does not: zones of the session, dates of zeros, old character sets."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.legacy.steve import SteveSource
from rehearsal import steve_schema
from rehearsal.steve_schema import Generation

T1 = datetime(2026, 3, 4, 10, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture(params=list(Generation), ids=str)
def steve(request):
    return steve_schema.tables(request.param)


@pytest.fixture
def connection(mariadb_url, steve):
    engine = sa.create_engine(mariadb_url, connect_args={"init_command": "SET time_zone = '+00:00'"})
    with engine.connect() as connection:
        steve_schema.create(connection, steve)
        yield connection
    engine.dispose()


def rows(mariadb_url, entity, **arguments):
    engine = sa.create_engine(mariadb_url, connect_args=arguments)
    found = [row for chunk in SteveSource(engine, "legacy").rows(entity) for row in chunk]
    engine.dispose()
    return found


def test_an_instant_is_the_same_whatever_the_zone_of_the_server(mariadb_url, connection, steve):
    at = T1.replace(microsecond=123456)
    connection.execute(sa.insert(steve.charge_box).values(charge_box_id="CS-1", last_heartbeat_timestamp=at))
    connection.commit()

    (row,) = rows(mariadb_url, "station", init_command="SET time_zone = '+05:30'")

    assert row.values["last_seen_at"] == "2026-03-04T10:00:00.123456Z"


def test_a_date_of_zeros_comes_as_it_is(mariadb_url, connection, steve):
    connection.execute(sa.text("SET sql_mode = ''"))
    connection.execute(
        sa.text(
            "INSERT INTO ocpp_tag (id_tag, expiry_date, max_active_transaction_count) "
            "VALUES ('A', '0000-00-00 00:00:00', 1)"
        )
    )
    connection.commit()

    (row,) = rows(mariadb_url, "token")

    assert (row.values["expires_at"] or "").startswith("0000-00-00 00:00:00")


def test_texts_of_a_latin1_table_come_right(mariadb_url, connection, steve):
    connection.execute(sa.text("ALTER TABLE address CONVERT TO CHARACTER SET latin1"))
    connection.execute(sa.insert(steve.address).values(street="Straße", city="Malmö", country="€"))
    connection.commit()

    (row,) = rows(mariadb_url, "location")

    assert (row.values["street"], row.values["city"], row.values["country"]) == ("Straße", "Malmö", "€")


def test_knows_since_when_an_address_has_been_as_it_is(mariadb_url, connection, steve):
    changed = "TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"
    connection.execute(sa.text(f"ALTER TABLE address ADD COLUMN updated_at {changed}"))
    for city, at in (("Delft", "2026-03-04 10:00:00.000001"), ("Gent", "2026-03-04 11:00:00")):
        connection.execute(sa.text(f"INSERT INTO address (city, updated_at) VALUES ('{city}', '{at}')"))
    connection.commit()
    engine = sa.create_engine(mariadb_url)
    source = SteveSource(engine, "legacy")

    assert source.inspect().watermarks["location"].highest == "2026-03-04T11:00:00.000000Z"
    for after, cities in (
        ("2026-03-04T10:00:00.000001Z", ["Delft", "Gent"]),
        ("2026-03-04T10:00:00.000002Z", ["Gent"]),
    ):
        (chunk,) = source.rows("location", after=after)
        assert [row.values["city"] for row in chunk] == cities
    engine.dispose()
