from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from charging.network import Lane
from rehearsal.cards import check_digit
from rehearsal.network import Behaviour, generate, live_session
from rehearsal.suppliers import Way

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def fleet():
    return generate(seed=7, stations=3000, as_of=AS_OF)


@pytest.fixture(scope="module")
def small_fleet():
    return generate(seed=7, stations=120, as_of=AS_OF)


def test_is_the_same_for_the_same_seed(small_fleet):
    assert generate(seed=7, stations=120, as_of=AS_OF) == small_fleet
    assert generate(seed=8, stations=120, as_of=AS_OF) != small_fleet


def test_has_the_first_papers_proportions(fleet):
    energy_kwh = sum(session.meter_stop_wh - session.meter_start_wh for session in fleet.sessions) / 1000

    assert len(fleet.stations) == 3000
    assert len({station.model for station in fleet.stations}) > 20
    assert {station.supplier for station in fleet.stations} == set("ABCDEFG")
    assert len(fleet.sessions) / 4 == pytest.approx(10_000, rel=0.01)
    assert energy_kwh / 4 == pytest.approx(80_000, rel=0.03)


def test_needs_a_visit_for_about_a_tenth(fleet):
    def needs_visit(station):
        return station.way in {Way.ONSITE, Way.FIRMWARE} or station.lane in {Lane.OFFLINE, Lane.FAULTED}

    assert sum(map(needs_visit, fleet.stations)) / 3000 == pytest.approx(0.10, abs=0.02)


def test_gives_a_quarter_and_a_sixth_of_the_sessions_to_the_partners(fleet):
    by_party = Counter(session.party for session in fleet.sessions)

    assert by_party["NL-ROA"] / len(fleet.sessions) == pytest.approx(0.25, abs=0.01)
    assert by_party["DE-HUB"] / len(fleet.sessions) == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize("stations", [120, 500, 3000])
def test_lets_at_most_a_twentieth_misbehave_each_in_another_way_while_there_are_some(stations):
    behaviours = Counter(s.behaviour for s in generate(seed=3, stations=stations, as_of=AS_OF).stations)

    assert behaviours[Behaviour.GOOD] / stations >= 0.95
    assert len(behaviours) == min(len(Behaviour), 1 + stations // 20)


def test_never_charges_two_cars_on_one_connector(fleet):
    by_evse = defaultdict(list)
    for session in fleet.sessions:
        by_evse[session.evse_uid].append(session)

    for sessions in by_evse.values():
        sessions.sort(key=lambda session: session.started_at)
        for earlier, later in pairwise(sessions):
            assert earlier.stopped_at <= later.started_at
            assert earlier.meter_stop_wh <= later.meter_start_wh


def test_never_charges_faster_than_the_connector_gives(fleet):
    for session in fleet.sessions:
        hours = (session.stopped_at - session.started_at) / timedelta(hours=1)
        energy_wh = session.meter_stop_wh - session.meter_start_wh
        assert 0 < energy_wh <= fleet.station_by_id[session.station_id].power_w * hours


def test_leaves_stations_that_are_not_on_duty_without_sessions(fleet):
    silent = {s.station_id for s in fleet.stations if s.lane in {Lane.OFFLINE, Lane.WAREHOUSE}}

    assert silent
    assert silent.isdisjoint(session.station_id for session in fleet.sessions)


def test_publishes_evse_ids_that_differ_even_without_separators(fleet):
    published = [s.evse_id(connector) for s in fleet.stations for connector in range(1, s.connectors + 1)]

    assert len({evse_id.replace("*", "") for evse_id in published}) == len(published)
    assert all(evse_id.startswith("NL*EVN*E") for evse_id in published)


def test_ends_the_live_session_at_the_given_moment_after_the_history(small_fleet):
    for station in small_fleet.stations:
        session = live_session(small_fleet, station.station_id, AS_OF)
        history = [s for s in small_fleet.sessions if s.evse_uid == session.evse_uid]

        assert session.stopped_at == AS_OF
        assert session.session_id == f"live-{station.station_id}"
        assert all(s.stopped_at <= session.started_at for s in history)
        assert all(s.meter_stop_wh <= session.meter_start_wh for s in history)


@pytest.mark.parametrize(
    ("compact", "digit"),
    [
        ("NN123ABCDEFGHI", "T"),
        ("FRXYZ123456789", "2"),
        ("ITA1B2C3E4F5G6", "4"),
        ("ESZU8WOX834H1D", "R"),
        ("PT73902837ABCZ", "Z"),
        ("DE83DUIEN83QGZ", "D"),
        ("DE83DUIEN83ZGQ", "M"),
        ("DE8AA001234567", "0"),
        ("NLTNM000122045", "U"),
        ("NLTNMC00122045", "K"),
        ("NLTSTC12345678", "S"),
    ],
)
def test_makes_contract_ids_with_the_published_check_digits(compact, digit):
    assert check_digit(compact) == digit
