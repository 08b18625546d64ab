"""An HTTP client for one partner that connects to nothing but the address that was checked, and lets nobody drip.

A host name is resolved once for each connection; what it stands for is judged, and that very address is connected to:
no answer of a name server can come between. TLS is verified against the name. Not covered: a proxy of the environment
(none is used), and what a router on the way makes of an address.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from functools import cache

import httpcore
import httpx

from charging.errors import PartnerRefused
from charging.roaming.addresses import Allowances, unsafe

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 30.0
Resolve = Callable[[str, int], list[str]]


def resolved(host: str, port: int) -> list[str]:
    """Return the IP addresses that a host name stands for, in the order in which the system would try them.

    Raises:
        OSError: if it stands for nothing.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def guarded_client(
    allowed: Allowances,
    *,
    name: str,
    max_seconds: float = 120.0,
    resolve: Resolve = resolved,
    now: Callable[[], float] = time.monotonic,
    tls: ssl.SSLContext | None = None,
) -> httpx.Client:
    """Return an HTTP client that keeps to a partner's addresses; no answer takes longer than `max_seconds` to come.

    `tls` is a context of our own, such as one with a certificate by which the partner knows us.
    """
    timeout = httpx.Timeout(min(_READ_SECONDS, max_seconds), connect=_CONNECT_SECONDS)
    transport = _Guarded(allowed, name=name, max_seconds=max_seconds, resolve=resolve, now=now, tls=tls)
    return httpx.Client(transport=transport, timeout=timeout, trust_env=False)


@cache
def _tls() -> ssl.SSLContext:
    """Return the context that trusts what certifi trusts; to read those certificates takes longer than a small pull."""
    return httpx.create_ssl_context(trust_env=False)


class _Guarded(httpx.HTTPTransport):
    """Judges every address before it is asked, and hands connecting to its own backend."""

    def __init__(
        self,
        allowed: Allowances,
        *,
        name: str,
        max_seconds: float,
        resolve: Resolve,
        now: Callable[[], float],
        tls: ssl.SSLContext | None,
    ) -> None:
        context = tls or _tls()
        super().__init__(verify=context, trust_env=False)
        self._allowed, self._name = allowed, name
        backend = _Backend(allowed, name=name, max_seconds=max_seconds, resolve=resolve, now=now)
        # httpx has no parameter for httpcore's network backend: the pool that it made is replaced by one that has.
        self._pool.close()
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if (found := unsafe(str(request.url), allowed=self._allowed)) is not None:
            raise PartnerRefused(self._name, found.problem, found.mend)
        return super().handle_request(request)


class _Backend(httpcore.NetworkBackend):
    def __init__(
        self, allowed: Allowances, *, name: str, max_seconds: float, resolve: Resolve, now: Callable[[], float]
    ) -> None:
        self._allowed, self._name, self._max_seconds = allowed, name, max_seconds
        self._resolve, self._now, self._inner = resolve, now, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} stands for no address")
        for address in self._checked(host, port):
            try:
                stream = self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                failure = problem
                continue
            return _Timed(stream, max_seconds=self._max_seconds, now=self._now)
        raise failure

    def _checked(self, host: str, port: int) -> list[str]:
        try:
            addresses = self._resolve(host, port)
        except OSError as problem:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {problem}") from problem
        place = f"https://[{host}]:{port}/" if ":" in host else f"https://{host}:{port}/"
        anywhere = _Anywhere(allow_private_addresses=self._allowed.allow_private_addresses)
        if (found := unsafe(place, allowed=anywhere, resolved=addresses)) is not None:
            raise PartnerRefused(self._name, found.problem, found.mend)
        return addresses


class _Anywhere:
    """Scheme and origin have been judged with the request; what is left is what the name stands for."""

    origins: tuple[str, ...] = ()
    allow_plain_http = True

    def __init__(self, *, allow_private_addresses: bool) -> None:
        self.allow_private_addresses = allow_private_addresses


class _Timed(httpcore.NetworkStream):
    """A stream on which an answer, from the last byte that was asked to its own last one, has only so much time."""

    def __init__(self, inner: httpcore.NetworkStream, *, max_seconds: float, now: Callable[[], float]) -> None:
        self._inner, self._max_seconds, self._now = inner, max_seconds, now
        self._asked_at = now()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._asked_at + self._max_seconds - self._now()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer takes too long")
        return self._inner.read(max_bytes, left if timeout is None else min(left, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)
        self._asked_at = self._now()

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, timeout)
        return _Timed(inner, max_seconds=self._max_seconds, now=self._now)

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)
