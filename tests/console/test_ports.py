"""A port is nobody else's, from the choice on."""

import contextlib
import socket

import pytest

from charging.errors import PortInUse
from console import parts, ports
from console.parts import Part


@pytest.fixture
def taken():
    """A port that another program holds."""
    with contextlib.closing(socket.socket()) as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        yield stranger.getsockname()[1]


@pytest.fixture
def free():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_takes_the_port_that_it_is_told(home, free):
    assert chosen(file=home / "it.port", wanted=free, usual=1) == free
    assert (home / "it.port").read_text() == str(free)


def test_refuses_a_port_that_it_is_told_and_another_holds(home, taken):
    with pytest.raises(
        PortInUse, match=f"port {taken} for it is in use by another program: stop that program, or name"
    ):
        chosen(file=home / "it.port", wanted=taken, usual=1)
    assert not (home / "it.port").exists()


def test_keeps_the_port_that_it_had(home, free):
    (home / "it.port").write_text(str(free))

    assert chosen(file=home / "it.port", wanted=None, usual=1) == free


@pytest.mark.parametrize("kept", ["", "no port", "{taken}"], ids=["cut off", "garbage", "taken since"])
def test_takes_the_usual_port_where_it_cannot_keep_one(home, free, taken, kept):
    (home / "it.port").write_text(kept.format(taken=taken))

    assert chosen(file=home / "it.port", wanted=None, usual=free) == free


def test_takes_any_port_where_even_the_usual_one_is_taken(home, taken):
    assert chosen(file=home / "it.port", wanted=None, usual=taken) not in {taken, 0}


def test_gives_no_port_to_two_while_neither_listens_yet(home, free):
    with ports.reserve("it", file=home / "it.port", wanted=None, usual=free) as first:
        assert first.port == free
        assert chosen(file=home / "other.port", wanted=None, usual=free) != free
        with pytest.raises(PortInUse):
            chosen(file=home / "other.port", wanted=free, usual=1)


def test_stays_reserved_for_the_program_that_inherits_it(home, free):
    sleeper = Part(
        name="sleeper",
        title="the sleeper",
        command=parts.python("-c", "import time; time.sleep(600)"),
        environment={},
        is_ready=lambda: True,
        start_seconds=60.0,
    )
    with ports.reserve("it", file=home / "it.port", wanted=None, usual=free) as reserved:
        parts.start(sleeper, home=home, inherits=(reserved.descriptor,))

    assert chosen(file=home / "other.port", wanted=None, usual=free) != free

    parts.stop("sleeper", home=home, seconds=0.1)
    assert chosen(file=home / "other.port", wanted=free, usual=1) == free


def chosen(*, file, wanted, usual):
    with ports.reserve("it", file=file, wanted=wanted, usual=usual) as reserved:
        return reserved.port
