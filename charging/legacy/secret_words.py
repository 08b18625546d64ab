"""Names of columns and tables that hold secrets: they are never read, whatever a mapping asks for."""

import re
from itertools import pairwise

_WORDS = frozenset(
    {
        *("password", "passwd", "pwd", "passphrase", "passcode", "secret", "pin", "pincode", "puk", "salt", "hash"),
        *("credential", "credentials", "otp", "cvv", "cvc", "iban", "key", "apikey", "authkey", "privatekey"),
    }
)
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_BEFORE_KEY = frozenset({"api", "private", "access", "auth", "authorization", "secret", "encryption", "signing", "web"})
_BEFORE_TOKEN = frozenset({"access", "auth", "refresh", "api", "bearer", "session", "csrf", "reset"})
_TABLES = frozenset({"web_user", "webuser", "settings"})


def is_secret(name: str) -> bool:
    """Whether a column of this name holds a secret. `public_key` and `location_key` do not; `key` alone may."""
    words = [word.lower() for word in _SPLIT.split(name) if word]
    pairs = set(pairwise(words))
    if any((before, "key") in pairs for before in _BEFORE_KEY):
        return True
    if any((before, "token") in pairs for before in _BEFORE_TOKEN):
        return True
    alone = _WORDS - {"key"} if len(words) > 1 else _WORDS
    return any(word in alone for word in words) or any(word.endswith(("password", "passwd")) for word in words)


def is_secret_table(name: str) -> bool:
    """Whether a table of this name holds secrets only."""
    return name.rpartition(".")[2].lower() in _TABLES


def named_in(statement: str) -> str | None:
    """Return the first name of a secret that a statement holds."""
    names = re.findall(r"[A-Za-z_][A-Za-z0-9_]*", re.sub(r"'(?:[^']|'')*'", "''", statement))
    return next((name for name in names if name.lower() != "key" and (is_secret(name) or is_secret_table(name))), None)
