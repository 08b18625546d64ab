"""Where a station's link leads when it comes, and how a change of its route is gone by over any number of links.

A move waits for an idle moment, and neither a broken link nor a gateway that begins again is one.
"""

from typing import TYPE_CHECKING

from charging.ocpp.gateway.known import Known
from charging.ocpp.gateway.pasts import Past

if TYPE_CHECKING:
    from charging.ocpp.gateway.session import Session


def begins_at(known: Known, station_id: str, past: Past) -> str:
    """Return the back-office that a station's link leads to at first: where it was, or where its open charge began.

    From there it moves to where its route leads, at once if nothing is open.
    """
    book, memory = past
    wanted, charges = known.routes[station_id], [one.back_office for one in book.still_open]
    if wanted in charges:
        return wanted
    return next((each for each in (memory.back_office, *charges) if each in known.back_offices), wanted)


def lead(session: "Session") -> None:
    """Go where the station's route leads, once the moment is right; it has as long as since the route's change."""
    known = session.hub.known
    wanted = known.routes.get(session.station_id) if known else None
    if known is None or wanted is None or wanted == session.heading:
        return
    since = known.changed.get(session.station_id)
    if session.memory.refused != (wanted, since):
        session.heading = wanted
        session.do(session.relay.move_to(wanted, session.hub.clock(), since=since))


def stay(session: "Session", refused: str) -> None:
    """A move was refused: the station stays where it is until its route is changed again.

    Raises:
        DiskFull: if there is no room in the journal to write it down.
    """
    known = session.hub.known
    if session.heading == refused:
        session.heading = session.relay.back_office
    session.memory.refused = (refused, known.changed.get(session.station_id) if known else None)
    session.remember()
