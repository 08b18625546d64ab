"""Which addresses a partner may send us to. Pure: whoever asks resolves the name and hands in what it stands for."""

import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Protocol
from urllib.parse import urlsplit

from charging.roaming.partner import origin

_NAT64 = IPv6Network("64:ff9b::/96")


class Allowances(Protocol):
    """What has been agreed about a partner's addresses; a `Partner` is one."""

    @property
    def origins(self) -> tuple[str, ...]:
        """Where its addresses may lie, as `origin` writes them; none means that any place will do."""

    @property
    def allow_plain_http(self) -> bool:
        """Whether the token may travel unencrypted."""

    @property
    def allow_private_addresses(self) -> bool:
        """Whether it may lie in our own network, or on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsafe:
    """Why an address is not asked, and what to write in the partner file if it should be."""

    problem: str
    mend: str


def unsafe(url: str, *, allowed: Allowances, resolved: Collection[str] = ()) -> Unsafe | None:
    """Return why an address must not be asked, or None if it may.

    `resolved` are the IP addresses that its host name stands for now: a name of the partner's may point into our own
    network, by mistake or on purpose.
    """
    if (malformed := _malformed(url)) is not None:
        return malformed
    parts, place = urlsplit(url), origin(url)
    if parts.scheme == "http" and not allowed.allow_plain_http:
        return Unsafe(
            problem=f"{place} would be sent the token unencrypted",
            mend="agree on https, or set allow_plain_http = true in the partner file",
        )
    if allowed.origins and place not in allowed.origins:
        return Unsafe(
            problem=f"it points to {place}, which is not its own",
            mend="if it is, add it to `origins` in the partner file",
        )
    inside = [address for address in (parts.hostname or "", *resolved) if is_private(address)]
    if inside and not allowed.allow_private_addresses:
        return Unsafe(
            problem=f"{place} lies in a private network ({inside[0]})",
            mend="if the partner is meant to be there, set allow_private_addresses = true in its file",
        )
    return None


def is_private(host: str) -> bool:
    """Whether a host, given as IP address or as `localhost`, is not on the public internet. Other names are not known.

    An address may hide another: the shorter ways of writing IPv4, IPv4 within IPv6, 6to4, Teredo and NAT64.
    """
    bare = host.strip("[]").partition("%")[0].rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        address = ip_address(bare)
    except ValueError:
        try:
            address = IPv4Address(socket.inet_aton(bare))  # 127.1, 0x7f000001 and 2130706433, as connect() takes them
        except (OSError, ValueError):
            return False
    return not all(each.is_global and not each.is_multicast for each in _hidden(address))


def _malformed(url: str) -> Unsafe | None:
    try:
        parts = urlsplit(url)
        place = origin(url)
    except ValueError:
        return Unsafe(problem="it points to what is no address", mend="ask the partner for the right one")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return Unsafe(problem=f"it points to {url[:200]!r}, which is no web address", mend="ask it for the right one")
    if parts.username or parts.password:
        return Unsafe(problem=f"it points to {place} with a user's name in it", mend="ask it for an address without")
    return None


def _hidden(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    if isinstance(address, IPv4Address):
        return [address]
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    found: list[IPv4Address | IPv6Address] = [each for each in inner if each is not None]
    return found or [address]
