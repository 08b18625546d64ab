"""What an identifier says to whoever reads it: its kind, its standard, its parts, and everything odd about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What an identifier names."""

    EVSE = "evse"
    POOL = "pool"
    STATION = "station"
    CONTRACT = "contract"
    TOKEN = "token"  # noqa: S105 - a card, not a secret


class Asked(StrEnum):
    """Which kind of identifier is meant; `evse` includes pool and station ids."""

    EVSE = "evse"
    CONTRACT = "contract"
    TOKEN = "token"  # noqa: S105 - a card, not a secret
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something odd, and why it matters."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to understand an identifier. `canonical` is None where only a better source can tell."""

    kind: Kind
    standard: str
    canonical: str | None
    compact: str | None
    parts: Mapping[str, str] = field(default_factory=dict)
    check_digit_given: str | None = None
    check_digit_computed: str | None = None
    also: tuple[str, ...] = ()
    """Other forms under which the same thing is met."""
    candidates: tuple[str, ...] = ()
    """What it may stand for, where that is in doubt."""
    warnings: tuple[Remark, ...] = ()


REASONS: Mapping[str, str] = {
    "id.whitespace": "space or invisible characters around it were removed",
    "id.case": "lower case was raised: case has no meaning",
    "id.separator_nonstandard": "its separators are not those of the standard: * in EVSE ids, - in contract ids",
    "id.separator_empty_part": "a separator stands first, last or twice: some readers refuse that",
    "id.country_nonstandard": "ISO 3166-1 writes GB for UK and GR for EL; whoever registered the operator must say",
    "id.country_unknown": "its country is no ISO 3166-1 code",
    "id.din": "it follows DIN SPEC 91286: operator codes of DIN and ISO are different registries, so only an explicit "
    "pair in [remap.din_operators] converts it",
    "id.outlet_too_long": "more than 30 characters after the type letter: OICP and BDEW refuse it",
    "id.too_long": "more than 35 letters and digits: E-Control and the French access point refuse it",
    "con.check_digit": "its check digit is not the computed one: partners' are often wrong, so compare without it",
    "contract.maybe_10char_instance": "it may have an instance of ten characters and no check digit",
    "tok.format": "separators, 0x or lower case were removed",
    "tok.bcc": "its last byte is the XOR of the others, which the reader appended: it was removed",
    "tok.virtual": "no card sends it: an app's or a remote start's, never for an offline whitelist",
}
"""Why each remark is made."""


def remarks(rules: Iterable[str]) -> tuple[Remark, ...]:
    """Return rules with their reasons, each once."""
    return tuple(Remark(rule=rule, reason=REASONS[rule]) for rule in dict.fromkeys(rules))
