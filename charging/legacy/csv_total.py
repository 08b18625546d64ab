"""Telling a line that sums others up from a record of its own: spreadsheets close their tables with one. Pure."""

import re
from collections.abc import Collection, Sequence

_SUMS = frozenset(
    (
        *("total", "totals", "totaal", "totalen", "totale", "totaux", "totali", "totales", "sum", "som", "summe"),
        *("somme", "suma", "somma", "subtotal", "subtotaal", "zwischensumme", "eindtotaal", "gesamt", "gesamtsumme"),
        "insgesamt",
    )
)
_BESIDE = frozenset(
    (
        *("grand", "sub", "general", "général", "generale", "algemeen", "of", "van", "von", "de", "all", "alle"),
        *("session", "sessions", "sessie", "sessies", "transactions", "transacties", "row", "rows", "rijen", "regels"),
        *("record", "records", "zeilen", "lignes", "count", "aantal", "anzahl", "nombre", "energy", "energie"),
        *("kwh", "wh", "cost", "costs", "kosten", "eur", "€"),
    )
)
"""Words that may stand beside one for a sum; any other makes it a name."""
_WORD = re.compile(r"[^\W\d_]+|€")
_NUMBER = re.compile(r"[+-]?[€$£]? ?[0-9][0-9.,:'\u00a0\u202f ]*(?: ?(?:kWh|Wh|MWh|EUR|h|min|€))?", re.IGNORECASE)


def is_total(cells: Sequence[str], required: Collection[int]) -> bool:
    """Whether a record has nothing but numbers beside a word for a sum, or beside nothing where a key should stand.

    `required` are the places of the cells without which a record is none.
    """
    if all(cells):
        return False
    label = ""
    has_number = False
    for cell in cells:
        text = cell.strip()
        if not text:
            continue
        if _NUMBER.fullmatch(text):
            has_number = True
        elif label or not _says_sum(text):
            return False
        else:
            label = text
    return bool(label) or (has_number and not any(cells[place].strip() for place in required))


def _says_sum(text: str) -> bool:
    words = [word.casefold() for word in _WORD.findall(text)]
    return not _SUMS.isdisjoint(words) and set(words) <= _SUMS | _BESIDE
