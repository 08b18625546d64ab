"""One process at a time acts on the stations of a plan, and knows it also after the database was restarted."""

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from charging.errors import DatabaseUnavailable, PlanInUse


class Hold:
    """The right to act on the stations of a plan. Use `alone`."""

    def __init__(self, engine: sa.Engine, plan_id: str) -> None:
        self.engine, self.plan_id = engine, plan_id
        self._key = sa.func.hashtextextended(plan_id, 0)
        self._connection = self._taken()

    def require(self) -> None:
        """Make sure that the right is still held: a database that was restarted has forgotten who held it.

        Raises:
            PlanInUse: if another process has taken it meanwhile.
            DatabaseUnavailable: if the database cannot say.
        """
        try:
            self._connection.execute(sa.text("SELECT 1"))
        except (DatabaseUnavailable, sa.exc.SQLAlchemyError):
            with contextlib.suppress(DatabaseUnavailable, sa.exc.SQLAlchemyError):
                self._connection.invalidate()
                self._connection.close()
            self._connection = self._taken()

    def release(self) -> None:
        """Give it up."""
        with contextlib.suppress(DatabaseUnavailable, sa.exc.SQLAlchemyError):  # then it went with its connection
            self._connection.scalar(sa.select(sa.func.pg_advisory_unlock(self._key)))
        self._connection.close()

    def _taken(self) -> sa.Connection:
        # Outside of any transaction: one that is idle for the hours of a wave would be ended by a careful server.
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.scalar(sa.select(sa.func.pg_try_advisory_lock(self._key))):
            return connection
        connection.close()
        raise PlanInUse(self.plan_id)


@contextlib.contextmanager
def alone(engine: sa.Engine, plan_id: str) -> Iterator[Hold]:
    """Let one process at a time act on the stations of a plan. The right goes with the process, however it ends.

    Raises:
        PlanInUse: if another process acts on it now.
    """
    hold = Hold(engine, plan_id)
    try:
        yield hold
    finally:
        hold.release()
