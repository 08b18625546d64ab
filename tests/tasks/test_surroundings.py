from datetime import UTC, datetime

import sqlalchemy as sa

from charging.database import tables
from tasks import cleansing

LATER = datetime(2026, 3, 3, tzinfo=UTC)


def samples(*registers, session_id):
    return [
        {"session_id": session_id, "sampled_at": f"2026-03-01T10:{10 + n}:00Z", "value": str(register)}
        for n, register in enumerate(registers)
    ]


def set_aside(engine, extract_id):
    row = tables.quarantined_row.c
    with engine.connect() as connection:
        return connection.execute(sa.select(row.key, row.rule).where(row.extract_id == extract_id)).all()


def test_says_with_its_count_what_a_whole_model_does(engine, settings, landed, rows, make_session):
    sessions = [
        make_session(str(n), hour=n % 10 + 8, meter_start_wh="0", meter_stop_wh="900", connector_id=str(n // 10 + 1))
        for n in range(20)
    ]
    made = cleansing.cleanse_extract(engine, settings, landed(rows(session=sessions)))
    assert "tx.session_relative: 20 of 20 sessions of Supplier A A1 start at register 0" in made["warnings"]


def test_an_intake_of_sessions_alone_is_judged_by_the_samples_that_came_before(
    engine, settings, landed, rows, make_session
):
    reset = make_session("7", hour=10, meter_start_wh="10000", meter_stop_wh="300")
    sessions = [make_session("1", hour=8), reset]
    said = samples(10_400, 10_600, 0, 200, session_id="7")
    for landing, at in (
        ({**rows(session=sessions), "meter_value": said}, datetime(2026, 3, 2, tzinfo=UTC)),
        ({"session": [*sessions, make_session("8", hour=12)]}, LATER),
    ):
        extract_id = landed(landing, at=at)
        cleansing.cleanse_extract(engine, settings, extract_id)
        assert set_aside(engine, extract_id) == []

    session = tables.session.c
    with engine.connect() as connection:
        energy, is_estimated = connection.execute(
            sa.select(session.energy_kwh, session.is_estimated).where(session.session_id == "7")
        ).one()
    assert (str(energy.normalize()), is_estimated) == ("0.9", True)
