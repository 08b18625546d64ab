"""All stations of one gateway: who is here, what time does to each, and what the tables say to whom."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from picows import WSCloseCode

from charging.clock import Clock
from charging.database.operations.gateway_orders import Taken
from charging.errors import BackOfficeUnavailable, DiskFull
from charging.ocpp.gateway.counts import Counts
from charging.ocpp.gateway.entries import Alarmed, AnyEntry, Ended, encode, stamp
from charging.ocpp.gateway.journal import Journal, Place, segments
from charging.ocpp.gateway.known import BackOffice, Known
from charging.ocpp.gateway.leading import lead
from charging.ocpp.gateway.office import Dialler, OfficeLink
from charging.ocpp.gateway.options import Options
from charging.ocpp.gateway.pasts import Pasts
from charging.ocpp.gateway.session import Session
from charging.ocpp.relay.order import Order

_LOG = logging.getLogger("rehome.gateway")
_SLICES = 20
_SLICE_SECONDS = 0.05
"""Each station is looked at once a second, a twentieth of them at a time: nobody waits for all of them."""
_ALARM_AGAIN = timedelta(minutes=1)
_MOST_ALARMS = 50_000
"""So many alarms of the last minute are remembered; of more, the oldest may be raised again."""
_ACTION = re.compile(r"[A-Za-z0-9]{1,50}")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Hub:
    """Belongs to one event loop."""

    def __init__(self, journal: Journal, *, options: Options, clock: Clock, nudge: Callable[[], None]) -> None:
        self.journal = journal
        self.pasts = Pasts(journal.folder)
        self.run = journal.run
        self.options = options
        self.clock = clock
        self.nudge = nudge
        """Tells the recorder that there is something new; cheap, however often."""
        self.known: Known | None = None
        """None until the tables, or what was written down of them, have been read."""
        self.rules = options.rules
        self.sessions: dict[str, Session] = {}
        self.dialler = Dialler(options)
        self.counts = Counts()
        self.look_for_orders: Callable[[Iterable[str]], None] = lambda _: None
        """Asks the tables for orders of stations; the desk puts itself here."""
        self.is_draining = False
        self.full: DiskFull | None = None
        """Why the journal takes nothing, since it last took something."""
        self._alarmed: dict[tuple[str, str], datetime] = {}
        self._empty = asyncio.Event()

    def note(self, entry: AnyEntry) -> Place:
        """Write an entry into the journal, and return where it ends.

        Raises:
            DiskFull: if there is no room for it.
        """
        place = self.journal.append(encode(entry))
        self.full = None
        self.nudge()
        return place

    def alarm(self, station_id: str, kind: str, problem: str, *, source: str = "") -> None:
        """Raise an alarm, unless the same was raised within the last minute; all are counted.

        The same is one of that kind for the station, or for the source, where anybody may make stations' names up.
        """
        now = self.clock()
        self.counts.alarm(kind)
        key = (source or station_id, kind)
        last = self._alarmed.get(key)
        if last is not None and now - last < _ALARM_AGAIN:
            return
        self._alarmed.pop(key, None)
        self._alarmed[key] = now
        while (
            now - (oldest := next(iter(self._alarmed.items())))[1] >= _ALARM_AGAIN or len(self._alarmed) > _MOST_ALARMS
        ):
            del self._alarmed[oldest[0]]
        _LOG.warning("%s: %s", station_id or "the gateway", problem)
        try:
            self.note(Alarmed(stamp(now), station_id, kind, problem))
        except DiskFull as full:
            self.journal_failed(full)

    def journal_failed(self, full: DiskFull) -> None:
        """Say once that nothing can be written, and so nothing be relayed."""
        if self.full is None:
            _LOG.error("nothing is relayed: %s", full)
        self.full = full

    def journal_segments(self) -> int:
        """Return how many segments are on disk: more than two, and the tables do not keep up."""
        return len(segments(self.journal.folder))

    def back_office(self, name: str) -> BackOffice:
        """Return how a back-office is reached.

        Raises:
            BackOfficeUnavailable: if there is none of that name.
        """
        found = self.known.back_offices.get(name) if self.known else None
        if found is None:
            raise BackOfficeUnavailable(name, "nobody has said where it is", "add it: rehome route office")
        return found

    def arrived(self, session: Session) -> None:
        """A station's link is up."""
        self.sessions[session.station_id] = session
        self._empty.clear()
        self.look_for_orders([session.station_id])

    def left(self, session: Session) -> None:
        """A station's link is down."""
        if self.sessions.get(session.station_id) is session:
            del self.sessions[session.station_id]
        if not self.sessions:
            self._empty.set()

    def dial_failed(self, session: Session, name: str, problem: BackOfficeUnavailable) -> None:
        """Say that a back-office cannot be reached: once a minute for all of its stations."""
        self.counts.dials_failed[name] += 1
        self.alarm("", f"office_unreachable:{name}", f"for station {session.station_id}, {problem}")

    def move_refused(self, session: Session, name: str, reason: str) -> None:
        """Say that a station stays where it is. The relay has raised its alarm already."""
        _LOG.warning(
            "%s stays at %s and does not move to %s: %s", session.station_id, session.relay.back_office, name, reason
        )

    def learn(self, known: Known) -> None:
        """Go by what the tables say from now on: stations move, and those that are known no more are let go of."""
        self.known = known
        alike = frozenset(name for name, office in known.back_offices.items() if office.hears_alike)
        has_changed, self.rules = alike != self.rules.alike, replace(self.options.rules, alike=alike)
        for session in list(self.sessions.values()):
            if has_changed:
                session.relay.go_by(self.rules)
            wanted = known.routes.get(session.station_id)
            if wanted is None:
                session.close(WSCloseCode.POLICY_VIOLATION, "this station is not known any more")
            else:
                lead(session)

    def room(self, station_id: str) -> int:
        """Return how many orders a station can take up now."""
        session = self.sessions.get(station_id)
        if session is None or session.has_left:
            return 0
        return max(0, session.relay.rules.queue_limit - len(session.relay.exchange.down.lane.waiting))

    def order_ended(self, session: Session, ended: Ended) -> None:
        """Note what came of an order, and see whether others wait for the room that it leaves.

        Raises:
            DiskFull: if there is no room for it in the journal.
        """
        self.note(ended)
        self.look_for_orders([session.station_id])

    def take_up(self, orders: Sequence[Taken]) -> None:
        """Hand orders to their stations; those whose station has left since go back."""
        for taken in orders:
            session = self.sessions.get(taken.station_id)
            now = stamp(self.clock())
            if not _ACTION.fullmatch(taken.action) or not _is_object(taken.payload):
                problem = b'["FormationViolation","this is no action with a JSON object",{}]'
                self.note(Ended(now, taken.order_number, "refused", problem))
            elif session is None or session.has_left:
                self.note(Ended(now, taken.order_number, "unsent", b""))
            else:
                session.order(
                    Order(
                        order_id=str(taken.order_number),
                        action=taken.action,
                        payload=taken.payload.encode(),
                        expires_at=taken.deadline_at,
                    )
                )

    async def watch(self) -> None:
        """Let time pass for every station, until cancelled."""
        while True:
            for part in range(_SLICES):
                await asyncio.sleep(_SLICE_SECONDS)
                now = self.clock()
                for session in list(self.sessions.values())[part::_SLICES]:
                    self._look_after(session, now)

    async def drain(self) -> None:
        """Let open calls finish for a bounded time, close every link with 1012, and return once all are down."""
        self.is_draining = True
        until = asyncio.get_running_loop().time() + self.options.drain_seconds
        while self.sessions:
            is_over = asyncio.get_running_loop().time() >= until
            for session in list(self.sessions.values()):
                if is_over or session.relay.is_idle:
                    session.close(WSCloseCode.SERVICE_RESTART, "the gateway restarts")
            if is_over:
                break
            try:
                await asyncio.wait_for(self._empty.wait(), 0.1)
            except TimeoutError:
                continue
        for session in list(self.sessions.values()):
            session.on_ws_disconnected(session.transport)  # type: ignore[arg-type]

    def _look_after(self, session: Session, now: datetime) -> None:
        deadline = session.relay.next_deadline
        if deadline is not None and deadline <= now:
            session.do(session.relay.tick(now))
        if problem := self._trouble(session, now):
            session.reason = problem
            session.close(WSCloseCode.GOING_AWAY, problem, is_dead=True)
        office = session.office.link
        if office is not None and (problem := self._trouble(office, now)):
            office.abort()

    def _trouble(self, link: Session | OfficeLink, now: datetime) -> str:
        """Return why a link is to be dropped, or nothing; a silent one is pinged."""
        transport = link.transport
        if transport is None:
            return ""
        if link.paused_at is not None:
            unread = transport.underlying_transport.get_write_buffer_size()
            if now - link.paused_at > self.options.slow_after or unread > self.options.unread_bytes:
                return f"it does not read what it is told: {unread} bytes wait"
        if link.pinged_at is not None and link.heard_at < link.pinged_at:
            return "it does not answer pings" if now - link.pinged_at > self.options.pong_within else ""
        if now - link.heard_at > self.options.ping_after:
            transport.send_ping(b"there?")
            link.pinged_at = now
        return ""


def _is_object(payload: str) -> bool:
    try:
        _OBJECT.decode(payload)
    except (ValueError, RecursionError):
        return False
    return True
