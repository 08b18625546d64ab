"""Two platforms that meet over real sockets: each with a database, a secrets folder and a receiver of its own."""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx
import sqlalchemy as sa

from charging.roaming import partner_file
from charging.roaming.ocpi.credentials_desk import Desk
from charging.roaming.ocpi.receiver import application
from charging.roaming.ocpi.receiver_credentials import invite
from charging.roaming.ocpi.receiver_doors import Doors
from charging.roaming.ocpi.transport import Limits, Transport
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.secrets_folder import SecretsFolder
from charging.secret import Secret

TARIFF = '{"id": "T", "currency": "EUR", "elements": [{"price_components": [{"type": "ENERGY", "price": 0.4, "step_size": 1}]}]}'  # noqa: E501
FILE = """\
# what we agreed with {name}
name = "{name}"
party = "{party}"
owner = "{owner}"
our_role = "{role}"
version = "{version}"
versions_url = "{url}/versions"
allow_plain_http = true
allow_private_addresses = true
token = "file:{token}"  # changes with each rotation
tariff = "tariff.json"
currency = "EUR"
time_zone = "Europe/Amsterdam"
"""


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Side:
    """One of the two."""

    party: str
    role: str
    folder: Path
    engine: sa.Engine
    url: str
    serving: dict

    def __post_init__(self):
        self.secrets = SecretsFolder(self.folder / "secrets")
        self.numbers = count(1)
        self.clients = {}
        self.asking = httpx.Client(timeout=10, verify=False)
        self.clients["asking"] = self.asking
        self.now = datetime(2026, 11, 1, 12, tzinfo=UTC)
        (self.folder / "tariff.json").write_text(TARIFF)
        self.doors = Doors(
            url=self.url,
            business_name=f"{self.party} ltd",
            engine=self.engine,
            secrets=self.secrets,
            partner=lambda name: partner_file.read(self.file(name)),
            connect=self.connected,
            mint=self.mint,
            clock=self.clock,
            seconds=lambda: self.now.timestamp(),  # noqa: PLW0108 - `now` moves
        )
        self.serving["app"] = application(self.doors, max_body_bytes=20_000)

    def mint(self):
        return Secret(f"{self.party}-token-number-{next(self.numbers)}")

    def clock(self):
        self.now += timedelta(seconds=1)
        return self.now

    def file(self, name):
        return self.folder / f"{name}.toml"

    def knows(self, other, *, name, version="2.2.1", token=None):
        """Write a partner file for the other side."""
        place = self.folder / "secrets" / f"{name}.token"
        if token:
            place = self.folder / "token-a"
            place.write_text(token.reveal())
        self.file(name).write_text(
            FILE.format(
                name=name,
                party=other.party,
                owner=self.party,
                role=self.role,
                version=version,
                url=other.url,
                token=place,
            )
        )

    def connect(self, partner, token):
        """Return a way to a partner; each place is connected to once, as making a TLS context is dear."""
        if partner.origins not in self.clients:
            self.clients[partner.origins] = guarded_client(partner, name=partner.name, max_seconds=10)
        http, limits = self.clients[partner.origins], Limits(attempts=1)
        return Transport(partner, http=http, token=token, clock=self.clock, correlation_id="test", limits=limits)

    @contextmanager
    def connected(self, partner, token):
        yield self.connect(partner, token)

    def close(self):
        for http in self.clients.values():
            http.close()

    def desk(self, name, **changes):
        partner = partner_file.read(self.file(name))
        desk = Desk(
            partner=partner,
            file=self.file(name),
            held=partner.read_token({}),
            us=self.doors.us(partner),
            engine=self.engine,
            secrets=self.secrets,
            connect=self.connect,
            mint=self.mint,
            clock=self.clock,
        )
        return replace(desk, **changes)

    def invites(self, name):
        """Make a token A for a partner, and return it."""
        invite(partner_file.read(self.file(name)), doors=self.doors)
        return self.secrets.read(f"{name}.invitation")

    def ask(self, method, path, token, **given):
        """Send a request to this side as a partner with that token would."""
        headers = {"Authorization": f"Token {token}"} | given.pop("headers", {})
        return self.asking.request(method, f"{self.url}/{path}", headers=headers, **given)
