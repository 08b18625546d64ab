"""The gateway as a program of ours: what the settings make of it, and running it until it is told to stop."""

import asyncio
import logging
import socket
import sys
from datetime import timedelta
from pathlib import Path

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.errors import SettingsError
from charging.ocpp.flavours.flavour import Flavour
from charging.ocpp.flavours.reading import parse_flavours
from charging.ocpp.gateway.handshake import OldAddress
from charging.ocpp.gateway.listening import tls
from charging.ocpp.gateway.options import Options
from charging.ocpp.gateway.program import Door, Opened, Plan, serve
from charging.ocpp.relay.rules import Rules
from charging.settings import Settings
from console import workplace

_APN = "gateway.plain_text_apn"


def run(home: Path, *, name: str = "", plain_text_apn: str = "") -> None:
    """Run a gateway until SIGTERM or Ctrl-C, then stop it in order.

    Raises:
        DiskFull: if there is no room for its journal.
        GatewayRuns: if another process is this gateway.
        PortInUse: if another program listens where it should.
        SettingsError: if it cannot be run as the settings say.
    """
    settings = configuration.load(workplace.of(home))
    made = plan(settings, name=name, plain_text_apn=plain_text_apn)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("rehome.gateway.station", "rehome.gateway.office"):  # picows tells of each link there, in its words
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    asyncio.run(serve(made, opened=lambda opened: _tell(made, opened)))


def plan(settings: Settings, *, name: str = "", plain_text_apn: str = "") -> Plan:
    """Return the gateway that the settings describe; what is given here goes before them.

    Raises:
        SettingsError: if they do not describe one.
    """
    told = settings.gateway
    gateway = name or told.name or socket.gethostname()
    rules = Rules(drain=timedelta(hours=told.move_hours), flavours=_flavours(settings))
    return Plan(
        name=gateway,
        folder=settings.home / told.journal / gateway,
        address=lambda: database.address(settings),
        clock=system_clock,
        options=Options(
            endpoint=told.endpoint,
            old_addresses=tuple(map(_old_address, told.old_addresses)),
            ping_after=timedelta(seconds=told.ping_seconds),
            pong_within=timedelta(seconds=told.pong_seconds),
            drain_seconds=told.drain_seconds,
            rules=rules,
        ),
        doors=_doors(settings, plain_text_apn or told.plain_text_apn or ""),
        metrics_port=told.metrics_port,
        frames_days=told.frames_days,
        alarms_days=told.alarms_days,
    )


def _doors(settings: Settings, plain_text_apn: str) -> tuple[Door, ...]:
    told, doors = settings.gateway, []
    if told.certificate is not None and told.key is not None:
        client_ca = settings.home / told.client_ca if told.client_ca else None
        context = tls(certificate=settings.home / told.certificate, key=settings.home / told.key, client_ca=client_ca)
        doors.append(Door(host=told.host, port=told.port, context=context, setting="gateway.host"))
    elif told.certificate is not None or told.key is not None:
        missing = "certificate" if told.certificate is None else "key"
        raise SettingsError(f"gateway.{missing}", "is missing", "TLS needs the certificate and its key")
    if plain_text_apn:
        host, found, port = plain_text_apn.rpartition(":")
        if not found or not host or not port.isdecimal() or int(port) > 65_535:
            raise SettingsError(_APN, f"is {plain_text_apn!r}", "write ADDRESS:PORT, as in 10.20.0.1:8886")
        doors.append(Door(host=host.strip("[]"), port=int(port), context=None, setting=_APN))
    if not doors:
        mend = "name gateway.certificate and gateway.key, or for a private APN alone --plain-text-apn ADDRESS:PORT"
        raise SettingsError("gateway.certificate", "is missing, and stations are listened to over TLS", mend)
    return tuple(doors)


def _old_address(text: str) -> OldAddress:
    host, _, path = text.partition("/")
    return OldAddress(host.casefold(), f"/{path}")


def _flavours(settings: Settings) -> tuple[Flavour, ...]:
    if settings.gateway.flavours is None:
        return ()
    file = settings.home / settings.gateway.flavours
    try:
        return parse_flavours(str(file), file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError("gateway.flavours", f"names {file}: {problem}", "name a readable TOML file") from None


def _tell(made: Plan, opened: Opened) -> None:
    for door, port in zip(made.doors, opened.ports, strict=True):
        scheme = "ws" if door.context is None else "wss"
        where = f"{scheme}://{door.host}:{port}{made.options.endpoint}"
        print(f"rehome: the gateway {made.name} listens to stations at {where}", file=sys.stderr)  # noqa: T201
    seen = f"http://127.0.0.1:{opened.metrics_port}/metrics"
    print(f"rehome: it can be watched at {seen}", file=sys.stderr, flush=True)  # noqa: T201
