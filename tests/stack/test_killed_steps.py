"""Each kind of step, killed with SIGKILL while it runs, ends as a calm one does: a few of the benchmark's kills."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.stack

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "kills.py"


def test_every_kind_of_step_can_be_killed_and_ends_as_a_calm_one():
    few = ["--kills", "9", "--each", "1", "--stations", "8", "--mistakes", "0"]
    ended = subprocess.run([sys.executable, BENCHMARK, *few], capture_output=True, text=True, check=False, timeout=480)

    assert ended.returncode == 0, ended.stdout + ended.stderr[-3000:]
    told = json.loads(ended.stdout)
    assert min(told["by_step"].values()) >= 1
    assert set(told["by_step"]) >= {"extract", "load", "cutover", "rollback", "gate", "reconcile"}
