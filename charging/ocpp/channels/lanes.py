"""HTTP to one server by many at a time: lanes of one kept connection each."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import TypeVar

import httpx

T = TypeVar("T")


class Lanes:
    """Up to so many HTTP clients, each for one request at a time. Belongs to one event loop.

    One client with a pool of as many connections would look at every one of them whenever a request begins or ends,
    which costs more than all the requests, or would have to connect anew for most.
    """

    def __init__(self, opened: Callable[[ssl.SSLContext], httpx.AsyncClient], *, most: int) -> None:
        """`opened` makes a client, of which one connection is used; all trust the same certificates."""
        self._opened = opened
        self._slots = asyncio.Semaphore(most)
        self._trusted = httpx.create_ssl_context()
        self._clients: list[httpx.AsyncClient] = []
        self._free: list[httpx.AsyncClient] = []

    async def post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        """Send one request, once, and return what was answered.

        Raises:
            httpx.HTTPError: if nothing was, or not in time.
        """
        async with self._slots:
            client = self._free.pop() if self._free else self._another()
            try:
                return await client.post(path, json=body)
            finally:
                self._free.append(client)  # the last that was used is the next: its connection is warm

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            await client.aclose()

    def _another(self) -> httpx.AsyncClient:
        client = self._opened(self._trusted)
        self._clients.append(client)
        return client
