"""A new partner file with every key in it: what must be said stands there, all else is a comment with its default."""

import json
from collections.abc import Iterator
from decimal import Decimal

from charging.roaming.partner_keys import KEYS, Key, Need

_HEAD = """\
# A roaming partner. What stands behind a # holds if nothing is said, or is an example: take the # away to say it.
# `rehome partner check {name}` says what is wrong; `rehome partner keys` lists every key.
"""
_TO_BE_SAID = ("party", "owner", "versions_url")
"""Nobody's example will do for these: empty, they are refused until somebody writes them."""
TARIFF = """\
{
  "country_code": "NL",
  "party_id": "EVN",
  "id": "AGREED-1",
  "currency": "EUR",
  "elements": [
    {"price_components": [{"type": "ENERGY", "price": 0.00, "vat": 21, "step_size": 1}]}
  ],
  "last_updated": "2026-01-01T00:00:00Z"
}
"""
"""The form of a tariff file; its price is zero until somebody writes the agreed one."""


def render(name: str) -> str:
    """Return the text of a new partner file."""
    return "\n".join([_HEAD.format(name=name), *_lines(name)]) + "\n"


def _lines(name: str) -> Iterator[str]:
    table = ""
    for key in KEYS:
        if key.table == "probed":
            continue
        if key.table != table:
            table = key.table
            yield f"{'# ' if table in {'endpoints', 'files'} else ''}[{table}]"
        yield f"# {key.means}{_choices(key)}{_need(key)}"
        bare, example = key.name.rpartition(".")[2], _toml(_example(key, name))
        if key.name in _TO_BE_SAID:
            yield f'{bare} = ""  # for example {example}'
        else:
            yield f"{'' if _is_said(key) else '# '}{bare} = {example}"
        yield ""


def _is_said(key: Key) -> bool:
    return key.need in {Need.ALWAYS, Need.API}


def _choices(key: Key) -> str:
    return f" ({', '.join(key.choices)})" if key.choices else ""


def _need(key: Key) -> str:
    if key.need in {Need.API, Need.FILES}:
        return f"; needed {key.need.value}"
    return "" if _is_said(key) or key.default is not None else "; an example:"


def _example(key: Key, name: str) -> object:
    if key.name == "known_deviations":
        return []
    if key.name == "ids.tiers":
        return list(key.choices)
    if isinstance(key.example, str):
        return key.example.replace("roa", name) if key.name != "token" else f"env:{name.upper()}_TOKEN"
    return key.example if key.default is None or isinstance(key.default, tuple) else key.default


def _toml(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
