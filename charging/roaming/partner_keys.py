"""Every key of a partner file: what it means, what may stand there, and what holds where it does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from charging.roaming.cdr import Protocol
from charging.roaming.deviation import Deviation
from charging.roaming.partner import CreditPolicy, FileFormat, IdCase, OurRole, ParkingSemantics, TokenEncoding
from charging.roaming.terms import Tier
from charging.tariffs.rounding import RoundAt, RoundMode

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
MODULES = ("credentials", "cdrs", "sessions", "tariffs", "locations", "tokens", "invoicereconciliation")


class Need(StrEnum):
    """When a key must be there."""

    ALWAYS = "always"
    API = "unless there is [files]"
    FILES = "in [files]"
    NEVER = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key. `default` holds where the file does not say; None means that it has no value then."""

    name: str
    """With its table: `tolerances.money`."""
    kind: str
    """What may stand there, in a word or two."""
    example: object
    means: str
    default: object = None
    need: Need = Need.NEVER
    choices: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table that it stands in; empty at the head of the file."""
        return self.name.rpartition(".")[0]


def _one(enum: type[StrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in enum)


def _key(name: str, kind: str, example: object, means: str, default: object = None, *, need: Need = Need.NEVER) -> Key:
    return Key(name=name, kind=kind, example=example, means=means, default=default, need=need)


def _choice(
    name: str,
    choices: tuple[str, ...],
    default: str | None,
    means: str,
    *,
    need: Need = Need.NEVER,
    kind: str = "one of",
) -> Key:
    example = default or choices[0]
    return Key(name=name, kind=kind, example=example, means=means, default=default, choices=choices, need=need)


_TIERS = tuple(tier.name.lower() for tier in Tier)
_WHO = (
    _key("name", "text", "roa", "what the partner is called here: the file's own name", need=Need.ALWAYS),
    _key("party", "party", "NL-ROA", "its country and party; its tokens carry it", need=Need.ALWAYS),
    _key("owner", "party", "NL-EVN", "our country and party, towards this partner", need=Need.ALWAYS),
    _choice("our_role", _one(OurRole), "cpo", "cpo: we bill it for its drivers; emsp: it bills us for ours"),
    _choice("protocol", tuple(p.value for p in Protocol if p is not Protocol.OWN), "ocpi", "what its records come in"),
    _choice("version", VERSIONS, "2.2.1", "the OCPI version that we speak with it"),
    _key(
        "hub", "party", "FR-007", "the hub that we reach it through; what asks for everything is addressed to the hub"
    ),
)
_WHERE = (
    _key("versions_url", "address", "https://roa.example/ocpi/versions", "its versions endpoint", need=Need.API),
    _key("origins", "list of addresses", ["https://cdr.roa.example"], "where else its addresses may lie", ()),
    _key("allow_plain_http", "true or false", False, "whether the token may travel unencrypted", False),
    _key("allow_private_addresses", "true or false", False, "whether it may lie in a private network, or here", False),
    _key("max_answer_bytes", "whole number", 50_000_000, "the largest answer that is read, as decoded", 50_000_000),
    _key("requests_per_minute", "whole number", 600, "how much it may push; more is answered with HTTP 429", 600),
    _key(
        "token", "reference", "env:ROA_TOKEN", "where the token that it gave us is kept; never the token", need=Need.API
    ),
    _key("client_certificate", "file name", "secrets/hub.pem", "our certificate as PEM, where it asks for one (OICP)"),
    _key("client_key", "file name", "secrets/hub.key", "its key, unencrypted; in the certificate's file if not said"),
    _choice("token_encoding", _one(TokenEncoding), None, "how the token stands in the header; by version if not said"),
    _key("page_limit", "whole number", 100, "how many records to ask for at once; the partner decides if not said"),
)
_MONEY = (
    _key(
        "tariff",
        "file name",
        "roa.tariff.json",
        "the agreed tariff, as OCPI writes it; published (emsp only): what the partner publishes counts",
        need=Need.ALWAYS,
    ),
    _key("currency", "currency", "EUR", "ISO 4217 code that it bills and is billed in", need=Need.ALWAYS),
    _key("vat_percent", "number", 21, "value added tax on top of what the tariff says without; none if not said"),
    _key("time_zone", "time zone", "Europe/Amsterdam", "that its tariffs go by: the stations' own", need=Need.ALWAYS),
    _key("lateness_days", "number", 3, "how old a session is before its missing CDR is a discrepancy", 3),
    _choice("credit_policy", _one(CreditPolicy), "credit_cdr", "how it takes a CDR back"),
    _choice("parking_semantics", _one(ParkingSemantics), "old", "PARKING_TIME before or after the erratum of 2026"),
    _choice(
        "known_deviations", _one(Deviation), None, "where it leaves the protocol; a probe finds out", kind="list of"
    ),
)
_ENDPOINTS = tuple(
    _key(
        f"endpoints.{module}",
        "address",
        f"https://roa.example/ocpi/2.2.1/{module}",
        f"fixed address of {module}, whatever its version details say",
    )
    for module in MODULES
)
_FILES = (
    _key("files.folder", "folder", "inbox/roa", "where its files lie, from this file's folder", need=Need.FILES),
    _key("files.pattern", "shell pattern", "*.csv", "which of them are read", "*"),
    _choice("files.format", _one(FileFormat), None, "what they hold", need=Need.FILES),
    _key(
        "files.mapping",
        "file name",
        "mappings/roa.toml",
        "which column of a statement is what",
    ),
)
_TERMS = (
    _key(
        "tolerances.energy_kwh",
        "number",
        Decimal("0.01"),
        "the largest difference in energy",
        Decimal("0.01"),
    ),
    _key("tolerances.duration_seconds", "number", 60, "the largest difference in duration", 60),
    _key("tolerances.clock_seconds", "number", 60, "how far the two clocks may be apart before it is said", 60),
    _key(
        "tolerances.money",
        "number",
        Decimal("0.01"),
        "the largest difference in money; derived if not said",
    ),
    _key(
        "ageing.reminder_days",
        "list of whole numbers",
        [7, 14, 21],
        "after how many days in its state a case is reminded of",
        (7, 14, 21),
    ),
    _key(
        "ageing.escalation_days",
        "list of whole numbers",
        [30, 90],
        "after how many days since its session ended a case goes to the committee: to press, then to write off",
        (30, 90),
    ),
    _choice("rounding.at", _one(RoundAt), "total", "where the agreement rounds"),
    _choice("rounding.mode", _one(RoundMode), "half_up", "how it rounds"),
)
_IDS = (
    _key("ids.cdr", "template", "CDR-{session_id}", "its CDR id made of our session's id"),
    _key("ids.session", "template", "{session_id}", "what our session's id looks like in its records"),
    _choice("ids.case", _one(IdCase), "as_sent", "in which case it gives ids back"),
    _choice("ids.tiers", _TIERS, None, "which ids mean something to it; all if not said", kind="list of"),
    _key("ids.former_operators", "list of operators", ["NL*EVX"], "operator codes of ours that it still uses", ()),
)
_PROBED = (
    _key("probed.at", "instant", "2026-11-21T03:00:00Z", "when a probe last wrote here"),
    _key("probed.versions", "list of texts", ["2.2.1"], "the versions that it offers"),
    _key("probed.modules", "list of texts", ["cdrs"], "the modules that it offers us to read"),
    _key("probed.largest_page", "whole number", 50, "the most records that it sent at once"),
    _key("probed.clock_offset_seconds", "number with sign", -2, "its clock minus ours"),
)

KEYS: tuple[Key, ...] = (*_WHO, *_WHERE, *_MONEY, *_ENDPOINTS, *_FILES, *_TERMS, *_IDS, *_PROBED)
BY_NAME: dict[str, Key] = {key.name: key for key in KEYS}
TABLES: tuple[str, ...] = tuple(dict.fromkeys(key.table for key in KEYS))


def known(table: str) -> set[str]:
    """Return the keys, and at the head of the file the tables, that may stand in a table."""
    here = {key.name.rpartition(".")[2] for key in KEYS if key.table == table}
    return here | ({name for name in TABLES if name} if not table else set())


def reference() -> Iterator[dict[str, object]]:
    """Yield every key with what is to be known of it, for people and for other programs."""
    for key in KEYS:
        yield {
            "key": key.name,
            "kind": key.kind,
            "choices": list(key.choices),
            "needed": key.need.value,
            "default": list(key.default) if isinstance(key.default, tuple) else key.default,
            "example": key.example,
            "means": key.means,
        }
