"""A partner registers with us, renews its credentials, or takes them back (OCPI, credentials module).

The token that a new one replaces opens our doors until the new one has been used: a partner whose answer was lost on
the way may simply repeat its request. The tokens are written after the transaction and before the answer; killed in
between, the partner has no answer, and repeats.
"""

from dataclasses import replace

import sqlalchemy as sa

from charging.database.operations import registration as write
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.addresses import unsafe
from charging.roaming.ocpi import credentials
from charging.roaming.ocpi.credentials import NoCredentials, Stated
from charging.roaming.ocpi.credentials_client import CredentialsClient, Offer, by_module
from charging.roaming.ocpi.credentials_desk import fingerprint
from charging.roaming.ocpi.receiver_answer import (
    CLIENT_ERROR,
    INVALID,
    MISSING_ENDPOINTS,
    UNSUPPORTED_VERSION,
    UNUSABLE_API,
    Declined,
    Reply,
    decode,
    refusal,
)
from charging.roaming.ocpi.receiver_doors import Comer, Doors
from charging.roaming.partner import Partner, TokenEncoding
from charging.roaming.registration import Action, By, Phase, Purpose, State
from charging.secret import Secret


def answer(method: str, body: bytes, *, comer: Comer, version: str, doors: Doors) -> Reply:
    """Answer a request about credentials.

    Raises:
        Declined: if it cannot be done.
        NoJson: if a body is wanted and is no JSON.
    """
    if method == "GET":
        return _ours(comer.partner, comer.token, version, doors)
    is_registered = comer.given.purpose is Purpose.ACCESS
    if is_registered is (method == "POST"):
        problem = "you are registered: PUT renews" if is_registered else "you are not registered: POST does it"
        raise Declined(refusal(CLIENT_ERROR, problem, status=405))
    if method == "DELETE":
        return _left(comer.partner, doors)
    action = Action.REGISTER if method == "POST" else Action.ROTATE
    decode(body)
    try:
        stated = credentials.read(body)
    except NoCredentials as problem:
        raise Declined(refusal(INVALID, str(problem))) from problem
    offer = _looked_at(stated, comer.partner, version, doors)
    return _accepted(action, stated, offer, partner=comer.partner, version=version, doors=doors)


def invite(partner: Partner, *, doors: Doors) -> str:
    """Make a token A, by which a partner may register with us, and return where it is kept."""
    token, at = doors.mint(), doors.clock()
    reference = doors.secrets.write(f"{partner.name}.invitation", token)
    with doors.engine.begin() as connection:
        write.end_invitations(connection, partner.name, at=at)
        write.give(
            connection,
            partner.name,
            token_sha256=fingerprint(token),
            purpose=Purpose.INVITATION,
            reference=reference,
            at=at,
        )
        _journal(connection, partner, Action.INVITE, "a token A was made", by=By.US, doors=doors)
    return reference


def _looked_at(stated: Stated, partner: Partner, version: str, doors: Doors) -> Offer:
    """Return what the partner offers, read with the token that it just gave us, as the handshake has it."""
    if not stated.parties & {partner.party, partner.hub}:
        raise Declined(refusal(INVALID, f"these credentials are of {', '.join(stated.roles)}, not of {partner.party}"))
    if (found := unsafe(stated.url, allowed=partner)) is not None:
        raise Declined(refusal(UNUSABLE_API, f"your API is not used: {found.problem}"))
    other = TokenEncoding.RAW if partner.token_encoding is TokenEncoding.BASE64 else TokenEncoding.BASE64
    last: PartnerRefused | PartnerUnavailable | None = None
    for encoding in (partner.token_encoding, other):
        peer = replace(partner, versions_url=stated.url, version=version, token_encoding=encoding)
        try:
            with doors.connect(peer, stated.token) as transport:
                offer = CredentialsClient(peer, transport=transport).offer()
        except PartnerRefused as no:
            last = no
            if no.code == UNSUPPORTED_VERSION:
                raise Declined(refusal(UNSUPPORTED_VERSION, f"{no.problem}; this is {version}")) from no
            if no.status != 401:
                break
        except PartnerUnavailable as problem:
            last = problem
            break
        else:
            if offer.url("credentials") is None:
                raise Declined(refusal(MISSING_ENDPOINTS, "your version details have no credentials"))
            return offer
    raise Declined(refusal(UNUSABLE_API, f"your API cannot be used: {last.problem if last else ''}"))


def _accepted(action: Action, stated: Stated, offer: Offer, *, partner: Partner, version: str, doors: Doors) -> Reply:
    token, at, place = doors.mint(), doors.clock(), f"{partner.name}.token"
    with doors.engine.begin() as connection:
        write.give(
            connection,
            partner.name,
            token_sha256=fingerprint(token),
            purpose=Purpose.ACCESS,
            reference=doors.secrets.reference(f"{partner.name}.given"),
            at=at,
        )
        write.replace_others(connection, partner.name, by=fingerprint(token), at=at, are_dead=False)
        write.settle(
            connection,
            partner.name,
            state=State.REGISTERED,
            at=at,
            version=version,
            their_url=stated.url,
            their_roles=stated.roles,
            their_endpoints=by_module(offer),
            held_sha256=fingerprint(stated.token),
            held_reference=doors.secrets.reference(place),
        )
        _journal(connection, partner, action, f"it speaks for {', '.join(stated.roles)}", by=By.PARTNER, doors=doors)
    doors.secrets.write(place, stated.token)
    doors.secrets.write(f"{partner.name}.given", token)
    return _ours(partner, token, version, doors)


def _left(partner: Partner, doors: Doors) -> Reply:
    with doors.engine.begin() as connection:
        write.end_all(connection, partner.name, at=doors.clock())
        write.settle(connection, partner.name, state=State.UNREGISTERED, at=doors.clock())
        _journal(connection, partner, Action.UNREGISTER, "it took its credentials back", by=By.PARTNER, doors=doors)
    for kind in ("token", "given"):
        doors.secrets.remove(f"{partner.name}.{kind}")
    return Reply()


def _ours(partner: Partner, token: Secret, version: str, doors: Doors) -> Reply:
    return Reply(data=credentials.render(doors.us(partner), token=token, version=version))


def _journal(connection: sa.Connection, partner: Partner, action: Action, detail: str, *, by: By, doors: Doors) -> None:
    write.journal(connection, partner.name, action=action, phase=Phase.DONE, by=by, detail=detail, at=doors.clock())
