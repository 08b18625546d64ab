"""What is said of a setting that is not right: its value, where that can be shown, and what to write instead."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from pydantic_core import ErrorDetails

INSTANT = "date and time with its zone, such as 2026-03-01T00:00:00+01:00"
_TABLE = "make a table of it, under a [name] in brackets"
_WHOLE, _NUMBER, _TEXT = "write a whole number", "write a number", 'write text, between quotes: "…"'
_ANOTHER = "write another value: the README says which"
_AMOUNT = "write an amount of at most 8 digits and 4 decimals, such as 12.50"
_PATTERNS: Mapping[str, str] = {
    r"^[A-Z]{2}\*[A-Z0-9]{3}$": "write a country and an operator code, such as NL*EVN",
    r"^[A-Z]{3}$": "write three capital letters of ISO 4217, such as EUR",
    r"^[A-Z]{2}-[A-Z0-9]{3}$": "write a country and a party, such as NL-NEW",
    r"^[0-9]{1,3}\*[0-9]{3,6}$": "write an operator as DIN SPEC 91286 has it, such as 49*823",
    r"^[A-Z0-9]{3}$": "write three capital letters or digits, such as 823",
    r"^/[!-~]*$": "write a path, such as /ocpp",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$": "write a name of letters and digits, such as gateway-1",
    r"\{evse_id\}|\{compact\}": "write an address that holds {evse_id} or {compact}",
}
_MENDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), lambda _: _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), lambda _: _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), lambda _: "write true or false"),
    **dict.fromkeys(("string_type", "path_type"), lambda _: _TEXT),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid"),
        lambda _: f"write a {INSTANT}",
    ),
    **dict.fromkeys(("timezone_aware", "timezone_offset"), lambda _: f"write a {INSTANT}"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), lambda _: _TABLE),
    **dict.fromkeys(("list_type", "tuple_type"), lambda _: 'write a list: ["…", "…"]'),
    **dict.fromkeys(
        (
            *("decimal_type", "decimal_parsing", "is_instance_of", "decimal_max_digits", "decimal_max_places"),
            "decimal_whole_digits",
        ),
        lambda _: _AMOUNT,
    ),
    "greater_than_equal": lambda told: f"write {told['ge']} or more",
    "greater_than": lambda told: f"write more than {told['gt']:g}",
    "less_than_equal": lambda told: f"write {told['le']} or less",
    "literal_error": lambda told: f"write {str(told['expected']).replace(chr(39), chr(34))}",
    "string_too_short": lambda told: f"write {told['min_length']} or more characters",
    "string_too_long": lambda told: f"write {told['max_length']} or fewer characters",
    "string_pattern_mismatch": lambda told: _PATTERNS.get(told["pattern"], _ANOTHER),
    "value_error": lambda told: str(told["error"]),
}
_LONGEST = 60
_ADDRESS = re.compile(r"://|@")
"""What holds one of these may be an address, and with it a password."""
_HIDDEN = frozenset(
    {
        *("database", "password", "user", "token", "secret", "pseudonym_key", "rest", "ws"),
        *("api", "api_token", "secrets"),
    }
)
"""Keys whose value, or whose neighbour's in the wrong place, may hold a password."""


def mend(found: ErrorDetails) -> str:
    """Return what to write instead."""
    said = _MENDS.get(found["type"])
    return _ANOTHER if said is None else said(found.get("ctx", {}))


def shown(found: ErrorDetails) -> str:
    """Return a value as a sentence may show it; nothing of one that is long, composed, or may hold a secret."""
    value = found["input"]
    if not _HIDDEN.isdisjoint(map(str, found["loc"])) or found["type"] == "value_error":
        return ""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case str() if len(value) <= _LONGEST and not _ADDRESS.search(value):
            return repr(value)
        case _:
            return ""
