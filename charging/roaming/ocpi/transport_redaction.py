"""Our token, taken out of whatever a partner says before anybody keeps or prints it."""

import re
from base64 import b64encode

from charging.secret import Secret

MASK = "****"
_SHORTEST = 8
"""A shorter token would be found in innocent text; there, nothing is masked."""


class Redaction:
    """Masks a token in the forms in which it may come back: raw, Base64, and escaped as JSON or URLs escape."""

    def __init__(self, token: Secret) -> None:
        raw = token.reveal().encode()
        forms = [raw, b64encode(raw), b64encode(raw + b"\n")] if len(raw) >= _SHORTEST else []
        self._forms = sorted(set(forms), key=len, reverse=True)
        self._signs = [max(re.split(rb"[^A-Za-z0-9]", form), key=len) for form in self._forms]
        self._pattern = re.compile(b"|".join(map(_escapable, self._forms))) if self._forms else None

    def of_bytes(self, body: bytes) -> bytes:
        """Return a body without the token."""
        if self._pattern is None:
            return body
        # To look for a plain run of characters is many times faster, and nearly all bodies are innocent.
        if not any(sign in body for sign in self._signs) and b"\\u00" not in body:
            return body
        return self._pattern.sub(MASK.encode(), body)

    def of_text(self, text: str) -> str:
        """Return a text without the token."""
        return self.of_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _escapable(form: bytes) -> bytes:
    return b"".join(_character(form[at : at + 1]) for at in range(len(form)))


def _character(one: bytes) -> bytes:
    code = b"%02x" % one[0]
    either = b"".join(b"[%c%c]" % (digit, ord(bytes([digit]).upper())) for digit in code)
    return b"(?:%b|\\\\%b|\\\\u00%b|%%%b)" % (re.escape(one), re.escape(one), either, either)
