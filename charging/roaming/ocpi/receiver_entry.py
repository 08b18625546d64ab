"""Who comes to our receiver: which tokens a header may mean, and how often somebody may come."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from charging.secret import Secret

_HEADER = re.compile(r"\s*token\s+(\S{1,400})\s*", re.IGNORECASE)
_MOST_KEYS = 10_000


def tokens(header: str) -> list[Secret]:
    """Return the tokens that an Authorization header may mean: raw as in 2.1.1, and out of Base64 as since.

    Both samples in OCPI 2.2.1 encode a trailing newline; peers that copied them are understood.
    """
    found = _HEADER.fullmatch(header)
    if found is None:
        return []
    raw = found.group(1)
    candidates = [raw]
    with suppress(NotBase64, ValueError):
        candidates.append(b64decode(raw + "=" * (-len(raw) % 4), validate=True).decode().rstrip("\r\n"))
    return [Secret(candidate) for candidate in dict.fromkeys(candidates) if candidate]


class Turnstile:
    """How often each comer came within the last minute; seconds are handed in. Several threads may ask at once."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now, self._lock = now, Lock()
        self._seen: dict[str, deque[float]] = {}

    def wait_seconds(self, comer: str, *, most: int) -> int:
        """Let somebody pass who came less often than that within a minute, and return 0; else the seconds to wait."""
        with self._lock:
            now = self._now()
            if comer not in self._seen and len(self._seen) >= _MOST_KEYS:
                self._seen.pop(next(iter(self._seen)))
            seen = self._seen.setdefault(comer, deque())
            while seen and seen[0] <= now - 60:
                seen.popleft()
            if len(seen) >= most:
                return int(seen[0] + 60 - now) + 1
            seen.append(now)
            return 0
