"""A JSON scanner for pages of CDRs: one pass over the bytes, and only the wanted fields are noted, on a tape.

It is strict: what it accepts is JSON. Whatever is out of the ordinary it leaves to the parser of objects: a record is
then marked as odd, and a page that does not end well is refused as a whole.
"""

import numpy as np

from charging.loops.compiled import compiled, inner
from charging.roaming.ocpi.columns_fields import ARRAY, LEAF, OBJECT, RECORD_NODE
from charging.roaming.ocpi.columns_lex import (
    ESCAPED,
    MARK,
    NULL,
    NUMBER,
    QUOTE,
    Bytes,
    Ints,
    blank,
    number,
    string,
    word,
)

IS_REFUSED = -1
_DEEPEST = 64
_MORE = 1 << 30


@inner
def _child(  # noqa: PLR0917 - numba: by position
    buffer: Bytes, at: int, length: int, node: int, hint: int, first: Ints, key_at: Ints, keys: Bytes
) -> int:
    """Return which child of a node a key names, or -1. Keys mostly come in one order: it looks from the hint on."""
    low, high = first[node], first[node + 1]
    if hint < low or hint >= high:
        hint = low
    child = hint
    for _ in range(high - low):
        if key_at[child + 1] - key_at[child] == length:
            key = key_at[child]
            place = 0
            while place < length and keys[key + place] == buffer[at + place]:
                place += 1
            if place == length:
                return child
        child += 1
        if child == high:
            child = low
    return -1


@compiled
def scan(  # noqa: C901, PLR0911, PLR0912, PLR0915, PLR0917 - one loop by position: calls would cost more than they do
    buffer: Bytes,
    at: int,
    end: int,
    first: Ints,
    element_mark: Ints,
    child_kind: Ints,
    target: Ints,
    mark: Ints,
    key_at: Ints,
    keys: Bytes,
    tape: Ints,
    used: int,
    records: Ints,
    count: int,
) -> tuple[int, int]:
    """Note the wanted fields of a page's records.

    `tape` gets rows of field, kind, from, to; `records` gets rows of from, to, first entry, is it odd. `used` and
    `count` say how many rows both have already. Returns both numbers again, or a negative first one if the page is
    refused.
    """
    is_list = np.zeros(_DEEPEST, np.uint8)
    nodes = np.full(_DEEPEST, -1, np.int32)
    seen = np.zeros(_DEEPEST, np.uint64)
    hints = np.zeros(_DEEPEST, np.int32)
    depth, record_depth = 0, _MORE
    child = -1  # which child of a known node the next value is of
    at = blank(buffer, at, end)
    if at >= end:
        return IS_REFUSED, count
    # The outermost container: an envelope, or the bare list.
    if buffer[at] == 123:
        is_list[0], nodes[0] = 0, 0
    elif buffer[at] == 91:
        is_list[0], nodes[0] = 1, RECORD_NODE
    else:
        return IS_REFUSED, count
    at = blank(buffer, at + 1, end)
    depth = 1
    is_first = True
    while depth > 0:
        top = depth - 1
        if at >= end:
            return IS_REFUSED, count
        byte = buffer[at]
        closing = 93 if is_list[top] else 125
        if byte == closing:
            if depth == record_depth:
                records[count, 1] = at + 1
                count += 1
                record_depth = _MORE
            depth -= 1
            at = blank(buffer, at + 1, end)
            is_first = False
            continue
        if not is_first:
            if byte != 44:
                return IS_REFUSED, count
            at = blank(buffer, at + 1, end)
            if at >= end:
                return IS_REFUSED, count
            byte = buffer[at]
        node = nodes[top]
        child = -1
        if not is_list[top]:
            if byte != QUOTE:
                return IS_REFUSED, count
            key = at + 1
            close, kind = string(buffer, key, end)
            if close < 0:
                return IS_REFUSED, count
            if node >= 0:
                if kind == ESCAPED:
                    if record_depth == _MORE:
                        return IS_REFUSED, count
                    records[count, 3] = 1
                child = _child(buffer, key, close - key, node, hints[top], first, key_at, keys)
                if child >= 0:
                    hints[top] = child + 1
                    bit = np.uint64(1) << np.uint64(child - first[node])
                    if seen[top] & bit:
                        if record_depth == _MORE:
                            return IS_REFUSED, count
                        records[count, 3] = 1
                    seen[top] |= bit
            at = blank(buffer, close + 1, end)
            if at >= end or buffer[at] != 58:
                return IS_REFUSED, count
            at = blank(buffer, at + 1, end)
            if at >= end:
                return IS_REFUSED, count
            byte = buffer[at]
        is_element = is_list[top] == 1 and node >= 0
        is_record = is_element and node == RECORD_NODE and record_depth == _MORE
        if is_record:
            records[count, 0], records[count, 2], records[count, 3] = at, used, 0
        if byte in (123, 91):
            if depth == _DEEPEST:
                return IS_REFUSED, count
            opened = -1
            if is_element and byte == 123:
                opened = node
                if element_mark[node] >= 0:
                    tape[used, 0], tape[used, 1], tape[used, 2], tape[used, 3] = element_mark[node], MARK, at, at
                    used += 1
            elif child >= 0 and (child_kind[child] == OBJECT if byte == 123 else child_kind[child] == ARRAY):
                opened = target[child]
                if mark[child] >= 0:
                    tape[used, 0], tape[used, 1], tape[used, 2], tape[used, 3] = mark[child], MARK, at, at
                    used += 1
            elif is_element or child >= 0:
                if record_depth == _MORE and not is_record:
                    return IS_REFUSED, count
                records[count, 3] = 1
            is_list[depth] = 1 if byte == 91 else 0
            nodes[depth] = opened
            seen[depth] = 0
            hints[depth] = 0
            depth += 1
            if is_record:
                record_depth = depth
            at = blank(buffer, at + 1, end)
            is_first = True
            # A list or object may be empty, but a comma may not come first.
            if at < end and buffer[at] == 44:
                return IS_REFUSED, count
            continue
        begin = at
        if byte == QUOTE:
            close, kind = string(buffer, at + 1, end)
            if close < 0:
                return IS_REFUSED, count
            begin, finish, at = at + 1, close, close + 1
        elif byte == 45 or 48 <= byte <= 57:
            at = number(buffer, at, end)
            if at < 0:
                return IS_REFUSED, count
            finish, kind = at, NUMBER
        else:
            at, kind = word(buffer, at, end)
            if at < 0:
                return IS_REFUSED, count
            finish = at
        if is_record:  # a record that is no object
            records[count, 1], records[count, 3] = at, 1
            count += 1
        elif is_element:
            records[count, 3] = 1
        elif child >= 0:
            if child_kind[child] == LEAF:
                tape[used, 0], tape[used, 1], tape[used, 2], tape[used, 3] = target[child], kind, begin, finish
                used += 1
            elif record_depth == _MORE:
                return IS_REFUSED, count
            elif kind != NULL or child_kind[child] == ARRAY:
                records[count, 3] = 1
        at = blank(buffer, at, end)
        is_first = False
    if at != end:
        return IS_REFUSED, count
    return used, count
