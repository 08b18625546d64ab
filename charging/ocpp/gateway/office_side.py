"""The side of a session that faces its back-office: one link at a time, dialled again for as long as it is wanted."""

import asyncio
from typing import TYPE_CHECKING
from weakref import ref

from picows import WSCloseCode

from charging.errors import BackOfficeUnavailable
from charging.ocpp.gateway.entries import Upstream, stamp
from charging.ocpp.gateway.office import OfficeLink

if TYPE_CHECKING:
    from charging.ocpp.gateway.session import Session


class OfficeSide:
    """Belongs to one session."""

    __slots__ = ("_dialling", "_lost_early", "_session", "_stood_at", "link", "name")

    def __init__(self, session: "Session") -> None:
        self._session = ref(session)
        """Weak, so that a session is gone as soon as its link is, and no collector has to look for it."""
        self._dialling: asyncio.Task[None] | None = None
        self.link: OfficeLink | None = None
        self.name = session.relay.back_office
        """Whose frames these are: of effects in order, those before a move are still the former back-office's."""
        self._stood_at = session.hub.clock()
        """When the last link came to stand."""
        self._lost_early = 0
        """How many links in a row broke before they had lasted: each is a try in vain."""

    def send(self, raw: bytes) -> None:
        """Send a message, unless there is no link: the relay knows, or is about to be told."""
        if self.link is not None:
            self.link.send(raw)

    def dial(self, name: str, *, tries: int = 0) -> None:
        """Open a link to a back-office, and go on trying until it stands or is not wanted any more."""
        session = self._session()
        self.name = name
        if session is not None and not session.has_left:
            self._dialling = asyncio.get_running_loop().create_task(self._keep_dialling(session, name, tries))

    def leave(self, reason: str) -> None:
        """Close the link in order, or stop dialling."""
        if self._dialling is not None:
            self._dialling.cancel()
            self._dialling = None
        link, self.link = self.link, None
        if link is not None:
            link.close(WSCloseCode.OK, reason)
            self._note("", reason)
        session = self._session()
        if session is not None and not session.has_left:
            asyncio.get_running_loop().call_soon(self._see, session)

    def lost(self, link: OfficeLink, reason: str) -> None:
        """A link has ended: dial again, unless it was left on purpose."""
        session = self._session()
        if link is not self.link or session is None:
            return
        self.link = None
        self._note("", reason)
        session.hub.counts.office_links_lost += 1
        session.do(session.relay.office_down(session.hub.clock()))
        if self.link is None and self._dialling is None:
            self._dial_again(session)

    def _dial_again(self, session: "Session") -> None:
        """Dial the same back-office, later each time until a link has lasted for longer than the longest pause."""
        lasts = session.hub.options.redial_seconds[1]
        has_lasted = (session.hub.clock() - self._stood_at).total_seconds() > lasts
        self._lost_early = 1 if has_lasted else self._lost_early + 1
        self.dial(session.relay.back_office, tries=self._lost_early)

    def _see(self, session: "Session") -> None:
        """Dial again where a link was closed for what came over it, and not for the sake of another."""
        if self.link is None and self._dialling is None and not session.has_left:
            session.do(session.relay.office_down(session.hub.clock()))
            self._dial_again(session)

    async def _keep_dialling(self, session: "Session", name: str, tries: int) -> None:
        hub = session.hub
        while not session.has_left:
            if tries:
                await asyncio.sleep(hub.dialler.pause(tries))
            tries += 1
            try:
                link = await hub.dialler.dial(session, hub.back_office(name))
            except BackOfficeUnavailable as problem:
                hub.dial_failed(session, name, problem)
                continue
            self._dialling, self.link, self._stood_at = None, link, hub.clock()
            hub.counts.office_links_opened += 1
            self._note(name, "")
            session.do(session.relay.office_up(name, hub.clock()))
            link.hand_over()
            if link.transport is None:  # it broke while it was handed over, when nobody had it yet
                self.lost(link, "it broke")
            return

    def _note(self, back_office: str, reason: str) -> None:
        session = self._session()
        if session is None:
            return
        at = stamp(session.hub.clock())
        session.note(Upstream(at, session.station_id, session.connection, back_office, reason))
