"""How a partner is reached, as its file says: addresses, the token's place, or the folder of its files."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from charging.roaming.addresses import is_private
from charging.roaming.partner import FileFormat, Files, TokenEncoding, origin
from charging.roaming.partner_keys import MODULES
from charging.roaming.partner_toml import Table, words

_TOKEN_REFERENCE = re.compile(r"(env|file):(.+)")


def versions_url(keys: Table) -> str | None:
    """Return the address of its versions endpoint, if it is needed."""
    if not keys.has("versions_url") and keys.inner("endpoints").values:
        return None
    return _address(keys, keys, "versions_url")


def endpoints(keys: Table) -> dict[str, str]:
    """Return the fixed addresses, by module."""
    stated = keys.inner("endpoints")
    return {module: _address(keys, stated, module) for module in MODULES if stated.has(module)}


def _address(head: Table, keys: Table, key: str) -> str:
    """Return an address that nothing speaks against but what its name stands for, which is known when it is asked."""
    url = keys.get(key, str)
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
        origin(url)
    except ValueError:
        scheme, host = "", None
    if scheme not in {"http", "https"} or not host:
        raise keys.error(key, f"is {url!r}", "write the whole address, https://…/ocpi/versions")
    if scheme == "http" and not head.get("allow_plain_http", bool):
        raise keys.error(key, "would send the token unencrypted", "use https, or set allow_plain_http = true")
    if is_private(host) and not head.get("allow_private_addresses", bool):
        raise keys.error(
            key, f"lies in a private network ({host})", "if it is meant to, set allow_private_addresses = true"
        )
    return url


def origins(keys: Table, addresses: list[str]) -> tuple[str, ...]:
    """Return where its addresses may lie: those that the file names, and what it adds."""
    others = keys.get("origins", list)
    for other in others:
        try:
            is_address = isinstance(other, str) and bool(urlsplit(other).hostname) and bool(origin(other))
        except ValueError:
            is_address = False
        if not is_address:
            raise keys.error("origins", f"holds {other!r}", "write each as in https://cdr.roa.example")
    return tuple(dict.fromkeys(origin(each) for each in (*addresses, *others)))


def token(keys: Table, *, is_needed: bool) -> str:
    """Return the reference to its token."""
    stated = keys.values.get("token", "")
    if not stated and not is_needed:
        return ""
    if not isinstance(stated, str) or not _TOKEN_REFERENCE.fullmatch(stated):
        raise keys.error("token", "must not hold the token itself", "write env:NAME or file:PATH")  # never repeats it
    return stated


def beside(keys: Table, key: str, folder: Path) -> Path | None:
    """Return where a file lies that a key names, from the partner file's folder; None if it names none."""
    stated = keys.text(key)
    return None if stated is None else folder / stated


def token_encoding(keys: Table) -> TokenEncoding:
    """Return how the token is written: raw in 2.1.1, in Base64 since, unless it is said (transport_and_format)."""
    if keys.has("token_encoding"):
        return keys.choice("token_encoding", words(TokenEncoding))
    return TokenEncoding.RAW if keys.get("version", str) == "2.1.1" else TokenEncoding.BASE64


def files(keys: Table, folder: Path) -> Files:
    """Return where its files lie, and what is in them."""
    kind, mapping = keys.choice("format", words(FileFormat)), keys.text("mapping")
    if kind is FileFormat.STATEMENT and mapping is None:
        raise keys.error("mapping", "is missing", "name the file that says which column of the statement is what")
    if mapping is not None and not (folder / mapping).is_file():
        raise keys.error("mapping", f"names {folder / mapping}, which is not there", "put the mapping there")
    pattern = keys.get("pattern", str)
    if not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
        raise keys.error("pattern", f"is {pattern!r}", "write a pattern of names in the folder, such as *.csv")
    return Files(
        folder=folder / keys.get("folder", str),
        pattern=pattern,
        format=kind,
        mapping=None if mapping is None else folder / mapping,
    )
