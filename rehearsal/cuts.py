"""Links that are cut while a wave runs: a TCP proxy on each, closed altogether or in one direction for a while."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

CHUNK = 65_536


class Cut(StrEnum):
    """How a link is cut."""

    WHOLE = "whole"
    """Every connection is reset, and none is let through."""
    FORTH = "forth"
    """What is sent is held back; answers to what came before still come."""
    BACK = "back"
    """What is sent arrives; what is answered is held back."""


@dataclass(eq=False)
class Link:
    """One link: a proxy before one server."""

    name: str
    port: int
    cut: Cut | None = None
    carried: int = 0
    """How many chunks went through: a link that nobody uses proves nothing."""
    held: int = 0
    """How many chunks or connections met a cut."""
    _healed: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def open(self) -> int:
        """Listen, and return the port on which."""
        self._healed.set()
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """End every connection and listen no more."""
        self.heal()
        if self._server is not None:
            self._server.close()
        self._abort()

    def sever(self, cut: Cut) -> None:
        """Cut the link."""
        self.cut = cut
        self._healed.clear()
        if cut is Cut.WHOLE:
            self.held += len(self._writers) // 2
            self._abort()

    def heal(self) -> None:
        """Let everything through again, also what was held back."""
        self.cut = None
        self._healed.set()

    def _abort(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut is Cut.WHOLE:
            self.held += 1
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, far_writer, Cut.FORTH))
                both.create_task(self._pump(far_reader, writer, Cut.BACK))
        finally:
            self._writers -= {writer, far_writer}
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Cut) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if self.cut is way:
                    self.held += 1
                    await self._healed.wait()
                self.carried += 1
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


@dataclass
class Links:
    """All links of a wave, and the cuts that they suffer."""

    chance: Random
    links: dict[str, Link] = field(default_factory=dict)
    cuts: Counter[str] = field(default_factory=Counter)
    """By link and way, those that somebody met."""

    async def through(self, name: str, port: int) -> int:
        """Put a proxy before a port and return its own."""
        self.links[name] = Link(name, port)
        return await self.links[name].open()

    async def suffer(self) -> None:
        """Cut one link after the other, each for a while, until cancelled."""
        try:
            while True:
                await asyncio.sleep(self.chance.uniform(0.02, 0.2))
                await self._cut(self.chance.choice(sorted(self.links)))
        finally:
            for link in self.links.values():
                link.heal()

    async def close(self) -> None:
        """End all links."""
        for link in self.links.values():
            await link.close()

    async def _cut(self, name: str) -> None:
        link, way = self.links[name], self.chance.choice(list(Cut))
        before = link.held
        link.sever(way)
        await asyncio.sleep(0.1 * 12 ** self.chance.random())  # a tenth of a second to a bit more than one
        link.heal()
        if link.held > before:
            self.cuts[f"{name}, {way}"] += 1
