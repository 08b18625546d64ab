"""What a later process finds of the loops that an earlier one compiled: each process here is a real one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "charging" / "loops"
LOOP = """
import numpy as np
from charging.loops.compiled import compiled, inner
from charging.steps import STEP

@compiled
def loop(values):
    total = 0
    for value in values:
        total += stepped(value)
    return total

@inner
def stepped(value):
    return value * STEP
"""
ASK = """
import json
import numpy as np
from charging.summing import loop
total = loop(np.arange(4))
print(json.dumps({"total": int(total), "kept": sum(loop.stats.cache_hits.values())}))
"""


@pytest.fixture
def installed(tmp_path):
    """Return an installation with one loop, in which a process may be asked for what the loop returns."""
    package = tmp_path / "site" / "charging"
    (package / "loops").mkdir(parents=True)
    for file in PACKAGE.glob("*.py"):
        (package / "loops" / file.name).write_text(file.read_text())
    (package / "__init__.py").touch()
    (package / "summing.py").write_text(LOOP)
    (package / "steps.py").write_text("STEP = 2\n")

    class Installation:
        beside = package / "loops" / "__pycache__"
        home = tmp_path / "home"
        steps = package / "steps.py"

        def ask(self, **environment):
            stated = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
            stated |= {"PYTHONPATH": str(package.parent), "XDG_CACHE_HOME": str(self.home)}
            stated |= {"PYTHONDONTWRITEBYTECODE": "1"} | environment
            done = subprocess.run(
                [sys.executable, "-c", ASK], cwd=tmp_path, env=stated, capture_output=True, check=False
            )
            assert (done.returncode, done.stderr.decode()) == (0, "")
            return json.loads(done.stdout)

        def files(self, folder):
            return sorted(folder.rglob("*.loop"))

    return Installation()


def test_a_later_process_compiles_nothing(installed):
    assert installed.ask() == {"total": 12, "kept": 0}

    assert installed.ask() == {"total": 12, "kept": 1}
    assert len(installed.files(installed.beside)) == 1


def test_a_constant_that_changed_in_another_file_counts_and_the_former_loop_goes(installed):
    installed.ask()
    installed.steps.write_text("STEP = 3\n")

    assert installed.ask() == {"total": 18, "kept": 0}
    assert installed.ask() == {"total": 18, "kept": 1}
    assert len(installed.files(installed.beside)) == 1


def test_a_damaged_file_is_compiled_anew(installed):
    installed.ask()
    (file,) = installed.files(installed.beside)
    file.write_bytes(file.read_bytes()[:-100])

    assert installed.ask() == {"total": 12, "kept": 0}
    assert installed.ask() == {"total": 12, "kept": 1}


def test_where_the_installation_cannot_be_written_to_the_users_cache_is_used(installed):
    installed.beside.write_text("a file, where a folder would have to be")

    assert installed.ask() == {"total": 12, "kept": 0}
    assert installed.ask() == {"total": 12, "kept": 1}
    assert len(installed.files(installed.home)) == 1


def test_where_nothing_can_be_written_to_each_process_compiles_without_a_word(installed):
    installed.beside.write_text("a file")
    installed.home.write_text("a file")

    assert installed.ask() == {"total": 12, "kept": 0}
    assert installed.ask() == {"total": 12, "kept": 0}


def test_what_an_installation_brings_is_read_where_it_cannot_be_written_to(installed, tmp_path):
    installed.ask()
    for file in installed.files(installed.beside):
        file.chmod(0o444)
    installed.beside.chmod(0o555)

    assert installed.ask() == {"total": 12, "kept": 1}
    assert installed.files(installed.home) == []


def test_another_place_may_be_named(installed, tmp_path):
    named = tmp_path / "named"

    installed.ask(NUMBA_CACHE_DIR=str(named))

    assert installed.ask(NUMBA_CACHE_DIR=str(named))["kept"] == 1
    assert (len(installed.files(named)), installed.files(installed.beside)) == (1, [])
