"""Asking stations that hide keys, cap questions, or fall silent."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.errors import StationUnreachable
from charging.migration import inventory
from charging.migration.ports import Setting


class Asked:
    """A station that lists some keys, answers for others by name, and has its limits."""

    def __init__(self, *, listed, hidden=(), most=None, silent=(), refuses_list=False):
        self.keys = {key: Setting(key=key, value=f"value of {key}") for key in [*listed, *hidden]}
        if most is not None:
            self.keys["GetConfigurationMaxKeys"] = Setting(key="GetConfigurationMaxKeys", value=str(most))
        self.listed, self.most, self.silent, self.refuses_list = set(listed), most, set(silent), refuses_list
        self.questions = []

    async def settings_of(self, station_id, keys):
        self.questions.append(tuple(keys))
        if (not keys and self.refuses_list) or self.silent & set(keys):
            raise StationUnreachable(station_id, "it hung up")
        if self.most is not None and len(keys) > self.most:
            raise StationUnreachable(station_id, "it answered with OccurenceConstraintViolation")
        asked = keys or self.listed
        return [self.keys[key] for key in asked if key in self.keys]


def take(asked, **rest):
    return asyncio.run(inventory.take(asked, "S1", **rest))


def test_what_the_list_hides_is_asked_for_by_name():
    asked = Asked(listed=["HeartbeatInterval"], hidden=["ServerUrl"], most=20)

    found = take(asked, by_name=["ServerUrl", "Nonsense", "HeartbeatInterval"])

    assert list(found.settings) == ["HeartbeatInterval", "ServerUrl"]
    assert (found.hidden, found.unanswered, found.is_listed) == (("ServerUrl",), (), True)
    assert asked.questions[-1] == ("Nonsense", "ServerUrl"), "what the list has shown is not asked for again"


@pytest.mark.parametrize(
    ("most", "told", "expected"),
    [
        pytest.param(1, None, 1, id="one at a time, by its own word"),
        pytest.param(20, None, 20, id="twenty, by its own word"),
        pytest.param(None, None, 1, id="nothing known"),
        pytest.param(None, 3, 3, id="the recipe's word"),
    ],
)
def test_no_question_holds_more_keys_than_the_station_takes(most, told, expected):
    names = [f"K{number:02}" for number in range(45)]
    asked = Asked(listed=["A"], hidden=names, most=most)

    found = take(asked, by_name=names, most_keys=told)

    assert max(map(len, asked.questions)) == expected
    assert set(names) <= found.settings.keys()
    assert found.unanswered == ()


def test_one_key_that_makes_it_hang_up_hides_no_other():
    asked = Asked(listed=["A"], hidden=["B", "C", "D"], silent=["C"])

    found = take(asked, by_name=["B", "C", "D"], most_keys=3)

    assert (list(found.settings), found.unanswered) == (["A", "B", "D"], ("C",))


def test_a_station_that_lists_nothing_may_still_answer_by_name():
    found = take(Asked(listed=[], hidden=["ServerUrl"], refuses_list=True), by_name=["ServerUrl"])

    assert (list(found.settings), found.is_listed) == (["ServerUrl"], False)


def test_a_station_that_answers_nothing_is_out_of_reach_and_not_empty():
    with pytest.raises(StationUnreachable, match="it hung up"):
        take(Asked(listed=[], silent=["A", "GetConfigurationMaxKeys"], refuses_list=True), by_name=["A"])


@given(
    hidden=st.sets(st.sampled_from([f"K{number}" for number in range(12)])),
    silent=st.sets(st.sampled_from([f"K{number}" for number in range(12)])),
    most=st.integers(1, 15),
)
def test_every_key_is_told_or_unknown_or_named_as_unanswered(hidden, silent, most):
    names = [f"K{number}" for number in range(12)]
    asked = Asked(listed=["A"], hidden=sorted(hidden), silent=sorted(silent), most=most)

    found = take(asked, by_name=names)

    assert set(found.unanswered) == silent
    assert set(found.settings) - {"A", "GetConfigurationMaxKeys"} == hidden - silent
