"""`rehome up` starts the stack for daily work, twice without harm, and `rehome down` ends all of it."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.stack

REHOME = Path(sys.executable).parent / "rehome"


@pytest.fixture
def home(open_folder):
    home = open_folder()
    yield home
    rehome(home, "down")


def test_starts_serves_every_deployment_and_stops(home):
    assert rehome(home, "status").returncode == 1

    started = rehome(home, "up", "--json")
    assert started.returncode == 0, started.stderr
    parts = {part["part"]: part for part in json.loads(started.stdout)["parts"]}
    assert [name for name, part in parts.items() if part["is_running"]] == ["database", "prefect", "runner"]
    assert rehome(home, "status").returncode == 0

    served = deployments(parts["prefect"]["address"])
    assert len(served) == 14
    night = next(one for one in served if one["name"] == "reconcile-cdrs")
    assert [schedule["schedule"]["timezone"] for schedule in night["schedules"]] == ["Europe/Amsterdam"]

    numbers = [json.loads(file.read_text())["pid"] for file in (home / "parts").glob("*.json")]
    again = rehome(home, "up", "--json")
    assert where(again) == where(started)
    assert numbers == [json.loads(file.read_text())["pid"] for file in (home / "parts").glob("*.json")]

    assert rehome(home, "down").returncode == 0
    assert rehome(home, "status").returncode == 1
    assert not [number for number in numbers if psutil.pid_exists(number) and alive(number)]
    assert rehome(home, "down").stdout.strip() == "nothing was running"


def where(told: subprocess.CompletedProcess[str]) -> list[tuple[str, bool, str]]:
    return [(part["part"], part["is_running"], part["address"]) for part in json.loads(told.stdout)["parts"]]


def alive(number: int) -> bool:
    return psutil.Process(number).status() != psutil.STATUS_ZOMBIE


def deployments(address: str) -> list[dict[str, object]]:
    request = urllib.request.Request(
        f"{address}/api/deployments/filter", data=b"{}", headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def rehome(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    told_nothing = {name: value for name, value in os.environ.items() if name != "REHOME_PREFECT_PORT"}
    return subprocess.run(
        [REHOME, *arguments],
        env=told_nothing | {"REHOME_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
