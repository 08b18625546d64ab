"""A secret shows itself to nobody who does not ask for it by name."""

import copy
import json
import logging
import pickle
import subprocess
import sys
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging import canonical, secret
from charging.errors import SettingsError
from charging.secret import Secret

VALUE = "hunter2-and-then-some"


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(str, id="str"),
        pytest.param(repr, id="repr"),
        pytest.param(lambda held: f"{held} {held!r} {held!s}", id="f-string"),
        pytest.param(lambda held: f"{[held]} { ({'k': held}) } {(held,)}", id="inside others"),
        pytest.param(lambda held: str(dir(held)), id="dir"),
        pytest.param(
            lambda held: str(logging.LogRecord("n", 10, "f", 1, "%s %r", (held, held), None).getMessage()), id="log"
        ),
    ],
)
@given(value=st.text(min_size=1, max_size=40))
def test_shows_at_most_its_last_four_characters(shown, value):
    text = shown(Secret(f"{value}{VALUE}"))

    assert value + VALUE not in text
    assert VALUE[:-4] not in text


def test_shows_nothing_of_a_short_one():
    assert str(Secret("hunter2")) == "****"


@pytest.mark.parametrize(
    "serialise",
    [
        pytest.param(pickle.dumps, id="pickle"),
        pytest.param(lambda held: pickle.dumps({"inside": [held]}), id="pickle inside"),
        pytest.param(json.dumps, id="json"),
        pytest.param(canonical.plain, id="canonical"),
        pytest.param(copy.deepcopy, id="deep copy"),
    ],
)
def test_cannot_be_written_down(serialise):
    with pytest.raises(TypeError) as caught:
        serialise(Secret(VALUE))

    assert VALUE not in str(caught.value)


def test_is_in_no_traceback():
    def fail(held):
        raise RuntimeError(held)

    with pytest.raises(RuntimeError) as caught:
        fail(Secret(VALUE))

    assert VALUE not in "".join(traceback.format_exception(caught.value))


def test_is_in_no_traceback_that_a_process_prints():
    script = "import os; from charging.secret import resolve; held = resolve('env:TOLD', setting='s'); [][held]"
    ended = subprocess.run(
        [sys.executable, "-c", script], env={"TOLD": VALUE}, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert "TypeError" in ended.stderr
    assert VALUE not in ended.stderr


def test_equals_another_of_the_same_value():
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret("another")
    assert len({Secret(VALUE), Secret(VALUE)}) == 1


def test_is_found_where_the_reference_points(monkeypatch, tmp_path):
    monkeypatch.setenv("TOLD", VALUE)
    (tmp_path / "kept").write_text(f"{VALUE}\n")

    assert secret.resolve("env:TOLD", setting="s").reveal() == VALUE
    assert secret.resolve(f"file:{tmp_path}/kept", setting="s").reveal() == VALUE


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        pytest.param(
            "env:NOT_SET", "s points to the environment variable NOT_SET, which is not set: set it", id="unset"
        ),
        pytest.param("env:EMPTY", "EMPTY, which is not set", id="empty variable"),
        pytest.param("file:{folder}/none", "No such file or directory: write the secret there", id="no file"),
        pytest.param("file:{folder}", "Is a directory: write the secret there", id="a folder"),
        pytest.param("file:{folder}/empty", "which is empty: write the secret there", id="empty file"),
        pytest.param("file:{folder}/binary", "which is no text: write the secret there", id="no text"),
        pytest.param("file:\0", "which is no text: write the secret there", id="no path"),
        pytest.param(VALUE, "s holds something else than a reference: write env:NAME or file:PATH", id="the value"),
    ],
)
def test_is_missed_with_a_sentence(monkeypatch, tmp_path, reference, message):
    monkeypatch.delenv("NOT_SET", raising=False)
    monkeypatch.setenv("EMPTY", "")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfd")

    with pytest.raises(SettingsError) as caught:
        secret.resolve(reference.format(folder=tmp_path), setting="s")

    assert message in str(caught.value)
    assert VALUE not in str(caught.value)
