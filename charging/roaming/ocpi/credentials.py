"""The credentials object of OCPI 2.1.1, 2.2.1 and 2.3.0: written by us, and read from a partner. Pure."""

import re
from dataclasses import dataclass

import msgspec

from charging.roaming.partner import OurRole
from charging.secret import Secret

_TOKEN = re.compile(r"[\x21-\x7e]{1,64}")
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Us:
    """Who we are to one partner, and where it finds our API."""

    versions_url: str
    party: str
    role: OurRole
    business_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a partner's credentials say."""

    token: Secret
    url: str
    roles: tuple[str, ...]
    """`NL-ROA EMSP`; of 2.1.1, which has one party and no role, `NL-ROA`."""

    @property
    def parties(self) -> set[str]:
        """The parties that it speaks for: `NL-ROA`."""
        return {role.partition(" ")[0] for role in self.roles}


class NoCredentials(ValueError):
    """An object is no credentials object, with the reason; the token is not repeated."""


class _Role(msgspec.Struct):
    country_code: str
    party_id: str
    role: str


class _Credentials(msgspec.Struct):
    token: str
    url: str
    roles: list[_Role] = []
    country_code: str = ""
    party_id: str = ""


def render(us: Us, *, token: Secret, version: str) -> bytes:
    """Return our credentials object as a version writes it: one party in 2.1.1, roles since."""
    country_code, party_id = us.party.split("-", 1)
    party: dict[str, object] = {
        "country_code": country_code,
        "party_id": party_id,
        "business_details": {"name": us.business_name},
    }
    said = party if version == "2.1.1" else {"roles": [{"role": us.role.value.upper(), **party}]}
    return msgspec.json.encode({"token": token.reveal(), "url": us.versions_url, **said})


def read(data: bytes | msgspec.Raw) -> Stated:
    """Return what a credentials object says, of whichever version.

    Raises:
        NoCredentials: if it is none.
    """
    try:
        found = msgspec.json.decode(data, type=_Credentials)
    except _UNREADABLE as problem:
        raise NoCredentials(f"no credentials: {str(problem)[:200]}") from problem
    if not _TOKEN.fullmatch(found.token):
        raise NoCredentials("its `token` is not one to 64 printable characters without blanks")
    roles = [f"{one.country_code}-{one.party_id} {one.role}".upper() for one in found.roles]
    if not roles and found.country_code and found.party_id:
        roles = [f"{found.country_code}-{found.party_id}".upper()]
    if not roles:
        raise NoCredentials("it names no party: neither `roles` nor `country_code` and `party_id`")
    return Stated(token=Secret(found.token), url=found.url, roles=tuple(roles))
