"""The gateway's doors: to stations over TLS, to a private APN in plain text, and to those who watch it."""

import asyncio
import errno
import ssl
from asyncio import AbstractServer
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiofastnet
from picows import WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener, ws_create_server

from charging.errors import PortInUse, SettingsError
from charging.ocpp.gateway.doorway import Doorway

BACKLOG = 4_096
"""A fleet that comes back all at once is let wait in the system's queue, not turned away."""
_TLS: Mapping[str, Any] = {
    "ssl_handshake_timeout": 10.0,
    "ssl_shutdown_timeout": 2.0,
    "ssl_incoming_bio_size": 16_384,  # a TLS record's size: more would be held for each station, however silent
    "ssl_outgoing_bio_size": 16_384,
}


def tls(*, certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """Return what stations' TLS is made with: 1.2 or newer; and with `client_ca`, certificates of theirs are asked for.

    Raises:
        SettingsError: if one of the files cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as problem:
        said = f"cannot be used: {problem.strerror or problem}"
        raise SettingsError("gateway.certificate", said, "name a certificate chain and its key, PEM") from None
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ssl.SSLError) as problem:
            said = f"cannot be used: {problem.strerror or problem}"
            raise SettingsError("gateway.client_ca", said, "name a file of certificates, PEM") from None
        context.verify_mode = ssl.CERT_OPTIONAL  # a station may also come with a secret; the admission decides
    return context


async def open_door(
    made: Callable[[], Doorway], *, host: str, port: int, context: ssl.SSLContext | None, setting: str
) -> AbstractServer:
    """Listen to stations.

    Raises:
        PortInUse: if another program listens there.
        SettingsError: if there is no such address here.
    """
    loop = asyncio.get_running_loop()
    try:
        return await aiofastnet.create_server(
            loop,
            made,
            host,
            port,
            ssl=context,
            backlog=BACKLOG,
            **(_TLS if context is not None else {}),
        )
    except OSError as problem:
        raise _not_opened(problem, "the gateway", host, port, setting) from None


async def open_window(answers: Callable[[str], tuple[HTTPStatus, bytes] | None], *, port: int) -> AbstractServer:
    """Let programs on this machine look in: `answers` gives what is at a path, and None where nothing is.

    Raises:
        PortInUse: if another program listens there.
    """

    def answer(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener | None:
        found = answers(request.path.decode("latin-1").partition("?")[0])
        if found is None:
            return None
        status, body = found
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        if status is HTTPStatus.OK:
            return WSUpgradeResponseWithListener(WSUpgradeResponse.create_ok_response(body, headers), None)
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(status, body, headers), None)

    try:
        return await ws_create_server(answer, "127.0.0.1", port)
    except OSError as problem:
        raise _not_opened(problem, "the gateway's metrics", "127.0.0.1", port, "gateway.metrics_port") from None


def port_of(server: AbstractServer) -> int:
    """Return the port that a server really has."""
    (socket, *_) = server.sockets  # type: ignore[attr-defined] # asyncio's own, and aiofastnet's, have them
    return int(socket.getsockname()[1])


def _not_opened(problem: OSError, part: str, host: str, port: int, setting: str) -> PortInUse | SettingsError:
    if problem.errno == errno.EADDRINUSE:
        return PortInUse(part, port, "end that program, or name another port in [gateway]")
    return SettingsError(setting, f"is {host}:{port}: {problem.strerror or problem}", "name an address of this machine")
