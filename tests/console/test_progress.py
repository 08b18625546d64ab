"""Where things stand goes to standard error, in the way that fits who reads it, whatever things are called."""

import json
import os
import pty
import subprocess
import sys

import pytest

from console import progress

TITLES = ["extract export.csv", "extract a[/b].csv", "extract [red]é😀", "extract \udcff.csv"]


def _tell(telling, title):
    with telling:
        telling.begin("extract", title)
        telling.advance("extract", 3, 7, "[/] session")
        telling.end("extract", "7 rows [bold]")


@pytest.mark.parametrize("title", TITLES[:3])
def test_lines_say_when_a_phase_is_over(capsys, title):
    _tell(progress.Lines(), title)

    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line.endswith(f" s] {title}: 7 rows [bold]")


def test_lines_say_now_and_then_how_far_a_long_phase_is(capsys):
    telling = progress.Lines()
    telling.EVERY_SECONDS = 0.0

    _tell(telling, "extract")

    assert [line.split("] ", 1)[1] for line in capsys.readouterr().err.splitlines()] == [
        "extract: 3 of 7 [/] session",
        "extract: 7 rows [bold]",
    ]


@pytest.mark.parametrize("title", TITLES)
def test_events_are_one_json_object_a_line(capsys, title):
    _tell(progress.Events(), title)

    out, err = capsys.readouterr()
    assert out == ""
    assert [json.loads(line) for line in err.splitlines()] == [
        {"event": "begin", "phase": "extract", "title": title},
        {"event": "advance", "phase": "extract", "done": 3, "total": 7, "detail": "[/] session"},
        {"event": "end", "phase": "extract", "outcome": "7 rows [bold]"},
    ]


def test_a_display_shows_names_as_they_are(capsys):
    _tell(progress.Display(), "extract a[/b].csv")

    out, err = capsys.readouterr()
    assert out == ""
    assert "extract a[/b].csv" in err
    assert "7 rows [bold]" in err


def test_people_at_a_terminal_get_a_display_and_programs_get_lines():
    script = "from console import progress; print(type(progress.choose(as_json=False)).__name__)"
    controller, terminal = pty.openpty()
    try:
        at_terminal, in_pipe = (
            subprocess.run([sys.executable, "-c", script], stderr=stderr, stdout=subprocess.PIPE, text=True, check=True)
            for stderr in (terminal, subprocess.PIPE)
        )
    finally:
        os.close(controller)
        os.close(terminal)

    assert (at_terminal.stdout, in_pipe.stdout) == ("Display\n", "Lines\n")
    assert isinstance(progress.choose(as_json=True), progress.Events)
