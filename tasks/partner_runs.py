"""A partner's night as a run of its own deployment: started, awaited, and read back from our own rows."""

from datetime import date
from typing import Any, cast

from prefect import task
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.runtime import flow_run

from charging import settings as configuration
from charging.database.queries import nights
from charging.errors import PartnerUnavailable
from tasks import opening

DEPLOYMENT = "reconcile_partner/reconcile-partner"


@task(task_run_name="await-{name}-{day}")
def run_night(name: str, *, day: date, days: int, place: dict[str, Any]) -> dict[str, Any]:
    """Start a partner's night on the work pool, wait until it has ended, and tell what it stored.

    Asked again by the same run, it finds the run that it has started: nothing is started twice.

    Raises:
        PartnerUnavailable: if that run has failed; its own page says why.
    """
    started = run_deployment(
        DEPLOYMENT,
        parameters={"parameters": {"partner": name, "day": day.isoformat(), "days": days, **place}},
        idempotency_key=f"{flow_run.id}-{name}-{day}",
        timeout=None,
    )
    run = cast("FlowRun", started)  # outside of an event loop it is no coroutine
    if run.state is None or not run.state.is_completed():
        ended = run.state.name if run.state else "nothing"
        raise PartnerUnavailable(name, f"its night ended as {ended}", f"look at the run {run.name} in the UI")
    settings = configuration.load()
    with opening.engine(settings) as engine, engine.connect() as connection:
        head = nights.night(connection, name, day)
        counted = nights.counted(connection, name, day)
    if head is None:
        raise PartnerUnavailable(name, "its night stored nothing", f"look at the run {run.name} in the UI")
    return nights.told(name, day, head, **counted)
