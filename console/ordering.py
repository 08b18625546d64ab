"""Ordering a station to do something, from the shell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.operations.gateway_orders import Given
from charging.database.queries import gateway_routes, gateway_sightings
from charging.deciders import SHORTEST_NAME, is_named
from charging.errors import RouteRefused, UnknownThing
from charging.ocpp import schemas
from charging.ocpp.gateway import ordering
from charging.ocpp.gateway.stored import stored
from console import workplace

PROTOCOLS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said in the shell."""

    station: str
    action: str
    payload: str
    by: str
    reason: str
    within_seconds: float
    unchecked: str = ""
    """Why it is to be sent though no version of OCPP knows it; empty where that is not meant."""


def order(home: Path, said: Said, *, dry_run: bool) -> dict[str, Any]:
    """Return what came of an order; of a dry one, what it would be.

    Raises:
        RouteRefused: if nobody is named, or the payload is no JSON object.
        UnknownThing: if the gateway does not know the station.
    """
    what = f"the order to {said.station}"
    if not is_named(said.by):
        raise RouteRefused(what, "nobody is named", f"name who orders, in {SHORTEST_NAME} letters or more (--by)")
    if not ordering.is_object(said.payload):
        raise RouteRefused(what, "its payload is no JSON object", """write one, as in '{"key":["ServerUrl"]}'""")
    if not said.action.isalnum() or not said.action.isascii():
        raise RouteRefused(what, f"{said.action!r} is no OCPP action", "name one, such as GetConfiguration")
    settings = configuration.load(workplace.of(home))
    engine = database.connect(database.address(settings))
    try:
        with engine.connect() as connection:
            if not gateway_routes.shown(connection, [said.station]):
                raise UnknownThing("station", said.station, "see rehome route show for those that the gateway knows")
            place = gateway_sightings.places(connection, [said.station]).get(said.station)
        spoken = place.protocol if place is not None else None
        stray = _stray(said, [spoken] if spoken in PROTOCOLS else PROTOCOLS)
        if stray and not said.unchecked.strip():
            raise RouteRefused(what, *stray)
        shown = {"station_id": said.station, "action": said.action, "payload": stored(said.payload.encode())}
        shown |= {"unchecked": stray[0] if stray else ""}
        if dry_run:
            return shown | {"order_number": None, "state": "not sent", "answer": None}
        now = system_clock()
        given = Given(
            station_id=said.station,
            action=said.action,
            payload=said.payload,
            by=said.by,
            reason=f"{said.reason}; unchecked ({stray[0]}): {said.unchecked.strip()}" if stray else said.reason,
            made_at=now,
            deadline_at=now + timedelta(seconds=said.within_seconds),
        )
        outcome = ordering.wait(engine, ordering.give(engine, given), clock=system_clock)
        return shown | {"order_number": outcome.order_number, "state": outcome.state, "answer": outcome.answer}
    finally:
        engine.dispose()


def _stray(said: Said, protocols: Sequence[str]) -> tuple[str, str] | None:
    """Return what is wrong with what no version that the station may speak knows, and the mend; None where one does.

    Of a version that is not known, any may be.
    """
    strays = [schemas.deviation(protocol, said.action, said.payload.encode()) for protocol in protocols]
    if not all(strays):
        return None
    known = sorted({action for protocol in protocols for action in schemas.actions(protocol)})
    why = 'or say with --unchecked "why" that it is to be sent all the same'
    if said.action in known:
        return "; or else ".join(dict.fromkeys(strays)), f"write it as its version of OCPP has it, {why}"
    like = get_close_matches(said.action, known, n=1)
    mend = f"did you mean {like[0]}?" if like else f"name one, such as GetConfiguration, {why}"
    return f"there is no action {said.action!r}", mend


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person reads."""
    told = {
        "not sent": "dry run: nothing was sent; --yes sends it",
        "answered": "the station answered",
        "refused": "the station refused",
        "expired": "the station was not there in time, and never got it",
        "unknown": "it was sent, and nobody knows what came of it: look at the station before it is sent again",
    }
    yield f"{'station':>12}  {result['station_id']}"
    yield f"{'order':>12}  {result['action']} {result['payload']}"
    if result["unchecked"]:
        yield f"{'unchecked':>12}  {result['unchecked']}"
    yield f"{'outcome':>12}  {told.get(result['state'], result['state'])}"
    if result["answer"]:
        yield f"{'answer':>12}  {result['answer']}"
