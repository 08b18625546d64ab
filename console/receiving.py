"""Our OCPI receiver as a program: what it is made of, and serving it until it is told to stop."""

import errno
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
import uvicorn
from starlette.applications import Starlette

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.errors import PortInUse, SettingsError
from charging.roaming import partner_file
from charging.roaming.deviation import Deviation
from charging.roaming.ocpi.receiver import application
from charging.roaming.ocpi.receiver_doors import Doors
from charging.roaming.ocpi.transport import Limits, Transport
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.partner import Partner
from charging.roaming.secrets_folder import SecretsFolder
from charging.secret import Secret
from charging.settings import Settings
from console import workplace

_CONCURRENT = 200
"""More requests at once are answered with HTTP 503."""
_HANDSHAKE_SECONDS = 20.0
"""A partner waits while we read its versions."""


def serve(home: Path) -> None:
    """Serve the receiver until the process is told to end.

    Raises:
        DatabaseUnavailable: if there is no database to keep things in.
        PortInUse: if another program listens there.
        SettingsError: if it cannot be served as the settings say.
    """
    settings = configuration.load(workplace.of(home))
    engine = database.connect(database.address(settings))
    try:
        files = PartnerFiles(settings.home / settings.partners)
        app = application(doors(settings, engine, partner=files.read), max_body_bytes=settings.receiver.max_body_bytes)
        with closing(_listening(settings.receiver.host, settings.receiver.port)) as listening:
            uvicorn.Server(_config(app, settings)).run(sockets=[listening])
    finally:
        engine.dispose()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as problem:
        raise SettingsError("receiver.host", f"is {host!r}: {problem}", "name an address of this machine") from problem
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(place)
    except OSError as problem:
        listening.close()
        if problem.errno != errno.EADDRINUSE:
            raise
        raise PortInUse("the receiver", port, "end that program, or name another port in [receiver]") from None
    listening.listen(_CONCURRENT)
    return listening


def url(settings: Settings) -> str:
    """Return the address by which partners reach us.

    Raises:
        SettingsError: if nobody has said it.
    """
    stated = settings.receiver.url
    if not stated or not stated.startswith(("https://", "http://")) or not stated.rstrip("/").endswith("/ocpi"):
        problem = "is missing" if not stated else f"is {stated!r}"
        raise SettingsError("receiver.url", problem, "write how partners reach us, as in https://us.example/ocpi")
    return stated.rstrip("/")


def doors(settings: Settings, engine: sa.Engine, *, partner: Callable[[str], Partner]) -> Doors:
    """Return what the receiver works with."""
    return Doors(
        url=url(settings),
        business_name=settings.receiver.business_name,
        engine=engine,
        secrets=SecretsFolder(settings.home / "secrets"),
        partner=partner,
        connect=_connected,
        mint=lambda: Secret(secrets.token_urlsafe(48)),
        clock=system_clock,
        seconds=time.monotonic,
        failures_per_minute=settings.receiver.failures_per_minute,
    )


class PartnerFiles:
    """Partner files, each read again only once it has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, Partner]] = {}

    def read(self, name: str) -> Partner:
        """Return a partner as its file is now.

        Raises:
            PartnerFileError: if it is not valid, or not there.
        """
        path = self._folder / f"{name}.toml"
        changed = path.stat().st_mtime_ns if path.exists() else 0
        known = self._read.get(name)
        if known is None or known[0] != changed:
            known = (changed, partner_file.read(path))
            self._read[name] = known
        return known[1]


@contextmanager
def _connected(partner: Partner, token: Secret) -> Iterator[Transport]:
    with guarded_client(partner, name=partner.name, max_seconds=_HANDSHAKE_SECONDS) as http:
        yield Transport(
            partner,
            http=http,
            token=token,
            clock=system_clock,
            correlation_id=secrets.token_hex(16),
            ends_token_with_newline=Deviation.TOKEN_WITH_NEWLINE in partner.known_deviations,
            limits=Limits(attempts=1, max_bytes=1_000_000),
        )


def _config(app: Starlette, settings: Settings) -> uvicorn.Config:
    receiver = settings.receiver
    if (receiver.certificate is None) is not (receiver.key is None):
        missing = "certificate" if receiver.certificate is None else "key"
        raise SettingsError(f"receiver.{missing}", "is missing", "TLS needs the certificate and its key")
    for name in ("certificate", "key"):
        stated = getattr(receiver, name)
        if stated is not None and not (settings.home / stated).is_file():
            raise SettingsError(
                f"receiver.{name}", f"names {settings.home / stated}, which is not there", "put it there"
            )
    return uvicorn.Config(
        app,
        ssl_certfile=settings.home / receiver.certificate if receiver.certificate else None,
        ssl_keyfile=settings.home / receiver.key if receiver.key else None,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_CONCURRENT,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=16_384,
    )
