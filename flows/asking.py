"""Asking the committee: the run is suspended, without a process, until the form or the command line answers."""

from collections.abc import Mapping
from typing import Any

from prefect import runtime
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from charging.deciders import SHORTEST_NAME
from charging.errors import Refused
from charging.migration.gates import Choice
from flows.parameters import Asking
from tasks import artifacts, gates


class NobodyToAsk(Refused):
    """A run that no deployment started cannot be suspended, so nobody could answer."""

    def __init__(self) -> None:
        super().__init__("nobody can be asked in a run without a deployment: start cut_over from its deployment")


class GateAnswer(RunInput):
    """The form at a gate. Who approves is self-declared; it is written down beside the evidence that was seen."""

    decision: Choice = Field(default=Choice.HOLD, title="Decision", description="Open the gate, or hold the wave.")
    approver: str = Field(
        min_length=SHORTEST_NAME, title="Who decides", description="Your name; not who asked for this run."
    )
    reason: str = Field(default="", title="Why", description="Needed unless the verdict is open.")
    minutes_ref: str = Field(default="", title="Minutes", description="Where the meeting's minutes are.")


def ask(gate: Mapping[str, Any], *, asking: Asking, requester: str) -> None:
    """Have the gate decided, unless it is: by the committee, or in a rehearsal automatically.

    Raises:
        GateClosed: if the committee opened a closed gate without a reason.
        GateDecided: if the evidence has changed while the committee thought.
        NobodyToAsk: if the committee is to be asked and this run cannot wait.
    """
    if gate["decision"]:
        return
    if asking is Asking.REHEARSAL:
        gates.decide_automatically(gate["plan_id"], gate["wave"], evidence_sha256=gate["evidence_sha256"])
        return
    if not runtime.deployment.id:
        raise NobodyToAsk
    gates.note_flow_run(gate["plan_id"], gate["wave"], flow_run_id=str(runtime.flow_run.id))
    key = f"gate-{gate['plan_id']}-{gate['wave']}"
    form = GateAnswer.with_initial_data(description=artifacts.gate_text(gate))
    answer = suspend_flow_run(wait_for_input=form, timeout=None, key=key)
    gates.decide_by_form(
        gate["plan_id"],
        gate["wave"],
        evidence_sha256=gate["evidence_sha256"],
        requester=requester,
        answer={
            "decision": answer.decision.value,
            "approver": answer.approver,
            "reason": answer.reason,
            "minutes_ref": answer.minutes_ref,
        },
    )
