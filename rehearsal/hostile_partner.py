"""A roaming partner that is hostile in every way we know: a real HTTP server, and a second origin that listens."""

import socketserver
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from threading import Event, Lock, Thread
from typing import Any, BinaryIO, cast

from rehearsal.hostile_answers import ANSWERS
from rehearsal.hostile_behaviour import Behaviour, Place
from rehearsal.hostile_bodies import BODIES
from rehearsal.hostile_cdrs import draw
from rehearsal.hostile_pages import Ask, answered
from rehearsal.hostile_paging import PAGING
from rehearsal.hostile_play import PARTY, TOKEN, Play
from rehearsal.hostile_wire import Asked, Reply, read

BEHAVIOURS: Mapping[str, Behaviour] = {**PAGING, **ANSWERS, **BODIES}
_OLDER = 4


class HostilePartner:
    """Plays any number of behaviours at once, each under a path of its own.

    `received` is what came to the second origin: whatever it holds, none of it may hold our token.
    """

    def __init__(self, *, party: str = PARTY) -> None:
        self._party = party
        self._plays: dict[str, tuple[Behaviour, Play]] = {}
        self.received: list[Asked] = []
        self._lock, self._stopping, self._number = Lock(), Event(), 0
        self._own = _Server(self.answer, self._stopping)
        self._stranger = _Server(self._listen, self._stopping)

    @contextmanager
    def listening(self) -> Iterator["HostilePartner"]:
        """Listen on both origins while the context lasts."""
        threads = [Thread(target=server.serve_forever, args=(0.02,)) for server in (self._own, self._stranger)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            for server in (self._own, self._stranger):
                server.shutdown()
                server.server_close()
            for thread in threads:
                thread.join()

    @property
    def origin(self) -> str:
        """Where the partner is."""
        return self._own.origin

    def play(self, name: str, *, version: str, seed: int, until: datetime, count: int | None = None) -> Play:
        """Begin a play of a behaviour that has a name."""
        return self.play_of(BEHAVIOURS[name], version=version, seed=seed, until=until, count=count)

    def play_of(
        self, behaviour: Behaviour, *, version: str, seed: int, until: datetime, count: int | None = None
    ) -> Play:
        """Begin a play; its CDRs are of the day before `until`, and a few of a week before that."""
        rng = Random(f"{seed}/{behaviour.name}/{version}")
        with self._lock:
            self._number += 1
            key = f"p{self._number}"
            before = until - timedelta(days=8)
            play = Play(
                behaviour=behaviour.name,
                version=version,
                base=f"{self.origin}/{key}",
                stranger=self._stranger.origin,
                truths=draw(
                    behaviour.count if count is None else count,
                    rng=rng,
                    date_from=until - timedelta(days=1),
                    date_to=until - timedelta(hours=1),
                ),
                older=draw(_OLDER, rng=rng, date_from=before, date_to=before + timedelta(hours=5)),
                rng=rng,
            )
            self._plays[key] = behaviour, play
        return play

    def go_on(self, play: Play, behaviour: Behaviour) -> None:
        """Let a play go on with another behaviour, at the same address and with the records that it has."""
        with self._lock:
            play.behaviour, play.asked = behaviour.name, 0
            self._plays[play.base.rsplit("/", 1)[1]] = behaviour, play

    def forget(self, play: Play) -> None:
        """End a play: whoever plays thousands need not keep them all."""
        with self._lock:
            self._plays.pop(play.base.rsplit("/", 1)[1], None)

    def _listen(self, asked: Asked) -> Reply:
        with self._lock:
            self.received.append(asked)
        return answered([])

    def answer(self, asked: Asked) -> Reply:
        """Return the answer to a request, as the play under whose path it comes gives it."""
        _, key, *rest = asked.path.split("/")
        found = self._plays.get(key)
        if found is None:
            return Reply(status=404)
        behaviour, play = found
        if asked.headers.get("authorization") != f"Token {b64encode(TOKEN.encode()).decode()}":
            return Reply(status=401)
        place = rest[0] if rest else ""
        if place == behaviour.place:
            return behaviour.player(Ask(play=play, asked=asked, number=play.count()))
        return _honest(place, play, party=self._party)


def _honest(place: str, play: Play, *, party: str) -> Reply:
    """Return what an endpoint says that does not misbehave in this play."""
    if place == Place.VERSIONS:
        return answered([{"version": play.version, "url": f"{play.base}/{Place.DETAILS}"}])
    if place == Place.DETAILS:
        roles = {} if play.version == "2.1.1" else {"role": "SENDER"}
        modules = (Place.CREDENTIALS, Place.CDRS)
        endpoints = [{"identifier": module, "url": f"{play.base}/{module}", **roles} for module in modules]
        return answered({"version": play.version, "endpoints": endpoints})
    if place == Place.CREDENTIALS:
        country_code, party_id = party.split("-", 1)
        named: dict[str, Any] = {"country_code": country_code, "party_id": party_id}
        whole = named if play.version == "2.1.1" else {"roles": [{"role": "EMSP", **named}]}
        return answered({"token": "theirs", "url": f"{play.base}/{Place.VERSIONS}", **whole})
    return Reply(status=404)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, answer: Any, stopping: Event) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.answer, self.stopping = answer, stopping

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away in the middle: to be left is what a hostile server earns."""


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        server = cast("_Server", self.server)
        while (asked := read(cast("BinaryIO", self.rfile))) is not None:
            if not server.answer(asked).send(self.wfile, stopping=server.stopping):
                return
