"""The forms in which a CDR's ids are compared. An id that follows no standard is compared as it is, in capitals."""

from functools import lru_cache

from charging.identifiers import contract_id as contract_ids
from charging.identifiers import evse_id as evse_ids
from charging.identifiers import token_uid as token_uids

_SEPARATORS = str.maketrans("", "", "*- ")


@lru_cache(maxsize=100_000)
def compact_evse(evse_id: str) -> str:
    """Return an EVSE id without its optional separators: `DE*ABC*E1*2` and `deabce12` are one."""
    return evse_ids.comparable(evse_id)


@lru_cache(maxsize=100_000)
def compact_contract(contract_id: str) -> str:
    """Return a contract id without separators and check digit, which is often wrong and proves nothing."""
    return contract_ids.compact(contract_id) or contract_id.strip().upper().translate(_SEPARATORS)


@lru_cache(maxsize=100_000)
def compact_token(token_uid: str) -> str:
    """Return a token uid in its canonical form, or in capitals where its form is in doubt."""
    return token_uids.canonicalise(token_uid).canonical or token_uid.strip().upper()
