"""Which recorded facts are starts that nobody ended, and which are stops that no back office was told. Pure."""

from collections.abc import Iterable

from charging.ocpp.relay.facts import Fact, FactKind
from charging.ocpp.relay.joining import Joining, OpenTransaction, join

KEPT_STOPS = frozenset({FactKind.KEPT_STOP, FactKind.REFUSED_STOP, FactKind.REPLAYED_STOP, FactKind.SECOND_STOP})
"""Stops that were acknowledged here. A repeated one counts where its back office never acknowledged the first."""
READ = KEPT_STOPS | {FactKind.STARTED, FactKind.STOPPED, FactKind.RELAYED_STOP}
"""What has to be read of a station: of OCPP 1.6, as ids of later versions are the station's own."""


def straddling(facts: Iterable[Fact]) -> Joining:
    """Join the starts that stations' back offices acknowledged and never saw ended with the stops that were kept.

    `facts` are of the kinds `READ`, in the order in which they were found. A start that is left over may be a charge
    that still runs. A stop that was relayed without a start in the book is its back office's if that one has the start;
    it counts as kept if another one has; and if nobody has, it ended what began before there was a gateway.
    """
    open_starts: dict[tuple[str, str, str], OpenTransaction] = {}
    ended: set[tuple[str, str, str]] = set()
    kept: list[Fact] = []
    relayed: list[Fact] = []
    for fact in facts:
        key = (fact.station_id, fact.back_office, _id_of(fact))
        if fact.kind is FactKind.STARTED:
            ended.discard(key)
            open_starts[key] = _open(fact)
        elif fact.kind is FactKind.STOPPED:
            ended.add(key)
            open_starts.pop(key, None)
        elif fact.kind is FactKind.RELAYED_STOP:
            relayed.append(fact)
        elif fact.kind in KEPT_STOPS and key not in ended:
            kept.append(fact)
    relayed = [
        stop for stop in relayed if open_starts.pop((stop.station_id, stop.back_office, _id_of(stop)), None) is None
    ]
    elsewhere = {(station_id, name) for station_id, _, name in open_starts}
    kept += [stop for stop in relayed if (stop.station_id, _id_of(stop)) in elsewhere]
    return join(open_starts.values(), kept)


def _open(fact: Fact) -> OpenTransaction:
    return OpenTransaction(
        station_id=fact.station_id,
        back_office=fact.back_office,
        transaction=_id_of(fact),
        connector=fact.connector,
        id_tag=fact.id_tag,
        meter_start_wh=fact.meter_start_wh,
        started_at=fact.started_at or "",
    )


def _id_of(fact: Fact) -> str:
    return fact.transaction if fact.office_transaction is None else str(fact.office_transaction)
