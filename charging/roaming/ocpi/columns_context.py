"""What pages are read with: whose they are, and what was already made of the ids in them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.made import Made
from charging.roaming.ocpi.columns_quality import Asked, Codes
from charging.roaming.ocpi.parse_stated import is_contract, owner_of
from charging.roaming.ocpi.quality import contract_codes, evse_codes
from charging.roaming.ocpi.quality_place import codes_of


def _or_none(make: Callable[[str], str]) -> Callable[[str | None], str | None]:
    return lambda text: None if text is None else make(text)


@dataclass(frozen=True, slots=True)
class Context:
    """Whose pages are read, and what was already made of the ids in them."""

    partner: str
    version: str
    owner: str | None
    has_owner: bool
    """Whether records of this version name their owner."""
    codes: Codes
    evse_codes: Asked[str]
    contract_codes: Asked[str | None]
    place_codes: Asked[tuple[str | None, str | None, str | None]]
    evses: Made[str, str] = field(default_factory=lambda: Made(compact_evse))
    tokens: Made[str | None, str | None] = field(default_factory=lambda: Made(_or_none(compact_token)))
    contracts: Made[str | None, str | None] = field(default_factory=lambda: Made(_or_none(compact_contract)))
    is_contract: Made[str, bool] = field(default_factory=lambda: Made(is_contract))
    owners: Made[str, str] = field(default_factory=lambda: Made(owner_of))
    upper: Made[str, str] = field(default_factory=lambda: Made(str.upper))


def context(*, partner: str, version: str, owner: str | None) -> Context:
    """Return a context in which nothing was made yet."""
    codes = Codes()
    return Context(
        partner=partner,
        version=version,
        owner=owner,
        has_owner=version != "2.1.1",
        codes=codes,
        evse_codes=Asked(codes, evse_codes),
        contract_codes=Asked(codes, lambda contract: () if contract is None else contract_codes(contract)),
        place_codes=Asked(codes, lambda place: codes_of(*place)),
    )
