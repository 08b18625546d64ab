"""The file by which a running world says where it is, for those who see only addresses and credentials."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from charging.errors import ServerNotStarted
from charging.secret import Secret

FILE = "world.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOfficeDoor:
    """One back-office. `ws` is what stations dial, without their identity; `rest` is without `/api/v1`."""

    ws: str
    rest: str
    user: str
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerDoor:
    """One partner: where its OCPI versions are, and the token that it gave us."""

    party: str
    versions_url: str
    token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A running world."""

    legacy: BackOfficeDoor
    target: BackOfficeDoor
    partners: Mapping[str, PartnerDoor]
    stations: int
    pid: int


def read(home: Path) -> World:
    """Return where the world of this folder is.

    Raises:
        ServerNotStarted: if none has become ready here.
    """
    file = home / FILE
    if not file.exists():
        raise ServerNotStarted("the rehearsed world", f"there is no {file}", "start it: python -m rehearsal.world")
    found = json.loads(file.read_text())
    partners = {
        name: PartnerDoor(party=door["party"], versions_url=door["versions_url"], token=Secret(door["token"]))
        for name, door in found["partners"].items()
    }
    return World(
        legacy=_back_office(found["legacy"]),
        target=_back_office(found["target"]),
        partners=MappingProxyType(partners),
        stations=int(found["stations"]),
        pid=int(found["pid"]),
    )


def write(home: Path, world: World) -> None:
    """Write the file in one step; only this user may read it."""
    content = {
        "legacy": _door(world.legacy),
        "target": _door(world.target),
        "partners": {
            name: {"party": door.party, "versions_url": door.versions_url, "token": door.token.reveal()}
            for name, door in world.partners.items()
        },
        "stations": world.stations,
        "pid": world.pid,
    }
    write_private(home / FILE, json.dumps(content, indent=2))


def write_private(file: Path, text: str) -> None:
    """Replace a file's content in one step; only this user may read it."""
    unfinished = file.with_suffix(".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.replace(file)


def _door(door: BackOfficeDoor) -> dict[str, str]:
    return {"ws": door.ws, "rest": door.rest, "user": door.user, "password": door.password.reveal()}


def _back_office(found: Mapping[str, str]) -> BackOfficeDoor:
    return BackOfficeDoor(ws=found["ws"], rest=found["rest"], user=found["user"], password=Secret(found["password"]))
