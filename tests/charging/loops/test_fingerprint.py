"""When a compiled loop counts as another one."""

import textwrap
from types import ModuleType

import pytest

from charging.loops.fingerprint import fingerprint

LOOP = """
    from enum import IntEnum
    from typing import NamedTuple

    import numpy as np

    from charging.loops.compiled import compiled, inner

    STEP = 60
    TABLE = np.array([1, 2])

    class Flag(IntEnum):
        ODD = 1

    class Bill(NamedTuple):
        net: int

    @compiled
    def loop(values):
        total = TABLE[0] + Flag.ODD
        for value in values:
            total += called(value)
        return Bill(total)

    @inner
    def called(value):
        return value // STEP
"""


def of(source: str) -> str:
    module = ModuleType("charging.made_up")
    exec(textwrap.dedent(source), module.__dict__)
    return fingerprint(module.loop.py_func)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("total += called", "total -= called", id="its own code"),
        pytest.param("value // STEP", "value % STEP", id="the code of a loop that it calls"),
        pytest.param("STEP = 60", "STEP = 61", id="a constant that a loop reads which it calls"),
        pytest.param("[1, 2]", "[1, 3]", id="a table"),
        pytest.param("ODD = 1", "ODD = 2", id="a member of an enumeration"),
        pytest.param("net: int", "gross: int", id="a field of a named tuple"),
        pytest.param("@inner", "@compiled", id="how a loop that it calls is compiled"),
    ],
)
def test_changes_with(before, after):
    assert before in LOOP

    assert of(LOOP.replace(before, after)) != of(LOOP)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("STEP = 60", "# Seconds.\n    STEP = 60", id="a comment, and the lines below it"),
        pytest.param("def called(value):", 'def called(value):\n        """Say it."""', id="a docstring"),
        pytest.param("STEP = 60", "STEP = 60\n    OTHER = 2", id="a constant that no loop reads"),
    ],
)
def test_does_not_change_with(before, after):
    assert before in LOOP

    assert of(LOOP.replace(before, after)) == of(LOOP)


def test_refuses_what_may_change_unseen():
    with pytest.raises(TypeError, match="called: STEP is a dict"):
        of(LOOP.replace("STEP = 60", "STEP = {}"))
