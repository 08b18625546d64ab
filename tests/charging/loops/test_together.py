"""Two things at the same time."""

import threading

import pytest

from charging.loops.together import Beside, ahead, both


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


def test_the_next_part_is_made_while_one_is_in_use():
    begun = [threading.Event() for _ in range(3)]

    def made():
        for number, event in enumerate(begun):
            event.set()
            yield number

    parts = ahead(made())

    assert next(parts) == 0
    assert begun[1].wait(30)
    assert list(parts) == [1, 2]


def test_an_error_of_a_part_is_raised_where_that_part_would_come():
    def made():
        yield "one"
        raise ValueError("other")

    parts = ahead(made())

    assert next(parts) == "one"
    with pytest.raises(ValueError, match="other"):
        next(parts)


def test_nothing_is_made_any_more_for_whoever_stops():
    made = iter(range(10))
    parts = ahead(made)

    assert next(parts) == 0
    parts.close()

    assert next(made) == 2


def test_work_goes_on_beside_and_one_piece_after_the_other():
    may_end, done = threading.Event(), []

    def work(name):
        assert may_end.wait(30)
        done.append(name)

    beside = Beside()
    beside.begin(lambda: work("first"))
    assert done == []
    may_end.set()
    beside.begin(lambda: work("second"))
    assert done[0] == "first"
    beside.wait()

    assert done == ["first", "second"]


def test_an_error_of_work_is_raised_once_and_nothing_is_begun_after_it():
    done = []

    def refuse():
        raise ValueError("no")

    beside = Beside()
    beside.begin(refuse)
    with pytest.raises(ValueError, match="no"):
        beside.begin(lambda: done.append("second"))
    beside.wait()

    assert done == []
