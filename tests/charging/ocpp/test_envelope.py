"""The quick look: it sees what the full parse sees, lets nothing pass that the other refuses, and never raises."""

import importlib.util
import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charging.ocpp.envelope import Envelope, look
from charging.ocpp.frames import BadFrame, parse
from charging.ocpp.relay.effects import CloseOffice


@pytest.fixture(scope="module")
def fuzz():
    """The benchmark's own damage, so that the quick subset and the million are the same thing."""
    path = Path(__file__).parents[3] / "benchmarks" / "ocpp_fuzz.py"
    spec = importlib.util.spec_from_file_location("ocpp_fuzz", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("raw", "kind", "unique_id", "action", "payload", "code"),
    [
        (b'[2,"1","Heartbeat",{}]', 2, "1", "Heartbeat", b"{}", ""),
        (b' [ 2 , "1" , "X" , { "a" : [1] } ] ', 2, "1", "X", b'{ "a" : [1] }', ""),
        (b'[3,"1",{"a":1.10}]', 3, "1", "", b'{"a":1.10}', ""),
        (b'[4,"1","GenericError","why",{}]', 4, "1", "", b"{}", "GenericError"),
        ('[2,"é","Ü",{}]'.encode(), 2, "é", "Ü", b"{}", ""),
    ],
)
def test_what_a_frame_is_and_where_its_payload_lies(raw, kind, unique_id, action, payload, code):
    found = look(raw)

    assert isinstance(found, Envelope)
    assert (found.kind, found.unique_id, found.action, found.code) == (kind, unique_id, action, code)
    assert bytes(found.payload) == payload


@pytest.mark.parametrize(
    ("raw", "problem", "unique_id"),
    [
        pytest.param(b'[2,"1","A",[]]', "without an action and an object", "1", id="payload is a list"),
        pytest.param(b'[2,"1","A",{},{}]', "without an action and an object", "1", id="one member too many"),
        pytest.param(b'[2.0,"1","A",{}]', "not every reader", "1", id="two point nought"),
        pytest.param(b'[2,"1","A",{"x":"\\ud800"}]', "not every reader", "1", id="half a surrogate pair"),
        pytest.param(b'[2,"1","A",{"x":"\xff"}]', "not UTF-8", None, id="Latin-1"),
        pytest.param(b'[22,"1","A",{}]', "no CALL", None, id="type 22"),
        pytest.param(b'[3,"1","A",{}]', "no CALL", None, id="a result with an action"),
        pytest.param(b'[2,"1","A",{"x":NaN}]', "not JSON", None, id="NaN"),
        pytest.param(b"[" * 200_000, "deeper", None, id="brackets"),
        pytest.param(b'[2,"%s","A",{}]' % (b"x" * 37), "longer than 36", None, id="long id"),
        pytest.param(b"", "not JSON", None, id="nothing"),
    ],
)
def test_anything_else_says_what_is_wrong(raw, problem, unique_id):
    found = look(raw)

    assert isinstance(found, BadFrame)
    assert problem in found.problem
    assert found.unique_id == unique_id


@pytest.mark.parametrize(("limit", "is_good"), [(22, True), (21, False)])
def test_size_is_looked_at_first(limit, is_good):
    assert isinstance(look(b'[2,"1","Heartbeat",{}]', max_bytes=limit), Envelope) is is_good


def play(fuzz, frames):
    """Deal that many damaged frames to both readers and a relay; the kinds of damage, and whether a frame was left."""
    rng, relay, kinds = random.Random(20), fuzz.conversation(), set()
    for _ in range(frames):
        name, raw = fuzz.damaged(rng)
        kinds.add((name, isinstance(look(raw), Envelope)))
        assert fuzz.disagreement(raw) == "", raw[:200]
        relay = fuzz.answers(relay, rng, raw)
    return kinds


def test_twenty_thousand_damaged_frames_pass_or_fail_in_good_order(fuzz):
    kinds = play(fuzz, 20_000)

    names = {damage.__name__.strip("_") for damage in fuzz.DAMAGES}
    assert {name for name, is_good in kinds if not is_good} == names - {"none", "retype_inside"}
    assert {name for name, is_good in kinds if is_good} == names - {"cut"}


@pytest.mark.parametrize(
    ("where", "name", "wrong"),
    [
        pytest.param("envelope", "is_deeper", lambda *_: False, id="depth is not looked at"),
        pytest.param("envelope", "CALL_ERROR", 3, id="kinds are mixed up"),
        pytest.param("relay.relay", "answer_bad", lambda *_: None, id="bad frames vanish"),
        pytest.param("relay.relay", "look", lambda raw, **_: msgspec.json.decode(raw), id="a reader that raises"),
        pytest.param("relay.exchange", "unpassed", lambda *_: CloseOffice(""), id="stray answers vanish"),
    ],
)
def test_a_wrong_reader_is_found_out(fuzz, monkeypatch, where, name, wrong):
    monkeypatch.setattr(importlib.import_module(f"charging.ocpp.{where}"), name, wrong)

    with pytest.raises((AssertionError, ValueError, AttributeError)):
        play(fuzz, 5_000)


@given(st.binary(max_size=200) | st.text('[]{}",:\\0234eE.-truefalsn ', max_size=60).map(str.encode))
@example(b'[2,"\\ud800","A",{}]')
def test_no_bytes_raise(raw):
    assert isinstance(look(raw), BadFrame) or not isinstance(parse(raw), BadFrame)
