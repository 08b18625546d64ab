"""The handshake with a partner from the command line: shown first, done with --yes."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from charging import secret
from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.queries import registration as read
from charging.errors import PartnerFileError, SettingsError
from charging.roaming import partner_file, partner_write
from charging.roaming.deviation import Deviation
from charging.roaming.ocpi import credentials_acting, receiver_credentials
from charging.roaming.ocpi.credentials import Us
from charging.roaming.ocpi.credentials_desk import Desk
from charging.roaming.ocpi.transport import Limits, Transport
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.partner import Partner
from charging.roaming.registration import Action
from charging.roaming.secrets_folder import SecretsFolder
from charging.secret import Secret
from console import partnering, receiving, workplace

NOTHING = "dry run: nothing was sent but questions; do it with --yes"


def act(home: Path, name: str, action: Action, *, is_meant: bool, to: str = "", token: str = "") -> dict[str, Any]:
    """Show what an action would do, or do it.

    Raises:
        PartnerRefused: if the partner says no.
        PartnerUnavailable: if it does not answer.
        UserError: if a file or a setting is not right.
    """
    with _desk(home, name) as desk:
        elsewhere = _elsewhere(desk, to, token) if action is Action.SWITCH else None
        if not is_meant:
            us = elsewhere[0] if elsewhere else None
            return {"is_done": False, "planned": credentials_acting.plan(desk, action, us=us)}
        return {"is_done": True, "acted": credentials_acting.act(desk, action, elsewhere=elsewhere)}


def invite(home: Path, name: str, *, is_meant: bool) -> dict[str, Any]:
    """Make a token A for a partner to register with us, and let its file refer to where its own token will be."""
    settings = configuration.load(workplace.of(home))
    file = partnering.path(home, name)
    partner = partner_file.read(file)
    told = {"partner": name, "is_done": is_meant, "url": f"{receiving.url(settings)}/versions"}
    if not is_meant:
        return told | {"token": "", "file": str(file)}
    engine = database.connect(database.address(settings))
    try:
        doors = receiving.doors(settings, engine, partner=lambda _: partner)
        reference = receiver_credentials.invite(partner, doors=doors)
        partner_write.write(file, {"token": doors.secrets.reference(f"{name}.token")})
    finally:
        engine.dispose()
    return told | {"token": reference, "file": str(file)}


def standing(home: Path, name: str) -> dict[str, Any]:
    """Return how things stand with a partner, and the journal of its handshakes."""
    partnering.path(home, name)
    engine = database.connect(database.address(configuration.load(workplace.of(home))))
    try:
        with engine.connect() as connection:
            return {
                "partner": name,
                "registration": read.registration(connection, name),
                "tokens_given": read.given_tokens(connection, name),
                "journal": read.events(connection, name),
            }
    finally:
        engine.dispose()


def act_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what would be done, or what was."""
    if result["is_done"]:
        acted = result["acted"]
        yield f"{acted.partner}: {acted.action}: {acted.outcome}"
        if acted.roles:
            yield f"  it speaks for   {', '.join(acted.roles)}"
            yield f"  its token is in {acted.token}"
        return
    planned = result["planned"]
    yield f"{planned.partner}: {planned.action}: {planned.method} {planned.url} (OCPI {planned.version})"
    yield f"  it offers       {', '.join(planned.offered)}"
    yield f"  with modules    {', '.join(planned.modules)}"
    if planned.our_url:
        yield f"  it would be told {planned.our_url}, with a new token"
    if planned.cut_off:
        yield f"  first           what was cut off is looked after: {planned.cut_off}"
    yield NOTHING


def invite_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the partner is to be told, and by which way."""
    if not result["is_done"]:
        yield f"{result['partner']}: a token A would be made, and {result['file']} refer to the token that comes for it"
        yield "dry run: nothing was made; do it with --yes"
        return
    yield f"{result['partner']}: hand over, by a way that nobody else reads:"
    yield f"  versions  {result['url']}"
    yield f"  token A   in {result['token']}"


def standing_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield how things stand, and what happened."""
    found = result["registration"]
    if found is None:
        yield f"{result['partner']}: nothing has been agreed over OCPI"
    else:
        version = f", OCPI {found.version}, {', '.join(found.their_roles)}" if found.version else ""
        yield f"{result['partner']}: {found.state} since {found.changed_at:%Y-%m-%d %H:%M} UTC{version}"
    for event in result["journal"]:
        yield f"  {event.at:%Y-%m-%d %H:%M:%S} UTC  {event.by:<8} {event.action:<11} {event.phase:<8} {event.detail}"


@contextmanager
def _desk(home: Path, name: str) -> Iterator[Desk]:
    settings = configuration.load(workplace.of(home))
    file = partnering.path(home, name)
    partner = partner_file.read(file)
    if not partner.versions_url:
        raise PartnerFileError(
            str(file), "key versions_url is missing", "it is needed for a handshake", key="versions_url"
        )
    engine = database.connect(database.address(settings))
    with ExitStack() as until_the_end:
        until_the_end.callback(engine.dispose)
        yield Desk(
            partner=partner,
            file=file,
            held=partner.read_token(os.environ),
            us=Us(
                versions_url=f"{receiving.url(settings)}/versions",
                party=partner.owner,
                role=partner.our_role,
                business_name=settings.receiver.business_name,
            ),
            engine=engine,
            secrets=SecretsFolder(settings.home / "secrets"),
            connect=lambda peer, token: transport(
                peer, token, until_the_end.enter_context(guarded_client(peer, name=peer.name))
            ),
            mint=mint,
            clock=system_clock,
        )


def transport(
    partner: Partner, token: Secret, http: httpx.Client, *, attempts: int = 3, ends_with_newline: bool = False
) -> Transport:
    """Return a way to a partner."""
    is_known = Deviation.TOKEN_WITH_NEWLINE in partner.known_deviations
    return Transport(
        partner,
        http=http,
        token=token,
        clock=system_clock,
        correlation_id=secrets.token_hex(16),
        to_party=partner.hub,
        ends_token_with_newline=ends_with_newline or is_known,
        limits=Limits(attempts=attempts, max_bytes=partner.max_answer_bytes),
    )


def mint() -> Secret:
    """Return a new token: 64 characters that nobody can guess."""
    return Secret(secrets.token_urlsafe(48))


def _elsewhere(desk: Desk, to: str, token: str) -> tuple[Us, Secret]:
    if not to.startswith(("https://", "http://")):
        raise SettingsError("--to", f"is {to!r}", "name the versions address of the other platform")
    return replace(desk.us, versions_url=to), secret.resolve(token, setting="--token")
