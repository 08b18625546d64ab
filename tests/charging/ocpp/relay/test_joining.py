"""Straddling charges: exactly one out of a start and a stop, and nothing guessed, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playing import stamp

from charging.ocpp.relay.facts import Fact, FactKind
from charging.ocpp.relay.joining import OpenTransaction, join


def began(transaction="17", *, station="CS-1", connector=1, token="TAG-1", meter=1000, seconds=0):
    return OpenTransaction(
        station_id=station,
        transaction=transaction,
        connector=connector,
        id_tag=token,
        meter_start_wh=meter,
        started_at=stamp(seconds),
    )


def ended(transaction="17", *, station="CS-1", token=None, meter=8000, seconds=3600, office=None):
    return Fact(
        kind=FactKind.KEPT_STOP,
        station_id=station,
        back_office="target",
        transaction=transaction,
        office_transaction=office,
        id_tag=token,
        meter_stop_wh=meter,
        stopped_at=stamp(seconds),
    )


def outcome(starts, stops, **more):
    found = join(starts, stops, **more)
    return [(one.start.transaction, one.by.value, one.energy_wh) for one in found.joined], [
        one.reason for one in found.left_over
    ]


@pytest.mark.parametrize("token", [None, "TAG-1", "PARENT"])
def test_the_id_joins_whichever_of_a_drivers_tokens_ended_it(token):
    assert outcome([began()], [ended(token=token)]) == ([("17", "id", 7000)], [])


def test_the_old_back_offices_own_id_counts_where_the_station_was_given_another():
    assert outcome([began("17")], [ended("2000000000", office=17)]) == ([("17", "id", 7000)], [])


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        pytest.param({"meter": 1000}, "", id="nothing charged"),
        pytest.param({"meter": 999}, "backwards", id="backwards"),
        pytest.param({"seconds": 0, "meter": 1000}, "", id="at once"),
        pytest.param({"seconds": -1}, "before it began", id="too early"),
        pytest.param({"meter": 1000 + 433_333}, "", id="all that the power gives in an hour and five minutes"),
        pytest.param({"meter": 1000 + 433_334}, "more than 400000 W", id="a watt hour more"),
    ],
)
def test_facts_that_cannot_be_true_are_left_to_a_person(stop, reason):
    joined, left = outcome([began()], [ended(**stop)])

    assert len(joined) == (0 if reason else 1)
    assert len(left) == (2 if reason else 0)
    assert all(reason in text for text in left)


def test_a_repeated_stop_is_one_charge():
    found = join([began()], [ended(), ended(), ended()])

    assert [(one.repeated, one.energy_wh) for one in found.joined] == [(2, 7000)]
    assert (found.starts, found.stops) == (1, 3)


def test_two_different_stops_of_one_charge_are_left_to_a_person():
    joined, left = outcome([began()], [ended(meter=8000), ended(meter=9000)])

    assert (joined, len(left)) == ([], 3)
    assert "2 different stops" in left[0]


@pytest.mark.parametrize("nothing", ["-1", "0"])
def test_without_an_id_the_facts_join_if_only_one_start_and_one_stop_fit(nothing):
    starts = [began("17", connector=1, token="TAG-1"), began("18", connector=2, token="TAG-2", meter=50_000)]

    assert outcome(starts, [ended(nothing)]) == (
        [("17", "facts", 7000)],
        ["no stop was kept that fits"],
    )
    assert outcome(starts, [ended(nothing, meter=51_000)])[0] == []
    assert outcome(starts, [ended(nothing, meter=51_000, token="TAG-2")])[0] == [("18", "facts", 1000)]


def test_two_stops_for_one_start_without_ids_are_ambiguous():
    joined, left = outcome([began()], [ended("-1"), ended("-1", meter=9000)])

    assert (joined, set(left)) == ([], {"more than one start or stop would fit"})


def test_a_stop_of_nothing_known_says_so():
    assert outcome([], [ended("99")]) == ([], ["the old back office has no open transaction 99"])


def test_stations_do_not_mix():
    joined, left = outcome([began(station="CS-1")], [ended(station="CS-2")])

    assert (joined, len(left)) == ([], 2)


_STARTS = st.builds(
    began,
    st.sampled_from(["17", "18", "0", "-1"]),
    station=st.sampled_from(["CS-1", "CS-2"]),
    connector=st.sampled_from([1, 2, None]),
    token=st.sampled_from(["TAG-1", "TAG-2", None]),
    meter=st.sampled_from([0, 1000, None]),
    seconds=st.sampled_from([0, 10]),
)
_STOPS = st.builds(
    ended,
    st.sampled_from(["17", "18", "0", "-1", "99"]),
    station=st.sampled_from(["CS-1", "CS-2"]),
    token=st.sampled_from(["TAG-1", "TAG-2", None]),
    meter=st.sampled_from([500, 1000, 8000, None]),
    seconds=st.sampled_from([5, 3600]),
)


@given(st.lists(_STARTS, max_size=6), st.lists(_STOPS, max_size=6))
def test_every_start_and_every_stop_comes_out_exactly_once(starts, stops):
    found = join(starts, stops)

    out_starts = [one.start for one in found.joined] + [one.start for one in found.left_over if one.start]
    assert sorted(map(repr, out_starts)) == sorted(map(repr, starts))
    assert found.stops == len(stops)
    assert all(one.energy_wh is None or one.energy_wh >= 0 for one in found.joined)
    assert all(one.reason for one in found.left_over)
    assert {one.by for one in join(reversed(starts), reversed(stops)).joined} == {one.by for one in found.joined}
