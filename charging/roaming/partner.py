"""A roaming partner: who it is, how it is reached, and what has been agreed with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from charging.errors import PartnerFileError
from charging.roaming.terms import Terms
from charging.secret import Secret
from charging.tariffs.tariff import Tariff


def origin(url: str) -> str:
    """Return scheme, host and port of an address: whom one talks to there."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


class TokenEncoding(StrEnum):
    """How a token stands in the Authorization header: Base64 since 2.2-d2, as it is at many older peers."""

    BASE64 = "base64"
    RAW = "raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """How our session's id appears in the partner's records; None where it does not."""

    cdr: str | None = None
    """With `{session_id}` in it."""
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A roaming partner. The token itself is never here: `token` says where it is kept."""

    name: str
    party: str
    """Country and party of the partner, `NL-ROA`: its tokens carry it."""
    owner: str
    """Ours, as the operator of the stations."""
    versions_url: str
    origins: tuple[str, ...]
    """Where its addresses may lie; the token goes nowhere else."""
    token: str
    token_encoding: TokenEncoding
    tariffs: tuple[Tariff, ...]
    """As agreed; they may follow one another in time."""
    ids: Ids
    former_operators: tuple[str, ...]
    """Operator codes of ours that still stand in the EVSE ids it uses: `NL*EVX`."""
    terms: Terms

    def read_token(self, environment: Mapping[str, str]) -> Secret:
        """Return the token that the file refers to.

        Raises:
            PartnerFileError: if the variable or the file is not there.
        """
        kind, _, place = self.token.partition(":")
        try:
            text = environment[place] if kind == "env" else Path(place).read_text(encoding="utf-8")
        except (KeyError, OSError) as problem:
            mend = f"set the environment variable {place}" if kind == "env" else f"write the token to {place}"
            raise PartnerFileError(self.name, f"key token: {self.token} is not there", mend) from problem
        if not text.strip():
            raise PartnerFileError(self.name, f"key token: {self.token} is empty", "put the partner's token there")
        return Secret(text.strip())
