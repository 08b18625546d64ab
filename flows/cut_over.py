"""Move stations to the target, wave by wave, each after the committee has answered at its gate."""

from typing import Any

from prefect import flow

from flows.asking import ask
from flows.parameters import CutOver
from tasks import artifacts, cutover, gates, reporting


@flow(name="cut_over", flow_run_name="cut-over")
def cut_over(parameters: CutOver) -> dict[str, Any]:
    """Judge, ask, move and say how it ended, for each wave in order; a gate that is held ends the run.

    Started again after any interruption it carries on: a gate that was decided is not asked twice, and a station that
    has come to rest is left alone. With `dry_run` nothing is sent to any station.
    """
    plan_id, waves = cutover.waves(parameters.plan_id, parameters.waves)
    outcome: dict[str, Any] = {"plan_id": plan_id, "waves": waves, "held": "", "stages": {}}
    for wave in waves:
        gate = gates.judge(plan_id, wave, requester=parameters.requester)
        artifacts.show_gate(gate)
        reporting.publish_gate_pack(plan_id, wave)
        if parameters.dry_run:
            continue
        ask(gate, asking=parameters.asking, requester=parameters.requester)
        reporting.publish_gate_pack(plan_id, wave)  # the pack that is kept shows the decision
        if held := gates.why_held(plan_id, wave):
            return outcome | {"held": held}
        cutover.cut_over(plan_id, wave)
        outcome = cutover.outcome(plan_id, wave)
        artifacts.show_wave(outcome)
    return outcome
