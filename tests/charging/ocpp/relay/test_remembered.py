"""A memory that was written down is the same memory, and one that is only a part takes nothing away."""

from datetime import UTC

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.remembered import Remembered, merged, of, take

NAMES = ("back_office", "charged_at", "refused", "boot", "firmware", "firmware_before", "meter_type", "is_whole")
PLACES = ("statuses", "before_firmware", "zero_charges")

words = st.text(max_size=8)
instants = st.datetimes(timezones=st.just(UTC))
places = st.tuples(st.integers(0, 9), st.integers(0, 9))
sayings = st.builds(
    dict,
    back_office=words,
    charged_at=st.none() | instants,
    refused=st.none() | st.tuples(words, st.none() | instants),
    boot=words.map(str.encode),
    firmware=words,
    firmware_before=words,
    meter_type=words,
    is_whole=st.booleans(),
    statuses=st.none() | st.dictionaries(places, words, min_size=1),
    before_firmware=st.none() | st.dictionaries(places, words),
    zero_charges=st.none() | st.dictionaries(places, st.integers(0, 9), min_size=1),
)


def a_memory(said):
    memory = StationMemory()
    for name, value in said.items():
        setattr(memory, name, value)
    return memory


@given(sayings)
def test_a_memory_is_the_same_after_it_was_written_down(said):
    written = msgspec.json.encode(of(a_memory(said), boot=said["boot"].decode()))
    again = StationMemory()
    take(again, msgspec.json.decode(written, type=Remembered))

    assert {name: getattr(again, name) for name in (*NAMES, *PLACES)} == said


@given(sayings, sayings)
def test_a_part_adds_to_what_was_known_and_a_whole_stands_for_itself(one, other):
    earlier, later = (of(a_memory(said), boot=said["boot"].decode()) for said in (one, other))
    both = merged(earlier, later)

    if later.is_whole:
        assert both == later
    else:
        assert both.is_whole is earlier.is_whole
        assert dict(both_places(both)) == dict(both_places(earlier)) | dict(both_places(later))
        assert both.boot == (later.boot or earlier.boot)
        assert merged(both, later) == both
    assert merged(None, later) == later


def both_places(said):
    return [((number, connector), word) for number, connector, word in said.statuses]


def test_what_is_told_again_is_nothing_new():
    memory = StationMemory()

    memory.tell((1, 0), "Available")
    was_new, memory.is_new = memory.is_new, False
    memory.tell((1, 0), "Available")
    is_new_again = memory.is_new
    memory.tell((1, 0), "Charging")

    assert (was_new, is_new_again, memory.is_new) == (True, False, True)
