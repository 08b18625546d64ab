"""Who may come in: a station that is known, shows what it must, and is not here already."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from picows import WSCloseCode

from charging.ocpp.gateway import credential, handshake
from charging.ocpp.gateway.attempts import Attempts
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.handshake import Refusal, Request
from charging.ocpp.gateway.hub import Hub

_LATER = (("Retry-After", "60"),)
_MOST_WAIT = 100
"""So many secrets may wait to be hashed, which takes some 4 s: whoever came behind them would be waited for in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """A handshake, and what is known of whom it comes from."""

    request: Request
    address: str
    """IP address of the other side."""
    certificate: Mapping[str, Any] | None
    """What `ssl.SSLSocket.getpeercert` says of its certificate, which has been verified; None without one."""
    is_plain: bool
    """Whether it came without TLS, on the listener of a private APN."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A station that may come in; without a protocol, to be told that we have none in common."""

    station_id: str
    protocol: str | None


class Admission:
    """Belongs to one event loop. The rules come in this order, each with the status that its refusal has.

    * 404: the path is none of ours, or names a station that has no route.
    * 429: this address has come to this identity and been refused too often within a minute.
    * 401: no secret, another's, or a wrong one. 403: a certificate that is for another name, or none where one must be.
    * 409: the station is here already and answers; its present link stays, and somebody is told.
    * 503: the gateway stops, does not know its routes yet, or has too many secrets to hash.

    An attempt counts before its secret is hashed, so that many at once are no more guesses than one after another.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._attempts = Attempts(per_minute=hub.options.attempts_per_minute)
        self._hashing = ThreadPoolExecutor(1, thread_name_prefix="hashing")
        self._waiting = 0
        self._entering: set[str] = set()

    async def judge(self, knock: Knock) -> Admitted | Refusal:
        """Return who comes in, or why not."""
        verdict = await self._judge(knock)
        status = verdict.status if isinstance(verdict, Refusal) else HTTPStatus.SWITCHING_PROTOCOLS
        self._hub.counts.handshakes[str(status.value)] += 1
        return verdict

    def leave(self, station_id: str) -> None:
        """Note that a station that was let in has come in, or gone."""
        self._entering.discard(station_id)

    async def _judge(self, knock: Knock) -> Admitted | Refusal:
        known = self._hub.known
        if self._hub.is_draining or known is None or self._hub.full is not None:
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the gateway is not ready", _LATER)
        options = self._hub.options
        old = handshake.old_address(knock.request, options.old_addresses)
        station_id = handshake.identity(knock.request.path, options.endpoint if old is None else old.path)
        if station_id is None or station_id not in known.routes:
            if station_id is not None:
                problem = f"a station without a route came from {knock.address}"
                self._hub.alarm(station_id, "unknown_station", problem, source=knock.address)
            return Refusal(HTTPStatus.NOT_FOUND, "it is unknown")
        name = f"{station_id} {knock.address}"
        now = asyncio.get_running_loop().time()
        must_show = known.credentials.get(station_id, Credential())
        if (later := self._later(knock, station_id, name, must_show, now)) is not None:
            return later
        self._attempts.fail([name], now=now)
        refusal = await self._identify(knock, station_id, must_show)
        if refusal is not None:
            self._hub.alarm(station_id, "refused", f"a connection from {knock.address} was refused: {refusal.reason}")
            return refusal
        self._attempts.succeed([name])
        if old is not None:
            self._hub.alarm(station_id, "old_address", f"it still calls {old}: that is what its configuration says")
        if knock.request.protocol is None:
            return Admitted(station_id, None)
        return await self._only_one(knock, station_id, knock.request.protocol)

    def _later(self, knock: Knock, station_id: str, name: str, must_show: Credential, now: float) -> Refusal | None:
        """Return why whoever knocks is not even looked at now, or None."""
        if self._attempts.are_spent([name], now=now):
            self._hub.alarm(station_id, "too_many_attempts", f"{knock.address} comes and is refused again and again")
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "it was refused too often", _LATER)
        stored = must_show.secret_hash if knock.certificate is None else None
        if stored is not None and not credential.is_quick(stored) and self._waiting >= _MOST_WAIT:
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many secrets wait to be compared", _LATER)
        return None

    async def _identify(self, knock: Knock, station_id: str, must_show: Credential) -> Refusal | None:
        """Return why this is not proven to be the station, or None."""
        if knock.certificate is not None:
            is_its_own = station_id in credential.certified_names(knock.certificate)
            return None if is_its_own else Refusal(HTTPStatus.FORBIDDEN, "its certificate is for another name")
        if must_show.is_open:
            problem = "it may come without a secret on the private APN alone"
            return None if knock.is_plain else Refusal(HTTPStatus.FORBIDDEN, problem)
        if must_show.secret_hash is None:
            return Refusal(HTTPStatus.FORBIDDEN, "it must come with a certificate")
        problem = await self._secret_problem(knock, station_id, must_show.secret_hash)
        return Refusal(HTTPStatus.UNAUTHORIZED, problem, handshake.UNAUTHORIZED) if problem else None

    async def _secret_problem(self, knock: Knock, station_id: str, stored: str) -> str:
        """Return what is wrong with its user and password, or nothing."""
        login = knock.request.login
        if login is None:
            return "it showed no secret"
        user, password = login
        if user != station_id:
            return "its user is not its identity"
        return "" if await self._is_secret(password, stored) else "its secret is wrong"

    async def _is_secret(self, password: str, stored: str) -> bool:
        if credential.is_quick(stored):
            return credential.is_secret(password, stored)
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            return await loop.run_in_executor(self._hashing, credential.is_secret, password, stored)
        finally:
            self._waiting -= 1

    async def _only_one(self, knock: Knock, station_id: str, protocol: str) -> Admitted | Refusal:
        """Let it in unless it is here already: whoever answers a ping stays."""
        if station_id in self._entering:
            return self._duplicate(station_id, knock, "while another connection in its name was judged")
        self._entering.add(station_id)
        is_let_in = False
        try:
            present = self._hub.sessions.get(station_id)
            if present is not None:
                if await present.lives(self._hub.options.duplicate_seconds):
                    return self._duplicate(station_id, knock, f"while its link from {present.peer} answers")
                present.close(WSCloseCode.GOING_AWAY, "it was silent, and the station came anew", is_dead=True)
                present.on_ws_disconnected(present.transport)  # type: ignore[arg-type] # it is not to be waited for
            is_let_in = True
            return Admitted(station_id, protocol)
        finally:
            if not is_let_in:
                self._entering.discard(station_id)

    def _duplicate(self, station_id: str, knock: Knock, when: str) -> Refusal:
        self._hub.alarm(station_id, "duplicate", f"a second connection in its name came from {knock.address}, {when}")
        return Refusal(HTTPStatus.CONFLICT, "the station is here already", _LATER)
