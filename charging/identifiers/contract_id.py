"""Contract ids (EMAID, EVCO-ID) of ISO 15118, eMI3 and DIN SPEC 91286, with both check digits."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from charging.identifiers.check_digits import din_check_digit, iso_check_digit
from charging.identifiers.notation import notation_flags, tidy

# ISO: where separators are used they stand at all places; `*` is no ISO separator, but is met.
_ISO = re.compile(r"([A-Z]{2})([*-]?)([A-Z0-9]{3})\2([A-Z0-9]{9})(?:\2([A-Z0-9]))?")
_DIN = re.compile(r"([A-Z]{2})[*-]?([A-Z0-9]{3})[*-]?([A-Z0-9]{6})(?:[*-]?([0-9X]))?")


class Standard(StrEnum):
    """Which grammar a contract id follows. Compact lengths do not overlap, so the length tells."""

    ISO = "iso"
    EMI3 = "emi3"
    """ISO with an instance that begins with C."""
    DIN = "din"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractId:
    """A contract id, taken apart. A wrong check digit is a flag and never a refusal: partners' own are often wrong."""

    standard: Standard
    country: str
    provider: str
    instance: str
    check_digit: str | None = None
    flags: tuple[str, ...] = ()

    @property
    def compact(self) -> str:
        """The id for comparing: no separators and no check digit."""
        return f"{self.country}{self.provider}{self.instance}"

    @property
    def party(self) -> str:
        """Country and provider, as in `NL-TNM`."""
        return f"{self.country}-{self.provider}"

    @property
    def text(self) -> str:
        """The id with hyphens, and with its check digit where it has one."""
        parts = (self.country, self.provider, self.instance, self.check_digit)
        return "-".join(part for part in parts if part is not None)

    @property
    def expected_check_digit(self) -> str:
        """The check digit that its own standard computes."""
        return din_check_digit(self.compact) if self.standard is Standard.DIN else iso_check_digit(self.compact)

    @property
    def is_check_ok(self) -> bool | None:
        """Whether the check digit is right; None where there is none."""
        return None if self.check_digit is None else self.check_digit == self.expected_check_digit


def parse(text: str) -> ContractId | None:
    """Take a contract id apart; None if it is none."""
    tidied = tidy(text)
    if tidied is None:
        return None
    flags = notation_flags(text, tidied)
    if iso := _ISO.fullmatch(tidied):
        country, separator, provider, instance, digit = iso.groups()
        standard = Standard.EMI3 if instance.startswith("C") else Standard.ISO
        if separator == "*":
            flags = (*flags, "id.separator_nonstandard")
    elif din := _DIN.fullmatch(tidied):
        country, provider, instance, digit = din.groups()
        standard, separator = Standard.DIN, "-"
    else:
        return None
    contract = ContractId(
        standard=standard, country=country, provider=provider, instance=instance, check_digit=digit, flags=flags
    )
    return _with_check_flags(contract, is_separated=bool(separator))


def _with_check_flags(contract: ContractId, *, is_separated: bool) -> ContractId:
    if contract.is_check_ok is not False:
        return contract
    flags = (*contract.flags, "con.check_digit")
    if contract.standard is not Standard.DIN and not is_separated:
        flags = (*flags, "contract.maybe_10char_instance")  # ten characters and no digit are met, too
    return replace(contract, flags=flags)


def compact(text: str) -> str | None:
    """Return the form in which two contract ids are compared, or None if it is no contract id."""
    parsed = parse(text)
    return parsed.compact if parsed else None


def is_same(one: str, other: str) -> bool:
    """Whether two contract ids name one contract: check digits aside, and a DIN id equals what it became."""
    first, second = parse(one), parse(other)
    if first is None or second is None:
        return False
    return not {first.compact, *aliases(first)}.isdisjoint({second.compact, *aliases(second)})


def conversions(contract: ContractId) -> tuple[str, ...]:
    """Return the ids of other standards, with check digits, under which the contract may appear in history."""
    din = contract if contract.standard is Standard.DIN else to_din(contract)
    if din is None:
        return ()
    return tuple(each.text for each in (din, din_to_emi3(din), din_to_iso(din)) if each.compact != contract.compact)


def aliases(contract: ContractId) -> tuple[str, ...]:
    """Return the other compact ids under which the contract may appear in history."""
    return tuple(each for text in conversions(contract) if (each := compact(text)))


def din_to_emi3(din: ContractId) -> ContractId:
    """Convert DIN to eMI3: `NL-TNM-012204-5` becomes `NL-TNM-C00122045-K`."""
    return _longer(din, prefix="C0")


def din_to_iso(din: ContractId) -> ContractId:
    """Convert DIN to ISO in the deprecated way of OCHP: `NL-TNM-012204-5` becomes `NL-TNM-000122045-U`."""
    return _longer(din, prefix="00")


def to_din(contract: ContractId) -> ContractId | None:
    """Convert an eMI3 id back to the DIN id it was made from; None where its digits show that it was not.

    An ISO id that begins with 00 is not converted back: those zeros are common, and prove nothing.
    """
    instance, digit = contract.instance[2:8], contract.instance[8:]
    if contract.standard is not Standard.EMI3 or not contract.instance.startswith("C0"):
        return None
    if din_check_digit(f"{contract.country}{contract.provider}{instance}") != digit:
        return None
    return ContractId(
        standard=Standard.DIN,
        country=contract.country,
        provider=contract.provider,
        instance=instance,
        check_digit=digit,
    )


def _longer(din: ContractId, *, prefix: str) -> ContractId:
    instance = f"{prefix}{din.instance}{din.expected_check_digit}"
    return ContractId(
        standard=Standard.EMI3 if prefix.startswith("C") else Standard.ISO,
        country=din.country,
        provider=din.provider,
        instance=instance,
        check_digit=iso_check_digit(f"{din.country}{din.provider}{instance}"),
    )
