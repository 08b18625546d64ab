"""Who fetches an image when."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.migration.firmware.transfer import Fetcher, Limits, seconds_for, timetable

IMAGE = 400_000
LIMITS = Limits(cell=100, carriers={"kpn": 150}, server=1_000)


def fetcher(station_id, *, carrier="kpn", cell="c1", kbit=40, rank=0):
    return Fetcher(station_id=station_id, carrier=carrier, cell=cell, kbit_per_second=kbit, rank=rank)


@pytest.mark.parametrize(
    ("size", "kbit", "seconds"),
    [
        pytest.param(400_000, 40, 92, id="400 kB over GPRS"),
        pytest.param(400_000, 10_000, 1, id="over a wire, rounded up"),
        pytest.param(1, 1000, 1, id="never nothing"),
        pytest.param(40_000_000, 1000, 368, id="40 MB over LTE-M"),
    ],
)
def test_a_transfer_takes_its_size_its_rate_and_the_overhead(size, kbit, seconds):
    assert seconds_for(size, kbit) == seconds


def test_a_cell_has_room_for_so_many_and_the_next_follows_at_once():
    found = timetable([fetcher(name) for name in "abc"], image_bytes=IMAGE, limits=LIMITS)

    assert [(slot.station_id, slot.starts_at) for slot in found.slots] == [("a", 0), ("b", 0), ("c", 92)]
    assert found.seconds == 184


def test_stations_of_different_cells_share_the_carrier():
    wanted = [fetcher(f"s{number}", cell=f"c{number}") for number in range(4)]

    found = timetable(wanted, image_bytes=IMAGE, limits=LIMITS)

    assert [slot.starts_at for slot in found.slots] == [0, 0, 0, 92], "150 kbit/s are three at a time"


def test_a_pilot_is_through_before_the_fleet_begins():
    wanted = [fetcher("fleet", cell="c2", rank=2), fetcher("pilot", rank=1), fetcher("lab", cell="", carrier="")]

    found = timetable(wanted, image_bytes=IMAGE, limits=LIMITS)

    assert [slot.station_id for slot in found.slots] == ["lab", "pilot", "fleet"]
    assert [slot.starts_at for slot in found.slots] == [0, 92, 184]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        pytest.param(fetcher("x", kbit=0), "nobody knows how fast", id="no rate"),
        pytest.param(fetcher("x", kbit=120), "it alone takes 120 kbit/s, and cell c1 has 100", id="more than its cell"),
    ],
)
def test_who_has_no_turn_is_told_why(wanted, reason):
    found = timetable([wanted], image_bytes=IMAGE, limits=LIMITS)

    assert found.slots == ()
    assert reason in found.left_out["x"]


fleets = st.lists(
    st.tuples(
        st.sampled_from(["kpn", "vf", ""]),
        st.sampled_from(["c1", "c2", "c3", ""]),
        st.integers(0, 130),
        st.integers(0, 2),
    ),
    max_size=30,
)


@given(fleets, st.randoms(use_true_random=False))
def test_no_limit_is_ever_exceeded_and_every_station_is_told_once(fleet, shuffler):
    wanted = [
        fetcher(f"S{number:02}", carrier=carrier, cell=cell, kbit=kbit, rank=rank)
        for number, (carrier, cell, kbit, rank) in enumerate(fleet)
    ]
    found = timetable(wanted, image_bytes=IMAGE, limits=LIMITS)
    by_id = {one.station_id: one for one in wanted}

    told = [slot.station_id for slot in found.slots]
    assert sorted([*told, *found.left_out]) == sorted(by_id)
    for instant in {slot.starts_at for slot in found.slots}:
        used = defaultdict(int)
        for slot in found.slots:
            one = by_id[slot.station_id]
            if slot.starts_at <= instant < slot.ends_at:
                used["server"] += one.kbit_per_second
                used[f"cell {one.cell}"] += one.kbit_per_second
                used[f"carrier {one.carrier}"] += one.kbit_per_second
        assert used["server"] <= LIMITS.server
        assert used["carrier kpn"] <= LIMITS.carriers["kpn"]
        assert all(used[f"cell {cell}"] <= LIMITS.cell for cell in ("c1", "c2", "c3"))
    for early in found.slots:
        assert all(early.ends_at <= late.starts_at for late in found.slots if late.rank > early.rank)
    shuffled = list(wanted)
    shuffler.shuffle(shuffled)
    assert timetable(shuffled, image_bytes=IMAGE, limits=LIMITS) == found
