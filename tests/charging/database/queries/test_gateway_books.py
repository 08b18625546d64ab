"""Reading a station's book from the tables: nothing that changes no book pushes out what does."""

import sqlalchemy as sa

from charging.clock import system_clock
from charging.database import connection as database
from charging.database import tables
from charging.database.queries import gateway_books
from charging.ocpp.relay.facts import FactKind
from charging.secret import Secret


def row(kind, transaction):
    fact = {"kind": kind, "station_id": "CS-1", "back_office": "legacy", "transaction": transaction}
    return {"station_id": "CS-1", "back_office": "legacy", "kind": kind, "facts": fact, "at": system_clock()}


def test_a_charge_with_many_kept_meter_values_is_still_in_the_book(migrated_url):
    engine = database.connect(Secret(migrated_url))
    kept = [row(FactKind.KEPT_METER_VALUES, "17")] * (gateway_books.LATEST + 1)
    try:
        with engine.begin() as connection:
            connection.execute(sa.insert(tables.transaction_fact), [row(FactKind.STARTED, "17"), *kept])
            found = gateway_books.facts(connection, ["CS-1", "CS-2"])
    finally:
        engine.dispose()

    assert {station_id: [fact.kind for fact in told] for station_id, told in found.items()} == {"CS-1": ["started"]}
