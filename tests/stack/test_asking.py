"""A committee that is asked: the run waits at each gate, and the form and the command line both carry it on."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.stack

REHOME = Path(sys.executable).parent / "rehome"
STATIONS = 24


@pytest.fixture
def home(open_folder):
    home = open_folder()
    yield home
    rehome(home, "down")


def test_the_form_and_the_command_line_both_carry_a_waiting_run_on(home):
    with (home / "told").open("w") as told:
        running = subprocess.Popen(
            [REHOME, "rehearse", "--stations", str(STATIONS), "--ask", "--json"],
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        )
        first = waiting_gate(home, running, wave=0)
        assert first["decision"] is None
        assert moved(home) == 0, "no station may move before the committee has answered"

        api = f"http://127.0.0.1:{(home / 'prefect.port').read_text().strip()}/api"
        flow_run = flow_run_of(home, wave=0)
        refused = answer_form(api, flow_run, {"decision": "go"})
        assert refused["status"] == "REJECT"
        accepted = answer_form(
            api, flow_run, {"decision": "go", "approver": "Committee", "reason": "a quiet night", "minutes_ref": "SC-1"}
        )
        assert accepted["status"] == "ACCEPT"

        second = waiting_gate(home, running, wave=1)
        assert second["verdict"] == "inconclusive", "a pilot of a few stations proves little about billing"
        assert moved(home) > 0
        no_reason = rehome(home, "gate", "decide", "1", "go", "--by", "Committee")
        assert (no_reason.returncode, "written reason" in no_reason.stderr) == (4, True)
        by_requester = rehome(home, "gate", "decide", "1", "go", "--by", "The Rehearsal", "--reason", "mine")
        assert (by_requester.returncode, "another person" in by_requester.stderr) == (4, True)
        decided = rehome(home, "gate", "decide", "1", "go", "--by", "Committee", "--reason", "few, all equal", "--json")
        assert decided.returncode == 0, decided.stderr
        assert json.loads(decided.stdout)["decided_via"] == "console"
        again = rehome(home, "gate", "decide", "1", "hold", "--by", "Committee")
        assert (again.returncode, "decided before" in again.stderr) == (4, True)

        out, _ = running.communicate(timeout=300)

    assert running.returncode == 0, (home / "told").read_text()[-2000:]
    stations = json.loads(out)["stations"]
    assert sum(stations.values()) == STATIONS
    gates = json.loads(rehome(home, "gate", "list", "--json").stdout)["gates"]
    assert [(gate["decision"], gate["decided_by"], gate["decided_via"]) for gate in gates] == [
        ("go", "Committee", "form"),
        ("go", "Committee", "console"),
    ]
    assert gates[0]["minutes_ref"] == "SC-1"
    assert rehome(home, "gate", "show", "0").returncode == 0
    assert rehome(home, "gate", "show", "1").returncode == 3


def environment(home: Path) -> dict[str, str]:
    told_nothing = {name: value for name, value in os.environ.items() if name != "REHOME_PREFECT_PORT"}
    return told_nothing | {"REHOME_HOME": str(home)}


def rehome(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [REHOME, *arguments], env=environment(home), capture_output=True, text=True, check=False, timeout=300
    )


def waiting_gate(home: Path, running: subprocess.Popen[str], *, wave: int) -> dict[str, object]:
    """Wait until a run is suspended at a gate, and return the gate."""
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        assert running.poll() is None, (home / "told").read_text()[-2000:]
        if f"before wave {wave}:" in (home / "told").read_text():
            return json.loads(rehome(home, "gate", "show", str(wave), "--json").stdout)
        time.sleep(0.2)
    pytest.fail(f"nobody was asked before wave {wave}: {(home / 'told').read_text()[-2000:]}")


def flow_run_of(home: Path, *, wave: int) -> str:
    return json.loads(rehome(home, "gate", "show", str(wave), "--json").stdout)["flow_run_id"]


def answer_form(api: str, flow_run: str, values: dict[str, str]) -> dict[str, str]:
    """Send what the form in the Prefect UI sends."""
    request = urllib.request.Request(
        f"{api}/flow_runs/{flow_run}/resume",
        data=json.dumps({"run_input": values}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def moved(home: Path) -> int:
    overview = json.loads(rehome(home, "status", "--json").stdout)
    return overview["stations"].get("verified", 0)
