"""However many CDRs are held, they come back as they came, and never more than a file of them at a time."""

import polars as pl
import pytest

from charging.roaming.frame import SCHEMA
from charging.roaming.held import FEW, HeldCdrs

MOST = 40_000


def cdrs(first, count):
    keys = pl.int_range(first, first + count, eager=True).cast(pl.String)
    return SCHEMA.to_frame().clear(count).with_columns(cdr_key=keys)


@pytest.mark.parametrize(
    "came",
    [
        pytest.param([], id="none"),
        pytest.param([3, 4], id="few"),
        pytest.param([25_000] * 9, id="many, some at a time"),
        pytest.param([FEW + 1, 10, 25_001], id="many at once"),
    ],
)
def test_they_come_back_in_the_order_in_which_they_came(tmp_path, came):
    held = HeldCdrs(tmp_path)
    for number, count in enumerate(came):
        held.add(cdrs(sum(came[:number]), count))
    expected = [str(number) for number in range(sum(came))]

    assert held.height == len(expected)
    assert [key for frame in held.frames() for key in frame["cdr_key"]] == expected
    assert held.scan().collect()["cdr_key"].to_list() == expected
    assert [key for frame in held.frames() for key in frame["cdr_key"]] == expected


def test_many_are_never_in_memory_at_once(tmp_path):
    held = HeldCdrs(tmp_path)
    for number in range(8):
        held.add(cdrs(number * 25_000, 25_000))
    held.scan()

    assert max(frame.height for frame in held.frames()) <= MOST
