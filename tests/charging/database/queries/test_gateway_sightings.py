"""What a back-office behind the gateway has heard of a station, and which box it said that it is."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import gateway_sightings
from charging.migration.ports import Sighting

BOTH = ("old", "new")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_station_is_what_it_said_when_it_booted_there(engine):
    offices = [{"name": name, "address": "ws://{identity}", "headers": {}, "hears_alike": False} for name in BOTH]
    routes = [{"station_id": each, "back_office": "new", "origin": "old", "changed_at": AT} for each in ("S-1", "S-2")]
    told = {"heard_at": AT, "booted_at": AT, "firmware": "4", "serial_number": "CP-7"}
    elsewhere = told | {"booted_at": AT - timedelta(days=9), "serial_number": "CP-8"}
    heard = [
        {"station_id": "S-1", "back_office": name, **what} for name, what in zip(BOTH, (told, elsewhere), strict=True)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.back_office), offices)
        connection.execute(sa.insert(tables.route), routes)
        connection.execute(sa.insert(tables.heard), heard)

        found = gateway_sightings.sightings(connection, ["S-1", "S-2", "nobody"], "old", at=AT)

    assert sorted(found, key=lambda one: one.station_id) == [
        Sighting(station_id=name, is_connected=False, open_transactions=0, **what)
        for name, what in (("S-1", told), ("S-2", dict.fromkeys(told)))
    ]
