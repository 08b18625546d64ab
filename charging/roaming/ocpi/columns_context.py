"""What pages are read with: whose they are, and what was already made of the ids in them."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.ocpi.columns_interned import Interned
from charging.roaming.ocpi.columns_quality import Codes
from charging.roaming.ocpi.parse_stated import available, is_contract, owner_of
from charging.roaming.ocpi.quality import contract_codes, evse_codes
from charging.roaming.ocpi.quality_place import codes_of


@dataclass(frozen=True, slots=True)
class Context:
    """Whose pages are read, and what was already made of the ids in them, by the texts that they are made of.

    Each has a column `codes`: what is odd about them, as an integer of `Codes`.
    """

    partner: str
    version: str
    owner: str | None
    has_owner: bool
    """Whether records of this version name their owner."""
    codes: Codes
    where: Interned
    """Of EVSE, its uid, connector, country, latitude and longitude."""
    who: Interned
    """Of token and contract."""
    whose: Interned
    """Of country, party and currency."""


def context(*, partner: str, version: str, owner: str | None) -> Context:
    """Return a context in which nothing was made yet."""
    codes, has_owner = Codes(), version != "2.1.1"
    where = dict.fromkeys(("evse_raw", "evse_compact", "evse_uid", "connector_id"), pl.String)
    who = dict.fromkeys(("token_uid", "contract_compact"), pl.String)
    whose = dict.fromkeys(("owner", "currency"), pl.String)
    said = {"codes": pl.Int64}
    return Context(
        partner=partner,
        version=version,
        owner=owner,
        has_owner=has_owner,
        codes=codes,
        where=Interned(_where(codes), where | said)
        if has_owner
        else Interned(_where_211(codes, owner), where | {"owner": pl.String} | said),
        who=Interned(_who(codes) if has_owner else _who_211(codes), who | said),
        whose=Interned(_whose, whose),
    )


def _where(codes: Codes) -> Callable[..., tuple[str | int | None, ...]]:
    def make(  # noqa: PLR0917 - in the order of the texts
        evse: str, uid: str, connector: str, country: str, latitude: str, longitude: str
    ) -> tuple[str | int | None, ...]:
        odd = codes.of(evse_codes(evse)) | codes.of(codes_of(country or None, latitude or None, longitude or None))
        return evse, compact_evse(evse), available(uid), available(connector), odd

    return make


def _where_211(codes: Codes, owner: str | None) -> Callable[..., tuple[str | int | None, ...]]:
    make = _where(codes)

    def with_owner(evse: str, uid: str, *others: str) -> tuple[str | int | None, ...]:
        *columns, odd = make(evse or uid, uid, *others)
        return *columns, owner or owner_of(evse or uid), odd

    return with_owner


def _who(codes: Codes) -> Callable[..., tuple[str | int | None, ...]]:
    # Remembered by whom they are made for: the functions' own memory would only be a second one.
    token_of, contract_of = compact_token.__wrapped__, compact_contract.__wrapped__
    return lambda token, contract: (token_of(token), contract_of(contract), codes.of(contract_codes(contract)))


def _who_211(codes: Codes) -> Callable[..., tuple[str | int | None, ...]]:
    told_contract, told_uid = codes.of(("auth_id.is_contract",)), codes.of(("auth_id.is_uid",))

    def make(either: str, _: str) -> tuple[str | int | None, ...]:
        if is_contract(either):
            return None, compact_contract(either), told_contract | codes.of(contract_codes(either))
        return compact_token(either), None, told_uid

    return make


def _whose(country: str, party: str, currency: str) -> tuple[str, str]:
    return f"{country}-{party}".upper(), currency.upper()
