"""Keys that tell of a person, as they may be shown: recognisable to who has the row, useless to who has not."""

PERSONAL = frozenset({"contract", "customer", "token", "contracts", "customers", "tokens"})
"""Entities whose keys lead to a person, and the names of their suites."""

_LEAST = 8


def masked(entity: str, key: str) -> str:
    """Return the key of a row of an entity; of a personal one only how it begins and ends, if it is long enough."""
    if entity not in PERSONAL:
        return key
    return f"{key[:2]}…{key[-2:]}" if len(key) >= _LEAST else "…"
