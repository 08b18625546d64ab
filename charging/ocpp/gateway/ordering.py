"""Giving an order and waiting for what comes of it: through the tables alone, from any process."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from charging.clock import Clock
from charging.database.operations import gateway_orders
from charging.database.operations.gateway_orders import ENDED, OPEN, Given
from charging.database.queries import gateway_frames

_LOOK_SECONDS = 5.0
"""How often an order is looked at although nobody said that it has ended."""
ANSWER = timedelta(seconds=75)
"""How long after its deadline an order that was sent in time may still be answered: a station has a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an order."""

    order_number: int
    state: str
    """answered, refused, expired or unknown; or what it is in, where nobody waited longer."""
    answer: str | None
    """The payload of the station's answer, without secrets; of a refusal its details."""

    def payload(self) -> Mapping[str, Any]:
        """Return the answer as values; nothing where there is none."""
        found = msgspec.json.decode(self.answer) if self.answer else {}
        return found if isinstance(found, Mapping) else {}


def give(engine: sa.Engine, order: Given) -> int:
    """Give an order, and return its number once it is certain that it will not be lost."""
    with engine.begin() as connection:
        return gateway_orders.give(connection, order)


def wait(engine: sa.Engine, order_number: int, *, clock: Clock, longest: timedelta = ANSWER) -> Outcome:
    """Return what came of an order, at the latest so long after its deadline.

    Raises:
        DatabaseUnavailable: if the tables go away meanwhile.
    """
    place = make_url(engine.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(place, autocommit=True, connect_timeout=10) as listening:
        listening.execute(f'LISTEN "{ENDED}"'.encode())
        while True:
            with engine.begin() as connection:
                now = clock()
                gateway_orders.expire(connection, at=now)
                found = gateway_frames.order(connection, order_number)
            if found["state"] not in OPEN or now >= found["deadline_at"] + longest:
                return Outcome(order_number=order_number, state=found["state"], answer=found["answer"])
            next_at = found["deadline_at"] if now < found["deadline_at"] else found["deadline_at"] + longest
            until = max(0.05, (next_at - now).total_seconds())
            for notice in listening.notifies(timeout=min(until, _LOOK_SECONDS)):
                if notice.payload == str(order_number):
                    break


def is_object(payload: str) -> bool:
    """Whether this is a JSON object, as the payload of every OCPP message is."""
    try:
        return isinstance(msgspec.json.decode(payload), dict)
    except (msgspec.MsgspecError, RecursionError):
        return False
