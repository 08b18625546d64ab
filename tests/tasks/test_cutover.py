"""What is asked of a plan is answered from the journal, and a slip of the pen never passes for done."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import visits
from charging.errors import SettingsError, UnknownThing
from charging.migration.lifecycle import Stage
from tasks import channels, cutover

PLANNED_AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def plan(engine, settings, store_plan, moving):
    return store_plan(
        engine,
        moving(station_id="A-0", wave=0, stage=Stage.VERIFIED),
        moving(station_id="A-1", wave=1, stage=Stage.TO_SITE, reason="heard at neither end"),
        moving(station_id="A-2", wave=1),
        moving(station_id="A-3", wave=None, reason="never seen"),
    )


@pytest.mark.parametrize(
    ("named", "chosen", "expected"),
    [
        pytest.param("", [], ("plan-1", [0, 1]), id="the latest plan, every wave"),
        pytest.param("plan-1", [1], ("plan-1", [1]), id="one wave"),
        pytest.param("", [1, 0], ("plan-1", [0, 1]), id="in order"),
    ],
)
def test_finds_the_waves(plan, named, chosen, expected):
    assert cutover.waves.fn(named, chosen) == expected


def test_takes_the_plan_that_was_made_last(plan, engine, store_plan, moving):
    store_plan(engine, moving(station_id="A-9", wave=4), plan_id="plan-2", at=datetime(2026, 4, 1, tzinfo=UTC))

    assert cutover.waves.fn("", []) == ("plan-2", [4])


@pytest.mark.parametrize(
    ("named", "chosen", "message"),
    [
        pytest.param("plan-9", [], "there is no plan 'plan-9'", id="plan"),
        pytest.param("", [7], "there is no wave '7 of plan-1': the plan has 0, 1", id="wave"),
        pytest.param("", [0, 7], "there is no wave '7 of plan-1'", id="one of two waves"),
    ],
)
def test_says_what_there_is_not(plan, named, chosen, message):
    with pytest.raises(UnknownThing, match=message):
        cutover.waves.fn(named, chosen)


def test_says_what_makes_a_plan(settings):
    with pytest.raises(UnknownThing, match="make one first: run the flow plan_waves"):
        cutover.waves.fn("", [])


def test_shows_the_stages_of_a_wave_or_of_those_named(plan):
    assert cutover.stages.fn(plan, wave=1, stations=[]) == {"A-1": "to_site", "A-2": "planned"}
    assert cutover.stages.fn(plan, wave=None, stations=["A-0"]) == {"A-0": "verified"}


@pytest.mark.parametrize("station", ["A-9", "A-3"], ids=["in no plan", "in no wave"])
def test_does_not_pass_over_a_station_that_it_does_not_know(plan, station):
    with pytest.raises(UnknownThing, match=f"there is no station '{station}'"):
        cutover.stages.fn(plan, wave=None, stations=["A-0", station])
    with pytest.raises(UnknownThing, match=station):
        cutover.roll_back.fn(plan, wave=None, stations=[station], reason="")


def test_shows_how_a_wave_ended(plan):
    ended = cutover.outcome.fn(plan, 1)

    assert ended["stages"] == {"to_site": 1, "planned": 1}
    assert ended["verified"] == []
    assert ended["not_moved"] == [
        {"station_id": "A-1", "stage": "to_site", "reason": "heard at neither end"},
        {"station_id": "A-2", "stage": "planned", "reason": ""},
    ]


def test_says_which_back_office_is_not_described(settings):
    with pytest.raises(SettingsError, match="setting legacy is not described"):
        channels.office(settings, "legacy")


@pytest.fixture
def moved_by_hand(plan, engine):
    """A-1, of the wave, and A-3, of none, which a person has moved."""
    with engine.begin() as connection:
        move, transition = tables.move, tables.transition
        for station_id in ("A-1", "A-3"):
            connection.execute(sa.update(move).where(move.c.station_id == station_id).values(stage="verified"))
            connection.execute(
                sa.insert(transition).values(
                    plan_id=plan,
                    station_id=station_id,
                    attempt=1,
                    before="to_site",
                    after="verified",
                    reason="moved by hand",
                    evidence={},
                    at=PLANNED_AT,
                )
            )
    return plan


@pytest.mark.parametrize(
    ("wave", "stations", "expected"),
    [
        pytest.param(1, [], ["A-1"], id="of the wave"),
        pytest.param(None, ["A-3"], ["A-3"], id="of no wave"),
        pytest.param(None, ["A-0", "A-1"], ["A-1"], id="not what the engine moved"),
        pytest.param(0, [], [], id="none of another wave"),
    ],
)
def test_says_whom_only_a_person_brings_back(moved_by_hand, wave, stations, expected):
    assert cutover.by_hand.fn(moved_by_hand, wave=wave, stations=stations) == expected


def test_shows_those_too_that_only_a_person_brings_back(moved_by_hand):
    found = cutover.stages.fn(moved_by_hand, wave=None, stations=["A-0", "A-3"])

    assert found == {"A-0": "verified", "A-3": "verified"}


def test_a_rollback_orders_a_visit_for_what_a_person_moved(moved_by_hand, engine):
    ended = cutover.roll_back.fn(moved_by_hand, wave=None, stations=["A-1", "A-3"], reason="it bills twice")

    with engine.connect() as connection:
        orders = {order["station_id"]: order for order in visits.orders(connection, moved_by_hand)}
    assert ended == {"to_site": 2}
    assert cutover.by_hand.fn(moved_by_hand, wave=1, stations=[]) == [], "they wait for their visits"
    assert {(orders[each]["leads_to"], orders[each]["state"]) for each in ("A-1", "A-3")} == {("legacy", "open")}
    assert orders["A-1"]["reason"] == "to be brought back by hand, as it was moved: it bills twice"


def test_a_slip_of_the_pen_among_them_orders_nothing(moved_by_hand, engine):
    with pytest.raises(UnknownThing, match="there is no station 'A-9'"):
        cutover.roll_back.fn(moved_by_hand, wave=None, stations=["A-3", "A-9"], reason="x")

    with engine.connect() as connection:
        assert visits.moved_by_hand(connection, moved_by_hand).keys() == {"A-1", "A-3"}
