"""OCPP-J frames: the good ones come through whole, and nothing else comes through."""

import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charging.ocpp.frames import BadFrame, Call, CallError, CallResult, encode, is_deeper, parse


@pytest.mark.parametrize(
    ("raw", "frame"),
    [
        pytest.param(
            b'[2,"19","MeterValues",{"value":10.10}]',
            Call(unique_id="19", action="MeterValues", payload={"value": Decimal("10.10")}),
            id="call, exact to the last digit",
        ),
        pytest.param(b'[3,"19",{}]', CallResult(unique_id="19", payload={}), id="result"),
        pytest.param(
            b'[4,"19","OccurenceConstraintViolation","",{}]',
            CallError(unique_id="19", code="OccurenceConstraintViolation", description="", details={}),
            id="error, in OCPP 1.6's own spelling",
        ),
    ],
)
def test_a_frame_goes_in_and_out(raw, frame):
    found = parse(raw)

    assert found.raw == raw
    assert encode(found) == encode(frame) == raw
    assert type(found) is type(frame)


@pytest.mark.parametrize(
    ("raw", "problem", "unique_id"),
    [
        pytest.param(b"[" + b" " * 300_000 + b"]", "longer than", None, id="too long"),
        pytest.param(b"[" * 100_000, "deeper than", None, id="a hundred thousand brackets"),
        pytest.param(b'{"a":' * 33 + b"1" + b"}" * 33, "deeper than", None, id="one level too deep"),
        pytest.param(b'[2,"1","A",{"x":"\xff"}]', "not UTF-8", None, id="Latin-1"),
        pytest.param(b'[2,"1","A",{"x":NaN}]', "not JSON", None, id="NaN"),
        pytest.param(b'[2,"1","A",{"x":' + b"9" * 5000 + b"}]", "not JSON", None, id="a number of 5,000 digits"),
        pytest.param(b'[2,"1","A"', "not JSON", None, id="cut off"),
        pytest.param(b"", "not JSON", None, id="nothing"),
        pytest.param(b'{"a":1}', "no CALL", None, id="an object"),
        pytest.param(b'[5,"1",{}]', "no CALL", None, id="type 5"),
        pytest.param(b'[2,"1","A",[]]', "without an action and an object", "1", id="payload is a list"),
        pytest.param(b'[2,"1"]', "without an action and an object", "1", id="no action"),
        pytest.param(b'[3,"",{}]', "its id is empty", None, id="empty id"),
        pytest.param(b'[3,"\\ud800",{}]', "half a surrogate pair", None, id="an id that cannot be written down"),
        pytest.param(b'[3,"' + b"x" * 37 + b'",{}]', "longer than 36", None, id="long id"),
        pytest.param(b'[true,"1",{}]', "no CALL", None, id="true is no number"),
        pytest.param(b'["2","1","A",{}]', "no CALL", None, id="type as text"),
    ],
)
def test_anything_else_is_a_bad_frame_that_says_why(raw, problem, unique_id):
    found = parse(raw)

    assert isinstance(found, BadFrame)
    assert problem in found.problem
    assert found.unique_id == unique_id


def test_brackets_within_text_do_not_count_as_depth():
    assert isinstance(parse(b'[2,"1","A",{"x":"' + b'[{\\"' * 50 + b'"}]'), Call)


@given(st.binary(max_size=300) | st.text('[]{}",:\\0123456789eE.-truefalsn', max_size=80).map(str.encode))
@example(b'[2,"\\ud800","A",{}]')
def test_no_bytes_raise(raw):
    assert parse(raw).raw == raw


_JSON = st.recursive(
    st.none() | st.integers() | st.text('[]{}",:\\a', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[{"\\', max_size=3), inner, max_size=3),
)


def _depth(value):
    if isinstance(value, list | dict):
        return 1 + max((_depth(one) for one in (value.values() if isinstance(value, dict) else value)), default=0)
    return 0


@given(_JSON, st.integers(0, 6))
def test_depth_is_that_of_the_value(value, limit):
    assert is_deeper(json.dumps(value).encode(), limit) == (_depth(value) > limit)
