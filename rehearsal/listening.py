"""Where the world listens: ports that were free the first time and are kept, and the passwords that go with them."""

import contextlib
import json
import secrets
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from charging.errors import PortInUse
from rehearsal.world_file import write_private

FILE = "world-ports.json"
HOST = "127.0.0.1"
BACKLOG = 4096
"""A fleet that comes back at once must not be refused by the kernel."""


def listen(home: Path, names: Sequence[str]) -> dict[str, socket.socket]:
    """Bind a socket for each name, on the port that it had before.

    Raises:
        PortInUse: if another program has taken one meanwhile.
    """
    file = home / FILE
    known: dict[str, int] = json.loads(file.read_text())["ports"] if file.exists() else {}
    bound = {name: _bind(name, known.get(name, 0)) for name in names}
    ports = {name: int(listening.getsockname()[1]) for name, listening in bound.items()}
    if ports != known:
        keys = {name: secrets.token_urlsafe(18) for name in names}
        write_private(file, json.dumps({"ports": ports, "secrets": keys}, indent=2))
    return bound


def secret(home: Path, name: str) -> str:
    """Return the password or token that goes with a port."""
    return str(json.loads((home / FILE).read_text())["secrets"][name])


class Web(uvicorn.Server):
    """An ASGI server that shares its process with others: signals are the world's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def web(app: Any) -> Web:
    """Return a server for an ASGI application; it is told to end by `should_exit`."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
    )
    return Web(config)


def _bind(name: str, port: int) -> socket.socket:
    # Said explicitly, or asyncio leaves Nagle's algorithm on: every answer would wait 40 ms for an acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError:
        listening.close()
        raise PortInUse(f"the rehearsed {name}", port, "end that program, or remove the rehearsal's folder") from None
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening
