"""Reading gates and deciding at them from the command line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.operations import deciding as write
from charging.database.queries import moves as read
from charging.deciders import is_named
from charging.errors import GateDecided, ServerNotStarted, SettingsError, UnknownThing
from charging.migration.gates import Decision
from console import prefect_home, workplace


def listed(home: Path, plan: str) -> list[dict[str, Any]]:
    """Return the gates of a plan, by wave.

    Raises:
        UnknownThing: if there is no such plan.
    """
    with _opened(home) as engine, engine.connect() as connection:
        return [dict(row) for row in read.gates(connection, _plan(connection, plan))]


def one(home: Path, plan: str, wave: int) -> dict[str, Any]:
    """Return one gate.

    Raises:
        UnknownThing: if there is no such plan, or the gate has not been opened.
    """
    with _opened(home) as engine, engine.connect() as connection:
        return dict(_gate(connection, _plan(connection, plan), wave))


def decide(home: Path, plan: str, wave: int, *, decision: Decision, evidence: str, minutes: str) -> dict[str, Any]:
    """Write the decision, then wake the run that waits for it. Without a waiting run the next one goes by the row.

    `evidence` is the beginning of the hash of the evidence that was seen; empty, it is the present one.

    Raises:
        GateClosed: if the verdict is closed and no reason was given to open it all the same.
        GateDecided: if it has been decided, or the evidence is not the one that was seen.
        SettingsError: if nobody is named who decides.
        UnknownThing: if there is no such plan, or the gate has not been opened.
    """
    if not is_named(decision.by):
        raise SettingsError("--by", "names nobody", "say who decides; it is written down beside the decision")
    with _opened(home) as engine:
        with engine.begin() as connection:
            row = _gate(connection, _plan(connection, plan), wave)
            if not row["evidence_sha256"].startswith(evidence):
                raise GateDecided(row["plan_id"], wave, "its evidence is not the one that you saw: look again")
            write.decide(
                connection,
                dict(row),
                decision=decision,
                evidence_sha256=row["evidence_sha256"],
                requester=row["requester"],
                minutes_ref=minutes,
                at=system_clock(),
            )
        if row["flow_run_id"]:
            _wake(
                home,
                str(row["flow_run_id"]),
                {
                    "decision": str(decision.choice),
                    "approver": decision.by,
                    "reason": decision.reason,
                    "minutes_ref": minutes,
                },
            )
        with engine.connect() as connection:
            return dict(_gate(connection, row["plan_id"], wave))


def _plan(connection: sa.Connection, named: str) -> str:
    return str(read.require_plan(connection, named)["plan_id"]) if named else read.latest_plan(connection)


def _gate(connection: sa.Connection, plan_id: str, wave: int) -> sa.RowMapping:
    row = read.gate(connection, plan_id, wave)
    if row is None:
        raise UnknownThing("gate", f"before wave {wave}", "it opens when the flow cut_over comes to that wave")
    return row


def _wake(home: Path, flow_run_id: str, answer: Mapping[str, str]) -> None:
    """Resume the suspended run. One that no longer waits is no fault: the row in our database is what counts."""
    path = f"flow_runs/{flow_run_id}/resume"
    try:
        status = prefect_home.call(home, path, body={"run_input": dict(answer)}, timeout_seconds=10)
    except OSError as error:
        raise ServerNotStarted(
            "the waiting run", f"Prefect does not answer ({error})", "the decision is stored: rehome up, then cut_over"
        ) from None
    if status >= 400 and status != 404:
        raise ServerNotStarted(
            "the waiting run", f"Prefect answered {status}", "the decision is stored: start cut_over again"
        )


@contextmanager
def _opened(home: Path) -> Iterator[sa.Engine]:
    engine = database.connect(database.address(configuration.load(workplace.of(home))))
    try:
        yield engine
    finally:
        engine.dispose()
