"""What a station has to show, and whether it did. Secrets are kept as salted hashes; hashing takes time on purpose."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_N, _R, _P = 2**14, 8, 1
"""scrypt's cost for secrets that could be guessed: 16 MB and some 40 ms for each guess."""
STRONG = 16
"""A secret of so many characters (security white paper for OCPP 1.6, A00; 2.0.1 A.1) is too long to be guessed: it is
hashed once, so that a whole fleet that comes back at once is not kept waiting by our own arithmetic."""
_LONGEST = 255
"""A password that is longer is none of OCPP's (64 characters at most), and would only cost time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a station must show: one of the three."""

    secret_hash: str | None = None
    needs_certificate: bool = False
    is_open: bool = False
    """Nothing, on the plain listener of a private APN alone."""


def hashed(secret: str, *, salt: bytes) -> str:
    """Return what is stored of a secret: how it was hashed, the salt, and the hash."""
    if len(secret) >= STRONG:
        return f"blake2b${salt.hex()}${_quick(secret, salt).hex()}"
    digest = hashlib.scrypt(secret.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=2**26)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${digest.hex()}"


def is_quick(stored: str) -> bool:
    """Whether a secret is compared with this at once, and not in 40 ms."""
    return stored.startswith("blake2b$")


def is_secret(secret: str, stored: str) -> bool:
    """Whether this is the secret that was stored."""
    if len(secret) > _LONGEST:
        return False
    kind, *parts = stored.split("$")
    *cost, salt, digest = parts
    if kind == "blake2b":
        found = _quick(secret, bytes.fromhex(salt))
    else:
        n, r, p = map(int, cost)
        found = hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), n=n, r=r, p=p, maxmem=2**26)
    return hmac.compare_digest(found, bytes.fromhex(digest))


def _quick(secret: str, salt: bytes) -> bytes:
    return hashlib.blake2b(secret.encode(), salt=salt[:16], digest_size=32, person=b"rehome gateway").digest()


def certified_names(certificate: Mapping[str, Any]) -> frozenset[str]:
    """Return the names that a verified certificate is for: its common names, and the DNS names beside them.

    `certificate` is what `ssl.SSLSocket.getpeercert` returns.
    """
    common = [value for part in certificate.get("subject", ()) for name, value in part if name == "commonName"]
    others = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    return frozenset([*common, *others])
