import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from charging.database import embedded
from rehearsal.world_file import read

AS_OF = "2026-11-20T18:00:00+00:00"
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


@pytest.fixture
def world(tmp_path, home, server_url, database_url, monkeypatch):
    """A world of ten stations as a process, and a home whose settings know its legacy."""
    target = f"{database_url.rsplit('/', 1)[1]}_target"
    urls = {"REHEARSAL_LEGACY_URL": database_url, "REHEARSAL_TARGET_URL": embedded.create_database(server_url, target)}
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "rehearsal.world",
            "--home",
            tmp_path,
            "--seed",
            "7",
            "--stations",
            "10",
            "--as-of",
            AS_OF,
        ],
        env=os.environ | urls,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "the world is ready" in process.stdout.readline()
        legacy = read(tmp_path).legacy
        monkeypatch.setenv("LEGACY_DATABASE", database_url)
        monkeypatch.setenv("LEGACY_PASSWORD", legacy.password.reveal())
        (home / "rehome.toml").write_text(
            f'[legacy]\ndatabase = "env:LEGACY_DATABASE"\nrest = "{legacy.rest}"\nuser = "{legacy.user}"\n'
            f'password = "env:LEGACY_PASSWORD"\nws = "{legacy.ws}"\n'
        )
        yield legacy
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')
