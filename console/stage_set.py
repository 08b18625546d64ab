"""Writing the settings, secrets and partner files of a rehearsal, as a data team would write its own."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from charging import canonical
from charging.secret import Secret
from charging.settings import FILE
from console import workplace
from rehearsal import partners, world
from rehearsal.world_file import BackOfficeDoor, PartnerDoor

OWNER = "NL-EVN"
TIME_SCALE = 0.01
"""A simulated station restarts in a second, not in minutes: waiting times shrink with it."""
IDS: Mapping[str, str] = {
    "roa": '[ids]\ncdr = "CDR-{session_id}"\nsession = "{session_id}"\nformer_operators = ["NL*EVX"]\n',
    "hub": '[ids]\ntiers = ["evse_and_token", "evse_and_contract", "evse_and_time"]\nformer_operators = ["NL*EVX"]\n',
}
"""What each partner's records say of our session ids: one keeps them, one replaces them by its own."""


def prepare(folder: Path, *, databases: Mapping[str, Secret]) -> None:
    """Write `rehome.toml`, its secrets, and a file for each partner. Writing them again changes nothing."""
    there = world.read(folder / "world")
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    held = {
        "database": databases["own"],
        "legacy.database": databases["legacy"],
        "target.database": databases["target"],
        "legacy.password": there.legacy.password,
        "target.password": there.target.password,
        "pseudonym.key": Secret(canonical.digest([there.legacy.password.reveal(), "pseudonyms"])),
    } | {f"{name}.token": door.token for name, door in there.partners.items()}
    for name, value in held.items():
        workplace.write(secrets / name, value.reveal(), is_secret=True)
    for name, door in there.partners.items():
        _write_partner(folder / "partners", name, door, secrets=secrets)
    doors = {"legacy": there.legacy, "target": there.target}
    text = "\n".join(
        [
            "# The settings of a rehearsal: simulated back-offices, stations and partners on this machine.",
            f"database = {_quoted(f'file:{secrets}/database')}",
            f"pseudonym_key = {_quoted(f'file:{secrets}/pseudonym.key')}",
            f"recipes = {_quoted(str(files('rehearsal') / 'recipes'))}",
            *(_back_office(name, door, secrets=secrets) for name, door in doors.items()),
            "",
            "[pace]",
            "concurrency = 100",
            "starts_per_second = 40",
            "poll_seconds = 0.25",
            f"time_scale = {TIME_SCALE}",
            "",
        ]
    )
    workplace.write(folder / FILE, text)


def _quoted(text: str) -> str:
    """Return a text as TOML writes it: as JSON does, where a folder's name holds quotes or backslashes."""
    return json.dumps(text, ensure_ascii=False)


def _back_office(name: str, door: BackOfficeDoor, *, secrets: Path) -> str:
    return f"""
[{name}]
database = {_quoted(f"file:{secrets}/{name}.database")}
rest = "{door.rest}"
user = "{door.user}"
password = {_quoted(f"file:{secrets}/{name}.password")}
ws = "{door.ws}\""""


def _write_partner(folder: Path, name: str, door: PartnerDoor, *, secrets: Path) -> None:
    folder.mkdir(exist_ok=True)
    workplace.write(folder / f"{name}.tariff.json", json.dumps(partners.tariff(name), indent=2))
    text = f"""# A simulated roaming partner.
name = "{name}"
party = "{door.party}"
owner = "{OWNER}"
versions_url = "{door.versions_url}"
allow_plain_http = true
allow_private_addresses = true
token = {_quoted(f"file:{secrets}/{name}.token")}
token_encoding = "base64"
tariff = "{name}.tariff.json"
currency = "EUR"
vat_percent = 21
time_zone = "Europe/Amsterdam"
lateness_days = 3

{IDS[name]}"""
    workplace.write(folder / f"{name}.toml", text)
