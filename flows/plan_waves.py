"""Plan which stations move together: a pilot of every type first, then growing waves."""

from typing import Any

from prefect import flow

from flows.parameters import Planning
from tasks import artifacts, planning


@flow(name="plan_waves", flow_run_name="plan")
def plan_waves(parameters: Planning | None = None) -> dict[str, Any]:
    """Put every station of the clean network into a wave, on the list for a visit, or on hold with the reason."""
    chosen = parameters or Planning()
    plan = planning.plan(pilot=chosen.pilot, cap=chosen.largest_wave, despite=chosen.despite)
    artifacts.show_plan(plan)
    return plan
