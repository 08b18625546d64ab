"""What every OCPI answer is wrapped in, and the fields of versions and credentials that we read. Enums are open."""

from datetime import UTC, datetime

import msgspec


class Envelope(msgspec.Struct):
    """What every answer is wrapped in; `data` stays as it stood on the wire."""

    status_code: int
    data: msgspec.Raw = msgspec.Raw(b"null")
    status_message: str | None = None


class Version(msgspec.Struct):
    """One line of the versions endpoint."""

    version: str
    url: str


class Endpoint(msgspec.Struct):
    """One line of the version details."""

    identifier: str
    url: str
    role: str = ""


class VersionDetails(msgspec.Struct):
    """The endpoints of one version."""

    version: str
    endpoints: list[Endpoint]


class Role(msgspec.Struct):
    """A party that a platform speaks for."""

    country_code: str
    party_id: str
    role: str


class Credentials(msgspec.Struct):
    """Who the other side is. Its `token` is on purpose not read."""

    url: str
    roles: list[Role]


def as_utc(instant: datetime) -> datetime:
    """OCPI's timestamps are UTC whether they say so or not (types, DateTime); a stated offset is respected."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
