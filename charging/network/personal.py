"""Keys that tell of a person, as they may be shown: recognisable to who has the row, useless to who has not."""

import re

from charging.identifiers import contract_id

PERSONAL = frozenset({"contract", "customer", "token", "contracts", "customers", "tokens"})
"""Entities whose keys lead to a person, and the names of their suites."""

_LEAST = 8
_WORD = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z:*.@_+-]*[0-9A-Za-z])?")
_CARD = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]?){3,9}[0-9A-Fa-f]{2}|[0-9]{8,20}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_QUANTITY = re.compile(r"[0-9]+(?: to [0-9]+)? k?Wh\b")
"""A register's reading, or two: as long as a card's number, and evidence that leads to nobody."""


def masked(entity: str, key: str) -> str:
    """Return the key of a row of an entity; of a personal one only how it begins and ends, if it is long enough."""
    if entity not in PERSONAL:
        return key
    return _ends(key)


def masked_text(text: str) -> str:
    """Return a sentence in which cards, contracts and addresses are told by how they begin and end."""
    quantities = [found.span() for found in _QUANTITY.finditer(text)]

    def shown(found: re.Match[str]) -> str:
        is_quantity = any(begin <= found.start() < end for begin, end in quantities)
        return _ends(found[0]) if not is_quantity and _leads_to_a_person(found[0]) else found[0]

    return _WORD.sub(shown, text)


def _leads_to_a_person(word: str) -> bool:
    if _DAY.fullmatch(word) or not (any(sign.isdigit() for sign in word) or "@" in word):
        return False  # a word without a digit is a word, however much it looks like a contract
    return "@" in word or _CARD.fullmatch(word) is not None or contract_id.parse(word) is not None


def _ends(key: str) -> str:
    return f"{key[:2]}…{key[-2:]}" if len(key) >= _LEAST else "…"
