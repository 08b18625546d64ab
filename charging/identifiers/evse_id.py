"""EVSE ids: ISO 15118 / eMI3 (`NL*EVN*E123*1`) and the older DIN SPEC 91286 (`+31*123*456`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from charging.identifiers.countries import COUNTRY_OF_CALLING_CODE, OFTEN_WRITTEN_FOR
from charging.identifiers.notation import notation_flags, tidy

# The hyphen is accepted because OCPI 2.1.1's own examples write BE-BEC-E041503001.
_ISO = re.compile(r"([A-Z]{2})([*-]?)([A-Z0-9]{3})([*-]?)E([A-Z0-9*]{1,31})")
_DIN = re.compile(r"\+?([0-9]{1,3})\*([0-9]{3,6})\*([0-9*]{1,32})")
_SEPARATORS = str.maketrans("", "", "*- ")
MAX_OUTLET = 30
"""Characters after the `E`, separators included: the smallest of the published limits (OICP 2.3, BDEW)."""
MAX_COMPACT = 35
"""Letters and digits in all (E-Control, French national access point)."""


class Standard(StrEnum):
    """Which grammar an EVSE id follows."""

    ISO = "iso"
    DIN = "din"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseId:
    """An EVSE id, taken apart. `flags` name what was unusual in the way it was written."""

    standard: Standard
    country: str
    operator: str
    outlet: str
    flags: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The id with its separators: `CC*OPR*E<outlet>`, or `+CC*OPR*<outlet>` in DIN."""
        if self.standard is Standard.DIN:
            return f"+{self.country}*{self.operator}*{self.outlet}"
        return f"{self.country}*{self.operator}*E{self.outlet}"

    @property
    def compact(self) -> str:
        """The id for comparing. ISO separators mean nothing; those of DIN delimit fields of any length, and stay."""
        return self.text if self.standard is Standard.DIN else self.text.replace("*", "")

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Rules by which some reader refuses it; the published limits are taken together."""
        found = {
            "id.din": self.standard is Standard.DIN,
            "id.country_nonstandard": self.country in OFTEN_WRITTEN_FOR,
            "id.outlet_too_long": len(self.outlet) > MAX_OUTLET,
            "id.too_long": len(self.compact) > MAX_COMPACT,
            "id.separator_empty_part": "" in self.outlet.split("*"),
        }
        return tuple(rule for rule, is_so in found.items() if is_so)

    @property
    def is_publishable(self) -> bool:
        """Whether every known reader accepts it: the intersection of all published limits."""
        return not self.obstacles


def parse(text: str) -> EvseId | None:
    """Take an EVSE id apart, accepting the union of what the standards allow; None if it is none."""
    tidied = tidy(text)
    if tidied is None:
        return None
    flags = notation_flags(text, tidied)
    if iso := _ISO.fullmatch(tidied):
        country, first, operator, second, outlet = iso.groups()
        if not outlet.strip("*"):
            return None
        if "-" in first + second:
            flags = (*flags, "id.separator_nonstandard")
        if "" in outlet.split("*"):
            flags = (*flags, "id.separator_empty_part")
        if country in OFTEN_WRITTEN_FOR:
            flags = (*flags, "id.country_nonstandard")
        return EvseId(standard=Standard.ISO, country=country, operator=operator, outlet=outlet, flags=flags)
    if (din := _DIN.fullmatch(tidied)) and din[3].strip("*"):
        return EvseId(standard=Standard.DIN, country=din[1], operator=din[2], outlet=din[3], flags=flags)
    return None


def normalise(text: str) -> str | None:
    """Return the id in upper case with its separators, or None if it is no EVSE id."""
    parsed = parse(text)
    return parsed.text if parsed else None


def compact(text: str) -> str | None:
    """Return the form in which two EVSE ids are compared, or None if it is no EVSE id."""
    parsed = parse(text)
    return parsed.compact if parsed else None


def comparable(text: str) -> str:
    """Return the form in which any text that stands for an EVSE is compared; one that is no id stands for itself."""
    return compact(text) or text.strip().upper().translate(_SEPARATORS)


def from_din(din: EvseId, *, operators: Mapping[str, str]) -> EvseId | None:
    """Return the ISO id that a DIN id became, or None where nobody has said which operator code took over.

    DIN and ISO operator codes are different registries, so the owner states each pair: `{"49*823": "823"}`.
    """
    operator = operators.get(f"{din.country}*{din.operator}")
    country = COUNTRY_OF_CALLING_CODE.get(din.country)
    if din.standard is not Standard.DIN or operator is None or country is None:
        return None
    return parse(f"{country}*{operator}*E{din.outlet}")
