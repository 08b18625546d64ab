"""What is said of a part that runs."""

import contextlib
import socket

import pytest

from console import parts, prefect_home, stack


@pytest.fixture
def silent_server(home, monkeypatch):
    """A Prefect server that is so busy that it answers nobody for now."""
    monkeypatch.setattr(stack, "PATIENCE_SECONDS", 0.2)
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        prefect_home.port_file(home).parent.mkdir(parents=True, exist_ok=True)
        prefect_home.port_file(home).write_text(str(port))
        parts.start(
            parts.Part(
                name="prefect",
                title="the Prefect server",
                command=parts.python("-c", "import time; time.sleep(600)"),
                environment={},
                is_ready=lambda: True,
                start_seconds=60.0,
            ),
            home=home,
        )
        yield port
        parts.stop("prefect", home=home, seconds=0.1)


def test_a_server_that_is_too_busy_to_answer_runs_and_its_silence_is_said(home, silent_server):
    _, prefect, *_ = stack.states(home)

    assert prefect == stack.State(
        part="prefect",
        is_running=True,
        address=f"http://127.0.0.1:{silent_server}",
        detail="has not answered for 0.2 seconds",
    )


def test_a_server_that_never_started_does_not_run(home):
    _, prefect, *_ = stack.states(home)

    assert (prefect.is_running, prefect.address) == (False, "")
