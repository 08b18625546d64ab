"""Where the Prefect server of a home is, and what a process needs to know to find it. Imports nothing heavy."""

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

USUAL_PORT = 4200
QUIET = {
    "DO_NOT_TRACK": "1",
    # What a run says goes to the server, where the UI shows it; the terminal is for our own sentences.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "GX_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # The second generation of the UI hides "resume" in a menu and calls out; the first does neither.
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
}
LOOPBACK = "127.0.0.1"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def port_file(home: Path) -> Path:
    """Return the file that keeps the server's port."""
    return home / "prefect.port"


def prefect_environment(home: Path) -> dict[str, str]:
    """Return what every process needs to find the Prefect server of this home, and to keep quiet towards the world."""
    address = ui_address(home)
    return QUIET | {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": f"{address}/api",
        "PREFECT_SERVER_API_HOST": LOOPBACK,
        "PREFECT_SERVER_API_PORT": address.split(":")[-1],
        "PREFECT_SERVER_UI_API_URL": f"{address}/api",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        # A company's proxy is for the world outside; it does not know what runs on this machine.
        "no_proxy": _and_loopback(os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""),
    }


def ui_address(home: Path) -> str:
    """Return where the Prefect UI of this home is."""
    return f"http://{LOOPBACK}:{port_kept(port_file(home)) or USUAL_PORT}"


def port_kept(file: Path) -> int | None:
    """Return the port that a file keeps, if there is one and it was written to its end."""
    text = file.read_text() if file.exists() else ""
    return int(text) if text.isascii() and text.isdigit() else None


def call(home: Path, path: str, *, body: Mapping[str, object] | None = None, timeout_seconds: float) -> int:
    """Call the Prefect API of this home, past any proxy, and return the status of the answer.

    Raises:
        OSError: if nothing answers there, or something that is no web server.
    """
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        f"{ui_address(home)}/api/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    try:
        with _direct.open(request, timeout=timeout_seconds) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except http.client.HTTPException:
        raise ConnectionError("what listens there is no web server") from None


def _and_loopback(hosts: str) -> str:
    return hosts if LOOPBACK in hosts.split(",") else ",".join(filter(None, (hosts, LOOPBACK)))
