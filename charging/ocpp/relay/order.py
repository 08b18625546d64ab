"""A call of our own, from the tables to the station."""

from datetime import datetime

import msgspec


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Any OCPP action for a station. Its answer returns to the order; the back office sees neither."""

    order_id: str
    action: str
    payload: bytes
    """A JSON object. Transaction ids in it are those that the station knows."""
    expires_at: datetime
    """If its turn has not come by then, it is not sent at all."""
