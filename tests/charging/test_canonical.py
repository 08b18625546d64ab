"""The same value has the same bytes, wherever and in whatever order it was put together."""

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging import canonical

AT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
FIRST, LAST = (AT.replace(year=year, tzinfo=None) for year in (2, 9998))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.fractions()
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.datetimes(timezones=st.just(UTC))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.frozensets(st.text()), max_leaves=12
)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    at: datetime
    parts: frozenset[str]
    price: Decimal


@given(VALUES)
def test_is_plain_json_that_comes_back_as_it_is(value):
    plain = canonical.plain(value)

    assert json.loads(canonical.text(value)) == plain
    assert canonical.plain(plain) == plain


@given(st.dictionaries(st.text(), SCALARS, min_size=2))
def test_does_not_depend_on_the_order_of_keys(value):
    assert canonical.digest(value) == canonical.digest(dict(reversed(value.items())))


@given(
    st.datetimes(timezones=st.just(UTC), min_value=FIRST, max_value=LAST),
    st.integers(-840, 840),
)
def test_writes_an_instant_in_utc_whatever_its_zone(at, minutes):
    elsewhere = at.astimezone(timezone(timedelta(minutes=minutes)))

    assert canonical.digest(elsewhere) == canonical.digest(at)


@given(st.text())
def test_hashes_any_text(text):
    assert len(canonical.digest(text)) == 64


def test_hashes_half_a_surrogate_pair():
    assert canonical.digest("\ud800") != canonical.digest("\udc00")


def test_writes_every_kind_of_value():
    value = {
        "thing": Thing(at=AT, parts=frozenset({"b", "a"}), price=Decimal("1.50")),
        "colour": Colour.RED,
        "day": date(2026, 3, 29),
        "share": Fraction(1, 3),
        "pair": (1, True, None),
        7: "seven",
    }

    assert canonical.text(value) == (
        '{"7":"seven","colour":"red","day":"2026-03-29","pair":[1,true,null],"share":"1/3",'
        '"thing":{"at":"2026-03-29T00:30:00+00:00","parts":["a","b"],"price":"1.50"}}'
    )


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(1.5, id="a float"),
        pytest.param({"deep": [{"in": 1.5}]}, id="a float inside"),
        pytest.param(float("nan"), id="no number"),
        pytest.param(AT.replace(tzinfo=None), id="an instant without a zone"),
        pytest.param({1: "a", "1": "b"}, id="keys written alike"),
        pytest.param(b"bytes", id="bytes"),
        pytest.param(object(), id="anything else"),
    ],
)
def test_refuses_what_has_no_canonical_form(value):
    with pytest.raises(TypeError):
        canonical.plain(value)


def test_sorts_a_set_alike_in_every_process():
    script = "from charging import canonical; print(canonical.digest({1, '1', 'b', 'a', None}))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    ]

    assert len(set(runs)) == 1
