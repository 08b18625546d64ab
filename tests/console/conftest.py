import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REHOME = Path(sys.executable).parent / "rehome"
OURS = ("REHOME_HOME", "REHOME_PREFECT_PORT", "REHOME_DATABASE", "REHOME_TIME_ZONE", "DATABASE_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """What it said last, after making sure that it was one sentence of ours."""
        assert "Traceback" not in self.err, self.err
        *_, last = self.err.strip().splitlines() or [""]
        assert last.startswith("rehome: "), self.err
        return last.removeprefix("rehome: ")


@pytest.fixture
def rehome(home, tmp_path):
    """What runs the command as a user does: in a folder, with an environment, to its end."""

    def run(*arguments, stdout=subprocess.PIPE, **variables):
        told = {name: value for name, value in os.environ.items() if name not in OURS}
        told |= {"REHOME_HOME": str(home)} | variables
        ended = subprocess.run(
            [REHOME, *map(str, arguments)],
            env={name: value for name, value in told.items() if value is not None},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
        return Ended(status=ended.returncode, out=ended.stdout or "", err=ended.stderr)

    return run


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture
def files():
    """What lists every file below a folder with its content."""
    return everything_in
