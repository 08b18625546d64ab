"""Starting a deployment and waiting for its end, while a committee takes its time."""

import sys
import time
from typing import Any

from prefect.client.orchestration import get_client

from charging.errors import GateClosed
from console.summary import command
from flows.parameters import CutOver
from tasks import cutover, gates

POLL_SECONDS = 2.0


def run_and_wait(ordered: CutOver, *, ui: str) -> dict[str, Any]:
    """Run `cut_over` from its deployment for one wave, say where to decide, and return how the wave ended.

    Raises:
        GateClosed: if the run failed, with what it said.
    """
    (wave,) = ordered.waves
    has_told = False
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("cut_over/cut-over")
        run = client.create_flow_run_from_deployment(
            deployment.id, parameters={"parameters": ordered.model_dump(mode="json")}
        )
        while True:
            state = client.read_flow_run(run.id).state
            if state is not None and state.is_paused() and not has_told:
                has_told = True
                print(  # noqa: T201 - talk goes to standard error
                    f"waiting at the gate before wave {wave}: {ui}/runs/flow-run/{run.id}\n"
                    f"or: {command()} gate show {wave}, then: {command()} gate decide {wave} go --by NAME",
                    file=sys.stderr,
                )
            if state is not None and state.is_final():
                break
            time.sleep(POLL_SECONDS)
    if not state.is_completed():
        raise GateClosed(f"before wave {wave}", [state.message or str(state.name)])
    if held := gates.why_held.fn(ordered.plan_id, wave):
        return {"plan_id": ordered.plan_id, "wave": wave, "held": held, "stages": {}}
    return cutover.outcome.fn(ordered.plan_id, wave)
