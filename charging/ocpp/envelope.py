"""One quick look at a frame: what it is, whose, and where its payload lies. The payload itself is not read.

A relayed frame needs no more than this. Everything that `look` lets pass is JSON in UTF-8 of a bounded size and depth;
`charging.ocpp.frames.parse` is the full reading, and the one that says what is wrong with a frame.
"""

import msgspec

from charging.ocpp.frames import MAX_BYTES, MAX_DEPTH, BadFrame, is_deeper, parse

CALL, CALL_RESULT, CALL_ERROR = 2, 3, 4
"""OCPP-J 1.6 §4.1.3, 2.0.1 part 4 §4.1.3: the first member of a frame."""


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A frame from outside. `payload` are the bytes of a JSON object; of a CALLERROR, those of its details."""

    kind: int
    unique_id: str
    action: str
    """Empty in an answer."""
    payload: msgspec.Raw
    code: str = ""
    """A CALLERROR's code."""


_DIGITS = frozenset((b"2", b"3", b"4"))
_CALL = msgspec.json.Decoder(tuple[int, str, str, msgspec.Raw])
_CALL_RESULT = msgspec.json.Decoder(tuple[int, str, msgspec.Raw])
_CALL_ERROR = msgspec.json.Decoder(tuple[int, str, str, str, msgspec.Raw])


def look(raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Envelope | BadFrame:
    """Return the frame's envelope, or what is wrong with it. Never raises, whatever the bytes are.

    Stricter than `parse` where two readers of the same bytes could differ: half a surrogate pair, `2.0` for `2`.
    """
    if len(raw) > max_bytes or (raw.count(b"[") + raw.count(b"{") > max_depth and is_deeper(raw, max_depth)):
        return _problem(raw, max_bytes, max_depth)
    try:
        if not raw.isascii():
            raw.decode()  # msgspec passes over text that it does not need without reading it
        found = _envelope(raw)
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        return _problem(raw, max_bytes, max_depth)
    if found is None or not 0 < len(found.unique_id) <= 36 or bytes(found.payload)[:1] != b"{":
        return _problem(raw, max_bytes, max_depth)
    return found


def _envelope(raw: bytes) -> Envelope | None:
    first = raw[1:2] if raw[:1] == b"[" else b""
    if first not in _DIGITS:
        first = raw.lstrip(b" \t\r\n[")[:1]
    if first == b"2":
        kind, unique_id, action, payload = _CALL.decode(raw)
        return Envelope(kind, unique_id, action, payload) if kind == CALL else None
    if first == b"3":
        kind, unique_id, payload = _CALL_RESULT.decode(raw)
        return Envelope(kind, unique_id, "", payload) if kind == CALL_RESULT else None
    if first == b"4":
        kind, unique_id, code, _description, payload = _CALL_ERROR.decode(raw)
        return Envelope(kind, unique_id, "", payload, code) if kind == CALL_ERROR else None
    return None


def _problem(raw: bytes, max_bytes: int, max_depth: int) -> BadFrame:
    found = parse(raw, max_bytes=max_bytes, max_depth=max_depth)
    if isinstance(found, BadFrame):
        return found
    return BadFrame(problem="not every reader would read it alike", unique_id=found.unique_id, raw=raw)
