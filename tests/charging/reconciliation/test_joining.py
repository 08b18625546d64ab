from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.reconciliation.kernels.joining import CROWD, by_left, id_edges, place_keys, repeats

MANY = 40_000
"""Keys enough for several parts of each half."""


def evidence(number):
    same = np.zeros(number, np.int64), np.full(number, 60_000_000, np.int64), np.ones(number, np.int64)
    unstated = np.zeros(number, np.uint64)
    return *same, unstated, unstated, unstated


def joined(ours, theirs):
    rows = [np.arange(len(side), dtype=np.int32) for side in (ours, theirs)]
    facts = [evidence(len(side)) for side in (ours, theirs)]
    halves = [id_edges(ours, rows[0], theirs, rows[1], *facts, half) for half in (0, 1)]
    lefts, rights = (np.concatenate(ends) for ends in zip(*halves, strict=True))
    left, right = by_left(lefts, rights, len(ours))
    return left.tolist(), right.tolist()


def every_pair(ours, theirs):
    places = defaultdict(list)
    for place, key in enumerate(theirs.tolist()):
        places[key].append(place)
    return [(row, place) for row, key in enumerate(ours.tolist()) for place in reversed(places[key])]


def test_both_halves_together_are_every_pair_of_equal_keys_by_our_row():
    drawn = np.random.default_rng(1)
    ours, theirs = (drawn.integers(1, MANY, MANY).astype(np.uint64) * np.uint64(2**40 + 15) for _ in range(2))

    left, right = joined(ours, theirs)

    assert list(zip(left, right, strict=True)) == every_pair(ours, theirs)


@given(*(st.lists(st.integers(1, 9) | st.integers(2**64 - 3, 2**64 - 1), max_size=40) for _ in range(2)))
def test_few_keys_are_joined_as_many_are(our_keys, their_keys):
    ours, theirs = (np.array(keys, np.uint64) for keys in (our_keys, their_keys))

    left, right = joined(ours, theirs)

    assert list(zip(left, right, strict=True)) == every_pair(ours, theirs)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(CROWD, CROWD, id="as many as may bear one id"),
        pytest.param(CROWD + 1, 0, id="one more"),
    ],
)
def test_an_id_that_everybody_bears_joins_nobody(number, expected):
    alone, crowd = np.array([7], np.uint64), np.full(number, 7, np.uint64)

    assert len(joined(alone, crowd)[0]) == len(joined(crowd, alone)[0]) == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=60))
def test_whoever_alive_bears_a_repeated_key_is_among_those_who_may(stated):
    keys, live = np.array([key for key, _ in stated], np.uint64), np.array([is_live for _, is_live in stated], np.bool_)

    found = repeats(keys, live).tolist()

    bearing = [key for key, is_live in stated if is_live and key]
    assert {row for row, (key, is_live) in enumerate(stated) if is_live and bearing.count(key) > 1} <= set(found)
    assert all(live[row] and keys[row] for row in found)
    assert found == sorted(found)


def test_a_place_without_driver_or_evse_has_no_key_and_a_contract_stands_in_for_a_token():
    evses, tokens, contracts = (np.array(column, np.uint64) for column in ([1, 0, 1, 1], [5, 5, 0, 0], [9, 9, 5, 0]))

    keys = place_keys(evses, tokens, contracts, np.array([10, 10, 11, 10], np.int64), 0, 4)

    assert keys[0] == keys[2] != 0
    assert keys[1] == keys[3] == 0
