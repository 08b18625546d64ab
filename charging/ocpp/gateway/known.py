"""What a gateway knows of the world without asking: back-offices, routes, and what stations must show."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from charging.errors import RouteRefused
from charging.ocpp.gateway.credential import Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOffice:
    """A back-office as stations' links reach it."""

    name: str
    address: str
    """WebSocket address that holds `{identity}`; the station's identity goes there, percent-encoded."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the handshake; a value `env:NAME` or `file:PATH` is a reference to it."""
    password: str | None = None
    """Reference to the password of basic authentication; the user is the station's identity."""
    ca: str | None = None
    """File of certificates, PEM, that it is known by; the system's without it."""
    hears_alike: bool = False
    """Whether types of stations are evened out for it, by their flavours."""

    def __post_init__(self) -> None:
        if not self.address.startswith(("ws://", "wss://")) or "{identity}" not in self.address:
            problem = f"its address is {self.address!r}"
            raise RouteRefused(self.name, problem, "write it as in wss://host/ocpp/{identity}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All of it, as of one moment."""

    back_offices: Mapping[str, BackOffice] = field(default_factory=dict)
    routes: Mapping[str, str] = field(default_factory=dict)
    """By station, the name of its back-office."""
    changed: Mapping[str, datetime] = field(default_factory=dict)
    """By station, when its route was last changed."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """By station, the back-office that it had first: its transactions from before it came here are there."""
    credentials: Mapping[str, Credential] = field(default_factory=dict)


def keep(known: Known, file: Path) -> None:
    """Write it down for a start without the tables: whole or not at all, readable by us alone."""
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(msgspec.msgpack.encode(known))
        opened.flush()
        os.fsync(opened.fileno())
    unfinished.replace(file)


def recall(file: Path) -> Known | None:
    """Return what was written down, if anything was that this version can read."""
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=Known)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
