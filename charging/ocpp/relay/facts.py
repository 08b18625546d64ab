"""What is found out about transactions, in a form that can be stored, read again and shown."""

from enum import StrEnum

import msgspec


class FactKind(StrEnum):
    """What was found. Not all of it changes the book: some is for people, and for the joiner alone."""

    STARTED = "started"
    """A back office has acknowledged a start; from now on both ids are known."""
    SEEN = "seen"
    """A meter value of a transaction that began before the book: it is open, and its start is unknown."""
    NAMED = "named"
    """The station has the id that it was given: it has named it, or has gone on after the answer to its start."""
    STOPPED = "stopped"
    """Its back office has acknowledged the stop."""
    RELAYED_STOP = "relayed_stop"
    """A stop of which a book with gaps knew no start: relayed to the present back office, which has acknowledged it.
    Whether the charge was that one's nobody knew."""
    SUPERSEDED = "superseded"
    """Another one began on its connector, and its stop never came."""
    KEPT_STOP = "kept_stop"
    """A stop that its station's present back office cannot know: acknowledged here, and kept for the joiner."""
    KEPT_METER_VALUES = "kept_meter_values"
    """Meter values of such a transaction: acknowledged here, and kept."""
    REFUSED_STOP = "refused_stop"
    """A stop that the back office answered with a CALLERROR: the station may drop it, so it is kept here."""
    REFUSED_START = "refused_start"
    """The back office gave an id and refused the token: the station may send a stop for it, or nothing any more."""
    REPLAYED_START = "replayed_start"
    """A start with the facts of an earlier one. It was relayed."""
    REPLAYED_STOP = "replayed_stop"
    """A stop of a transaction that has ended already: acknowledged here, and kept (1.6); relayed (2.x)."""
    SECOND_STOP = "second_stop"
    """The same with other facts than the first: one of the two is wrong."""
    ID_REPLACED = "id_replaced"
    """The id that the back office gave is taken at this station, or is 0 or -1: the station was given another."""
    ZERO_CHARGE = "zero_charge"
    """A charge of more than five minutes with nothing on the meter."""
    ENDED_WITHOUT_START = "ended_without_start"
    """OCPP 2.x: an end without a start at this back office. It was relayed; the back office has only a part."""


BOOK_KINDS = frozenset(
    {
        FactKind.STARTED,
        FactKind.SEEN,
        FactKind.NAMED,
        FactKind.STOPPED,
        FactKind.RELAYED_STOP,
        FactKind.KEPT_STOP,
        FactKind.SUPERSEDED,
        FactKind.REFUSED_STOP,
        FactKind.REFUSED_START,
        FactKind.REPLAYED_START,
    }
)
"""What a book is made of: the other kinds change nothing in it."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One finding. `msgspec.json.encode` and `decode` are its way to the tables and back."""

    kind: FactKind
    station_id: str
    back_office: str
    """Whose transaction it is, as far as is known; for what was kept and belongs to nobody known, the present one."""
    transaction: str
    """The id as the station knows it."""
    office_transaction: int | None = None
    """OCPP 1.6: the id as the back office knows it."""
    connector: int | None = None
    """OCPP 1.6: the connector; 2.x: the EVSE."""
    id_tag: str | None = None
    """The driver's token, personal: shortened wherever a person sees it."""
    meter_start_wh: int | None = None
    meter_stop_wh: int | None = None
    started_at: str | None = None
    """As the station said it."""
    stopped_at: str | None = None
    reason: str | None = None
    why: str = ""
    """Of what was kept: why, in words."""
    payload: str = ""
    """Of what was kept: the message's whole payload, as it came."""
