"""Which gateway holds which station: claimed when it comes, and asked of the other gateway where one holds it."""

import asyncio
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus

import sqlalchemy as sa
from picows import WSCloseCode

from charging.database.operations import gateway_journal, gateway_links
from charging.database.operations.gateway_links import Claim, Holder
from charging.database.queries import gateway_books, gateway_memories
from charging.ocpp.gateway.asking import AWAY, Tables
from charging.ocpp.gateway.entries import Closed, stamp
from charging.ocpp.gateway.handshake import Refusal
from charging.ocpp.gateway.hub import Hub
from charging.ocpp.gateway.journal import Place
from charging.ocpp.relay.facts import Fact
from charging.ocpp.relay.remembered import Remembered

_ANSWER_SECONDS = 2.0
"""How long another gateway's answer may take, beside its ping."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a station's link begins with."""

    connection: str
    """A name that no other connection has, and nobody can guess."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the tables say when stations come."""

    holders: Mapping[str, Holder]
    unread: Sequence[str] = ()
    """Stations whose facts were read."""
    facts: Mapping[str, Sequence[Fact]] = field(default_factory=dict)
    stored: Place | None = None
    """How far this gateway's journal was in the tables before."""
    memories: Mapping[str, Remembered] = field(default_factory=dict)
    """What was written down of them last."""
    newer: Collection[str] = ()
    """Those of which another gateway did, which has had them since this one."""


class Claims:
    """Belongs to one event loop. While the tables are away every claim is granted: the journal tells of it later."""

    def __init__(self, hub: Hub, tables: Tables, *, gateway: str) -> None:
        self._hub = hub
        self._tables = tables
        self._gateway = gateway
        self._waiting: dict[str, tuple[Claim, asyncio.Future[Holder | None]]] = {}
        self._sending: asyncio.Task[None] | None = None
        self._answers: dict[str, asyncio.Future[bool]] = {}

    async def enter(self, station_id: str, *, protocol: str, peer: str) -> Entrance | Refusal:
        """Take hold of a station's link. Where another gateway holds it, that one is asked whether it lives."""
        claim = Claim(
            station_id=station_id,
            connection=secrets.token_urlsafe(12),
            protocol=protocol,
            peer=peer,
            connected_at=self._hub.clock(),
        )
        holder = await self._claim(claim)
        if holder is None or await self._takes_over(claim, holder):
            return Entrance(claim.connection)
        problem = f"a second connection in its name came from {peer}, while the gateway {holder.gateway} holds it"
        self._hub.alarm(station_id, "duplicate", problem)
        return Refusal(HTTPStatus.CONFLICT, "another gateway holds it", (("Retry-After", "60"),))

    def leave(self, station_id: str, connection: str) -> None:
        """Let go of a link that never came to be."""
        self._hub.note(Closed(stamp(self._hub.clock()), station_id, connection, "it left before it was let in"))

    def hear(self, message: str) -> None:
        """Another gateway asks for a station, or answers; or somebody wants a link cut."""
        said = json.loads(message)
        if "lives" in said:
            waiting = self._answers.get(said["token"])
            if waiting is not None and not waiting.done():
                waiting.set_result(bool(said["lives"]))
        elif "cut" in said:
            self._cut(said["station_id"], said["cut"])
        elif said["asked"] == self._gateway:
            self._tables.start(self._answer(said["station_id"], said["token"]))

    def _cut(self, station_id: str, connection: str) -> None:
        """Drop a link as a network does, without a word, if it is the one that is meant and it is here."""
        session = self._hub.sessions.get(station_id)
        if session is not None and session.connection == connection and session.transport is not None:
            session.reason = "it was cut to see what the station does"
            session.transport.disconnect(graceful=False)

    async def _claim(self, claim: Claim) -> Holder | None:
        """Claim a link together with all others that come at the same time; None where it is had."""
        if not self._tables.is_up:
            self._hub.pasts.doubt(claim.station_id)
            return None
        waiting: asyncio.Future[Holder | None] = asyncio.get_running_loop().create_future()
        self._waiting[claim.station_id] = (claim, waiting)
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send())
        return await waiting

    async def _send(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, {}
            claims, now = [claim for claim, _ in together.values()], self._hub.clock()
            told = _Told({})
            try:
                told = await self._tables.ask(partial(self._hold, claims, now))
                if self._hub.known is not None:
                    self._hub.pasts.remember(told.unread, told.memories, newer=told.newer)
                    self._hub.pasts.learn(told.facts, told.unread, self._hub.known.origins, told.stored)
            except AWAY:
                for station_id in together:
                    self._hub.pasts.doubt(station_id)
            finally:
                for station_id, (_, waiting) in together.items():
                    if not waiting.done():
                        waiting.set_result(told.holders.get(station_id))
        self._sending = None

    def _hold(self, claims: Sequence[Claim], at: datetime, tables: sa.Connection) -> _Told:
        """Claim links, and read what the tables have of stations that is not known here. Runs in a thread."""
        station_ids = [claim.station_id for claim in claims]
        elsewhere = gateway_links.elsewhere(tables, station_ids, gateway=self._gateway)
        holders = gateway_links.claim(tables, claims, gateway=self._gateway, run=self._hub.run, at=at)
        unread = self._hub.pasts.unread(station_ids, elsewhere)
        if not unread:
            return _Told(holders)
        stored = gateway_journal.place(tables, self._gateway)
        said = gateway_memories.memories(tables, unread)
        memories = {station_id: one for station_id, (_, one) in said.items()}
        newer = {each for each in elsewhere if each in said and said[each][0] != self._gateway}
        return _Told(holders, unread, gateway_books.facts(tables, unread), stored, memories, newer)

    async def _takes_over(self, claim: Claim, holder: Holder) -> bool:
        """Ask the gateway that holds a link whether its station answers; take the link if not."""
        token = secrets.token_urlsafe(12)
        answer = self._answers[token] = asyncio.get_running_loop().create_future()
        question = json.dumps({"asked": holder.gateway, "station_id": claim.station_id, "token": token})
        try:
            await self._tables.ask(lambda tables: gateway_links.tell(tables, question))
            lives = await asyncio.wait_for(answer, self._hub.options.duplicate_seconds + _ANSWER_SECONDS)
            return not lives and await self._tables.ask(
                lambda tables: gateway_links.replace(
                    tables, claim, holder=holder, gateway=self._gateway, run=self._hub.run
                )
            )
        except AWAY:  # also where the other gateway does not answer: it is there, or the claim had been granted
            return False
        finally:
            del self._answers[token]

    async def _answer(self, station_id: str, token: str) -> None:
        """Say whether a station that another gateway asks for is here and answers; let go of it if it does not."""
        session = self._hub.sessions.get(station_id)
        lives = session is not None and await session.lives(self._hub.options.duplicate_seconds)
        if session is not None and not lives:
            session.close(WSCloseCode.GOING_AWAY, "it was silent, and came to another gateway", is_dead=True)
        answer = json.dumps({"token": token, "lives": lives})
        await self._tables.ask(lambda tables: gateway_links.tell(tables, answer))
