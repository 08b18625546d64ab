"""The days that frames are kept in: made when a frame of theirs comes, dropped as a whole when they are past."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from charging.database.turns import take_turns

_TURN = "days of gateway frames"
_NAME = "frame_%Y%m%d"


def make_days(connection: sa.Connection, days: Iterable[date]) -> None:
    """See that there is a partition for each of the days, in UTC."""
    take_turns(connection, _TURN)
    for day in sorted(set(days)):
        begin, end = (datetime(each.year, each.month, each.day, tzinfo=UTC) for each in (day, day + timedelta(days=1)))
        connection.execute(
            sa.text(
                f"CREATE TABLE IF NOT EXISTS gateway.{day.strftime(_NAME)} PARTITION OF gateway.frame "
                f"FOR VALUES FROM ('{begin.isoformat()}') TO ('{end.isoformat()}')"
            )
        )


def days(connection: sa.Connection) -> list[date]:
    """Return the days that are there, the oldest first."""
    found = connection.scalars(
        sa.text(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
            "WHERE inhparent = 'gateway.frame'::regclass"
        )
    )
    return sorted(datetime.strptime(name, _NAME).replace(tzinfo=UTC).date() for name in found)


def drop_days(connection: sa.Connection, *, before: date) -> list[date]:
    """Drop the days that are past, with every frame of theirs; return them."""
    take_turns(connection, _TURN)
    past = [day for day in days(connection) if day < before]
    for day in past:
        connection.execute(sa.text(f"DROP TABLE gateway.{day.strftime(_NAME)}"))
    return past
