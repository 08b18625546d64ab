"""Two sides at the same time."""

import threading

import pytest

from charging.loops.together import both


def test_the_first_and_the_other_run_at_the_same_time():
    met = threading.Barrier(2, timeout=30)

    def meet(name):
        met.wait()  # neither passes before the other has come
        return name.upper()

    assert both(meet, "one", "other") == ("ONE", "OTHER")


@pytest.mark.parametrize("wrong", ["one", "other"])
def test_an_error_of_either_is_raised(wrong):
    def refuse(name):
        if name == wrong:
            raise ValueError(name)

    with pytest.raises(ValueError, match=wrong):
        both(refuse, "one", "other")
