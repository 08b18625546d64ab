"""Every process finds the Prefect server of its home, past any proxy, and speaks to nobody else."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from console import prefect_home


@pytest.fixture
def listening(home):
    """A web server where the Prefect server of this home would be; it keeps what it is asked."""
    asked = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def _answer(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked.append((self.command, self.path, json.loads(body) if body else None))
            self.send_response(self.server.status)
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = _answer  # noqa: N815 - names of the standard library

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.status, server.asked = 200, asked
    prefect_home.port_file(home).write_text(str(server.server_port))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("kept", "address"),
    [
        pytest.param(None, "http://127.0.0.1:4200", id="never started"),
        pytest.param("4711", "http://127.0.0.1:4711", id="the port it had"),
        pytest.param("", "http://127.0.0.1:4200", id="cut off"),
        pytest.param("nonsense", "http://127.0.0.1:4200", id="garbage"),
    ],
)
def test_is_where_its_port_file_says(home, kept, address):
    if kept is not None:
        prefect_home.port_file(home).write_text(kept)

    assert prefect_home.ui_address(home) == address
    assert prefect_home.prefect_environment(home)["PREFECT_API_URL"] == f"{address}/api"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({}, "127.0.0.1", id="none"),
        pytest.param({"no_proxy": "intranet"}, "intranet,127.0.0.1", id="some"),
        pytest.param({"NO_PROXY": "intranet"}, "intranet,127.0.0.1", id="in capitals"),
        pytest.param({"no_proxy": "127.0.0.1,intranet"}, "127.0.0.1,intranet", id="already"),
    ],
)
def test_keeps_proxies_out_of_it(home, monkeypatch, variables, expected):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert prefect_home.prefect_environment(home)["no_proxy"] == expected


@pytest.mark.parametrize("status", [200, 404, 500])
def test_calls_and_tells_the_status(home, listening, status):
    listening.status = status

    assert prefect_home.call(home, "flow_runs/7/resume", body={"run_input": {"a": "é"}}, timeout_seconds=5) == status
    assert listening.asked == [("POST", "/api/flow_runs/7/resume", {"run_input": {"a": "é"}})]


def test_calls_past_a_proxy(home, listening):
    script = (
        "import sys; from pathlib import Path; from console import prefect_home;"
        "print(prefect_home.call(Path(sys.argv[1]), 'health', timeout_seconds=5))"
    )
    proxied = os.environ | {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "no_proxy": ""}
    ended = subprocess.run(
        [sys.executable, "-c", script, str(home)], env=proxied, capture_output=True, text=True, check=True
    )

    assert ended.stdout == "200\n"
    assert listening.asked == [("GET", "/api/health", None)]


def test_says_that_nobody_is_there(home):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        prefect_home.port_file(home).write_text(str(probe.getsockname()[1]))

    with pytest.raises(OSError, match="Connection refused"):
        prefect_home.call(home, "health", timeout_seconds=5)


def test_says_that_somebody_else_is_there(home):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        prefect_home.port_file(home).write_text(str(stranger.getsockname()[1]))

        def answer():
            connection, _ = stranger.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(ConnectionError, match="what listens there is no web server"):
            prefect_home.call(home, "health", timeout_seconds=5)
        answering.join(10)


def test_imports_nothing_heavy():
    script = "import sys; import console.prefect_home; print({'prefect', 'sqlalchemy', 'pandas'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ended.stdout == "set()\n"
