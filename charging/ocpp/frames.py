"""OCPP-J frames: bytes to values and back, without a socket. A bad frame is a value, too, and never an exception."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias

import msgspec

MAX_BYTES = 262_144
MAX_DEPTH = 32
"""OCPP 1.6's deepest message nests nine levels; a thousand brackets are an attack."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_NO_BRACKET = bytes(set(range(256)) - set(b'[]{}"'))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: `[2, id, action, payload]`. Numbers with a fraction are `Decimal`."""

    unique_id: str
    action: str
    payload: Mapping[str, Any]
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """An answer: `[3, id, payload]`."""

    unique_id: str
    payload: Mapping[str, Any]
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallError:
    """A refusal: `[4, id, code, description, details]`."""

    unique_id: str
    code: str
    description: str
    details: Mapping[str, Any]
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadFrame:
    """What arrived and is no OCPP-J frame, kept as it came. `unique_id` is there if a CALLERROR can be sent."""

    problem: str
    unique_id: str | None
    raw: bytes


Frame: TypeAlias = Call | CallResult | CallError


def parse(raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Frame | BadFrame:
    """Return the frame that the bytes hold. Cheap refusals come first: size, depth, UTF-8, JSON, then the envelope."""
    if len(raw) > max_bytes:
        return BadFrame(problem=f"it is longer than {max_bytes} bytes", unique_id=None, raw=raw[:max_bytes])
    if is_deeper(raw, max_depth):
        return BadFrame(problem=f"it nests deeper than {max_depth}", unique_id=None, raw=raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return BadFrame(problem="it is not UTF-8", unique_id=None, raw=raw)
    value = parse_json(text)
    if value is None:
        return BadFrame(problem="it is not JSON", unique_id=None, raw=raw)
    return _envelope(value, raw)


def parse_json(text: str | bytes) -> Any:
    """Return the JSON value, numbers with a fraction exact; None if it is no JSON, or is `null`."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # ValueError also stands for an integer of thousands of digits
        return None


def encode(frame: Frame) -> bytes:
    """Return the frame as it goes on the wire; `raw` is not looked at."""
    match frame:
        case Call():
            return _ENCODER.encode([2, frame.unique_id, frame.action, frame.payload])
        case CallResult():
            return _ENCODER.encode([3, frame.unique_id, frame.payload])
        case CallError():
            return _ENCODER.encode([4, frame.unique_id, frame.code, frame.description, frame.details])


def _envelope(value: object, raw: bytes) -> Frame | BadFrame:
    match value:
        case [int() | Decimal(), str(unique_id), *_] if problem := _problem_of_id(unique_id):
            return BadFrame(problem=problem, unique_id=None, raw=raw)
        case [2, str(unique_id), str(action), dict(payload)]:
            return Call(unique_id=unique_id, action=action, payload=payload, raw=raw)
        case [3, str(unique_id), dict(payload)]:
            return CallResult(unique_id=unique_id, payload=payload, raw=raw)
        case [4, str(unique_id), str(code), str(description), dict(details)]:
            return CallError(unique_id=unique_id, code=code, description=description, details=details, raw=raw)
        case [2, str(unique_id), *_]:
            return BadFrame(problem="it is a CALL without an action and an object", unique_id=unique_id, raw=raw)
        case _:
            return BadFrame(problem="it is no CALL, CALLRESULT or CALLERROR", unique_id=None, raw=raw)


def _problem_of_id(unique_id: str) -> str:
    if not 0 < len(unique_id) <= 36:
        return "its id is empty or longer than 36 characters"
    if not unique_id.isascii() and any("\ud800" <= letter <= "\udfff" for letter in unique_id):
        return "its id holds half a surrogate pair"  # JSON can escape it, UTF-8 cannot hold it: no answer could name it
    return ""


def is_deeper(raw: bytes, limit: int) -> bool:
    """Whether brackets outside strings nest deeper than the limit; so that the parser's stack is never at risk.

    Unbalanced brackets are left to the parser, which refuses them without going deep.
    """
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return False
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_text = b"".join(raw.translate(None, _NO_BRACKET).split(b'"')[::2])
    depth = 0
    for bracket in outside_text:
        depth += 1 if bracket in b"[{" else -1
        if depth > limit:
            return True
    return False


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
