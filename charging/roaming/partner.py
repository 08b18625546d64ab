"""A roaming partner: who it is, how it is reached, and what has been agreed with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from charging.errors import PartnerFileError
from charging.roaming.cdr import Protocol
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


class OurRole(StrEnum):
    """Which side of the charge we are: who has the stations bills who has the drivers."""

    CPO = "cpo"
    """We bill the partner for its drivers."""
    EMSP = "emsp"
    """The partner bills us for ours."""


class ParkingSemantics(StrEnum):
    """What PARKING_TIME means: it was redefined by the erratum of 2026 (OCPI 2.2.1 and 2.3.0 ed2, mod_cdrs)."""

    OLD = "old"
    """The vehicle was not charging, whoever held the power back."""
    NEW = "new"
    """The vehicle asked for no power."""


class CreditPolicy(StrEnum):
    """How a partner takes a CDR back."""

    CREDIT_CDR = "credit_cdr"
    """As OCPI 2.2 says: a second CDR with `credit`, whose total alone is negative."""
    NEGATIVE_CDR = "negative_cdr"
    """A CDR of negative amounts that names no other, as is done in 2.1.1."""
    RESENT_ID = "resent_id"
    """The same id again, with other content."""
    NONE = "none"
    """By mail: nothing of it is seen in the feed."""


class IdCase(StrEnum):
    """In which case a partner gives ids back."""

    AS_SENT = "as_sent"
    UPPER = "upper"
    LOWER = "lower"


class FileFormat(StrEnum):
    """What the files of a partner without an API hold."""

    OICP = "oicp"
    OCHP = "ochp"
    EMIP = "emip"
    OCPI = "ocpi"
    STATEMENT = "statement"
    """Rows of a CSV, read by a mapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where the CDRs of a partner lie that sends files, or whose messages were captured."""

    folder: Path
    pattern: str
    """Shell pattern of the names: `*.csv`."""
    format: FileFormat
    mapping: Path | None = None
    """Of a statement: which column is what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """How our session's id appears in the partner's records; None where it does not."""

    cdr: str | None = None
    """With `{session_id}` in it."""
    session: str | None = None
    case: IdCase = IdCase.AS_SENT

    def written(self, template: str | None, session_id: str) -> str | None:
        """Return what a template makes of our session's id, in the partner's case; None without a template."""
        made = None if template is None else template.replace("{session_id}", session_id)
        match made, self.case:
            case str(), IdCase.UPPER:
                return made.upper()
            case str(), IdCase.LOWER:
                return made.lower()
        return made


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
    protocol: Protocol = Protocol.OCPI
    version: str = "2.2.1"
    our_role: OurRole = OurRole.CPO
    uses_published_tariffs: bool = False
    """Of a partner that bills us: its tariffs are those that it publishes, and `tariffs` is filled in from them."""
    hub: str | None = None
    """Country and party of the hub that we reach it through: requests for everything are addressed to it."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Fixed addresses by module, for a partner whose version details are wrong or missing."""
    files: Files | None = None
    parking_semantics: ParkingSemantics = ParkingSemantics.OLD
    credit_policy: CreditPolicy = CreditPolicy.CREDIT_CDR
    page_limit: int | None = None
    """How many records to ask for at once; None leaves it to the partner."""
    client_certificate: Path | None = None
    """By which it knows us, as PEM, where it asks for one (OICP)."""
    client_key: Path | None = None
    """The certificate's, where it is in a file of its own."""
    allow_plain_http: bool = False
    allow_private_addresses: bool = False
    max_answer_bytes: int = 50_000_000
    """Of one answer, as decoded."""
    requests_per_minute: int = 600
    """How many it may send us; more are answered with HTTP 429."""
    reminder_days: tuple[int, ...] = (7, 14, 21)
    """After how many days in its state a case is reminded of."""
    escalation_days: tuple[int, ...] = (30, 90)
    """After how many days since its session ended a case goes to the committee."""
    known_deviations: tuple[str, ...] = ()
    """Where it is known to leave the protocol, in words of the codes that `rehome partner keys` lists."""

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
