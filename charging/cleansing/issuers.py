"""Which partner a token or a contract is of: nobody else is told its ids."""

import re
from collections.abc import Mapping

from charging.identifiers import contract_id

_PARTY = re.compile(r"([A-Z]{2})[*-]?([A-Z0-9]{3})")


def party(text: str) -> str | None:
    """Return country and party as in `NL-TNM`, however they are separated; None if a text is no such thing."""
    found = _PARTY.fullmatch(text.strip().upper())
    return "-".join(found.groups()) if found else None


def partner_of(fields: Mapping[str, object]) -> str | None:
    """Return the party that issued what a row is about; None where nothing says so, or two things say different."""
    issuer = party(str(fields.get("issuer") or ""))
    parsed = contract_id.parse(str(fields.get("contract_id") or ""))
    named = {each for each in (issuer, parsed.party if parsed else None) if each}
    return named.pop() if len(named) == 1 else None
