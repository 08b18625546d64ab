"""A night's folder goes with it, and what a killed night left goes with the next."""

import fcntl
import signal
import subprocess
import sys

import pytest

from tasks.night_folder import LOCK, night_folder

HOLDS = """
import sys, time
from pathlib import Path
from tasks.night_folder import night_folder

with night_folder(Path(sys.argv[1])) as folder:
    (folder / "part").write_text("much")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def another_night(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process, process.stdout.readline().strip()
        process.kill()


def left(place):
    return sorted(str(path) for path in place.iterdir())


def test_is_there_until_the_end_and_then_no_more(tmp_path):
    with night_folder(tmp_path) as folder:
        (folder / "part").mkdir()
        assert left(tmp_path) == [str(folder)]

    assert left(tmp_path) == []


def test_goes_when_the_night_fails(tmp_path):
    with pytest.raises(ValueError, match="wrong"), night_folder(tmp_path):
        raise ValueError("wrong")

    assert left(tmp_path) == []


def test_what_a_killed_night_left_is_swept(tmp_path, another_night):
    process, folder = another_night
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert left(tmp_path) == [folder]

    with night_folder(tmp_path) as own:
        assert left(tmp_path) == [str(own)]


def test_what_a_living_night_holds_stays(tmp_path, another_night):
    _, folder = another_night

    with night_folder(tmp_path) as own:
        assert left(tmp_path) == sorted([folder, str(own)])

    assert left(tmp_path) == [folder]


def test_nobody_elses_folder_is_swept(tmp_path):
    others = tmp_path / "night-photos"
    others.mkdir()

    with night_folder(tmp_path) as own, (own / LOCK).open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)

    assert left(tmp_path) == [str(others)]
