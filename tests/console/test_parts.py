"""Programs are started once, found again, and stopped with everything that they started."""

import json
import os
import signal
import threading
import time
from dataclasses import replace

import psutil
import pytest

from charging.errors import ServerNotStarted
from console import parts

SLEEPS = "import time; time.sleep(60)"
SLEEPS_WITH_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPS!r}])"
DOES_NOT_LISTEN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEPS}"


@pytest.fixture
def part(home):
    """What makes a part that runs a line of Python; all are gone after the test."""
    made = []

    def described(script, *, name="sleeper", is_ready=lambda: True, start_seconds=60.0, **environment):
        made.append(name)
        return parts.Part(
            name=name,
            title="the sleeper",
            command=parts.python("-c", script),
            environment=environment,
            is_ready=is_ready,
            start_seconds=start_seconds,
        )

    yield described
    for name in made:
        parts.stop(name, home=home, seconds=0.1)


def _eventually(is_so, *, what):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_starts_once_and_is_found_again(home, part):
    parts.start(part(SLEEPS), home=home)
    first = parts.process("sleeper", home=home)

    parts.start(part(SLEEPS), home=home)

    assert first.is_running()
    assert parts.process("sleeper", home=home).pid == first.pid


def test_starts_once_when_two_ask_at_the_same_time(home, part):
    wanted = part(SLEEPS)
    before = {child.pid for child in psutil.Process().children()}
    both = [threading.Thread(target=parts.start, args=(wanted,), kwargs={"home": home}) for _ in range(4)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(20)

    started = {child.pid for child in psutil.Process().children()} - before
    assert started == {parts.process("sleeper", home=home).pid}


def test_is_started_anew_with_what_it_reads_once(home, part):
    def told(value):
        return replace(part(SLEEPS, TOLD=value, OTHER=value), restart_on=("TOLD",))

    parts.start(told("first"), home=home)
    first = parts.process("sleeper", home=home)
    _eventually(lambda: first.environ().get("TOLD") == "first", what="it never read what it was told")
    parts.start(replace(told("first"), environment={"TOLD": "first", "OTHER": "second"}), home=home)
    same = parts.process("sleeper", home=home)
    parts.start(told("second"), home=home)
    second = parts.process("sleeper", home=home)

    assert same.pid == first.pid
    assert second.pid != first.pid
    _eventually(lambda: second.environ().get("TOLD") == "second", what="it never read what it was told")
    assert not first.is_running() or first.status() == psutil.STATUS_ZOMBIE


def test_says_what_it_says_into_its_log(home, part):
    parts.start(part("import os; print('told', os.environ['TOLD'], os.getcwd())", TOLD="so"), home=home)

    log = home / "logs" / "sleeper.log"
    _eventually(log.read_text, what="nothing was said")
    assert log.read_text() == f"told so {home}\n"


def test_is_found_again_after_the_clock_was_put_right(home, part, monkeypatch):
    parts.start(part(SLEEPS), home=home)
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: 1.0)

    assert parts.process("sleeper", home=home) is not None


def test_is_known_apart_from_the_part_of_another_home(home, part, tmp_path):
    parts.start(part(SLEEPS), home=home)
    (tmp_path / "elsewhere" / "parts").mkdir(parents=True)
    (tmp_path / "elsewhere" / "parts" / "sleeper.json").write_text((home / "parts" / "sleeper.json").read_text())

    assert parts.process("sleeper", home=tmp_path / "elsewhere") is None


def test_ends_with_everything_that_it_started(home, part):
    parts.start(part(SLEEPS_WITH_A_CHILD), home=home)
    found = parts.process("sleeper", home=home)
    _eventually(found.children, what="it started nothing")
    (child,) = found.children()

    assert parts.stop("sleeper", home=home, seconds=0.2)

    assert not psutil.pid_exists(child.pid) or child.status() == psutil.STATUS_ZOMBIE
    assert parts.process("sleeper", home=home) is None


def test_is_killed_when_it_does_not_listen(home, part):
    parts.start(part(DOES_NOT_LISTEN), home=home)
    found = parts.process("sleeper", home=home)
    _eventually(lambda: "deaf" in (home / "logs" / "sleeper.log").read_text(), what="it never got ready")

    assert parts.stop("sleeper", home=home, seconds=0.1)

    assert not found.is_running() or found.status() == psutil.STATUS_ZOMBIE


def test_stopping_what_does_not_run_changes_nothing(home):
    assert parts.stop("nobody", home=home) is False


def test_is_not_found_after_it_was_killed(home, part):
    parts.start(part(SLEEPS), home=home)
    os.kill(parts.process("sleeper", home=home).pid, signal.SIGKILL)

    _eventually(lambda: parts.process("sleeper", home=home) is None, what="a dead part was taken for alive")


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(lambda: json.dumps({"pid": os.getpid()}), id="a stranger with its number"),
        pytest.param(lambda: json.dumps({"pid": 2**22 + 7}), id="nobody with its number"),
        pytest.param(lambda: "", id="cut off"),
        pytest.param(lambda: "{}", id="of another version"),
        pytest.param(lambda: "[1", id="garbage"),
    ],
)
def test_takes_nobody_else_for_its_own(home, record):
    (home / "parts").mkdir()
    (home / "parts" / "sleeper.json").write_text(record())

    assert parts.process("sleeper", home=home) is None
    assert parts.stop("sleeper", home=home) is False


def test_is_waited_for_until_it_is_ready(home, part):
    ready = home / "ready"
    waited = part(f"open({str(ready)!r}, 'w'); {SLEEPS}", is_ready=ready.exists)
    parts.start(waited, home=home)

    parts.wait(waited, home=home)

    assert ready.exists()


@pytest.mark.parametrize(
    ("script", "seconds", "problem"),
    [
        pytest.param(
            "print('first'); print('it is so dark'); raise SystemExit('no light')",
            60.0,
            "it ended: it is so dark / no light",
            id="it ends",
        ),
        pytest.param(f"print('hm', flush=True); {SLEEPS}", 0.5, "it was silent for 0 s: ", id="it is silent"),
        pytest.param("", 60.0, "it ended: it said nothing; see", id="it says nothing"),
    ],
)
def test_says_why_it_did_not_start(home, part, script, seconds, problem):
    failing = part(script, is_ready=lambda: False, start_seconds=seconds)
    parts.start(failing, home=home)

    with pytest.raises(ServerNotStarted) as caught:
        parts.wait(failing, home=home)

    assert str(caught.value).startswith(f"the sleeper did not start: {problem}")
    assert str(caught.value).endswith(f"see {home}/logs/sleeper.log, then try again")
    assert parts.process("sleeper", home=home) is None


def test_reads_no_more_than_the_end_of_a_long_log(home, part):
    (home / "logs").mkdir()
    with (home / "logs" / "sleeper.log").open("wb") as log:
        log.truncate(200_000_000_000)  # a file of holes: reading all of it would take more than there is
    failing = part("print('the end')", is_ready=lambda: False)
    parts.start(failing, home=home)

    with pytest.raises(ServerNotStarted, match="the end"):
        parts.wait(failing, home=home)
