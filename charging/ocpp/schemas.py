"""What OCPP's own JSON schemas say of a payload, each compiled once. The schemas are those of the `ocpp` library.

Values are not told, only their places: one of them may be a driver's token.
"""

from functools import cache
from importlib.resources import files

import jsonschema_rs
import msgspec

_FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}
MOST = 5
"""How many deviations of one payload are told."""


def deviation(protocol: str, action: str, payload: bytes, *, is_answer: bool = False) -> str:
    """Return where a payload strays from its schema, and how, in one sentence; empty if it does not.

    An action that the version does not know is a deviation, too. Never raises.
    """
    schema = _schema(protocol, action, is_answer=is_answer)
    if schema is None:
        return f"{protocol} knows no {action[:60]}"
    try:
        value = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return "the payload is not JSON"
    if schema.is_valid(value):
        return ""
    found: list[str] = []
    for error in schema.iter_errors(value):
        if len(found) == MOST:
            found.append("and more")
            break
        place = ".".join(map(str, error.instance_path))
        found.append(f"{place}: {error.message[:200]}" if place else error.message[:200])
    return "; ".join(found)


def actions(protocol: str) -> frozenset[str]:
    """Return every action that a version of OCPP knows, whichever side asks."""
    suffix = "" if protocol == "ocpp1.6" else "Request"
    names = (name for name in _names(protocol) if not name.endswith("Response"))
    return frozenset(name.removesuffix(suffix) for name in names)


def _schema(protocol: str, action: str, *, is_answer: bool) -> jsonschema_rs.Validator | None:
    """Return the compiled schema. Only names that exist are remembered: a station may invent as many as it likes."""
    kinds = ("", "Response") if protocol == "ocpp1.6" else ("Request", "Response")
    name = f"{action}{kinds[is_answer]}"
    is_known = name in _names(protocol) and not action.endswith("Response")
    return _compiled(protocol, name) if is_known else None


@cache
def _names(protocol: str) -> frozenset[str]:
    folder = files("ocpp") / _FOLDERS[protocol] / "schemas"
    return frozenset(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json"))


@cache
def _compiled(protocol: str, name: str) -> jsonschema_rs.Validator:
    text = (files("ocpp") / _FOLDERS[protocol] / "schemas" / f"{name}.json").read_text("utf-8-sig")
    return jsonschema_rs.validator_for(msgspec.json.decode(text.encode()), mask="its value")
