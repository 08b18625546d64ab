"""Answer for what stands in quarantine, one case, many, or a list that a party has sent back."""

from typing import Any

from prefect import flow

from flows.parameters import Answer, Answering
from tasks import answering, artifacts


@flow(name="answer_quarantine", flow_run_name="answer")
def answer_quarantine(parameters: Answering | None = None) -> dict[str, Any]:
    """Decide on rows in quarantine and let them rejoin; with `dry_run` show what would become of each."""
    chosen = parameters or Answering()
    result: dict[str, Any] = {"cases": []}
    if chosen.file:
        result = answering.take_list(chosen.file, only_good=chosen.only_good, dry_run=chosen.dry_run)
        artifacts.show_answers(result)
    elif chosen.decision is not Answer.SHOW:
        result = answering.decide(
            {"key": chosen.key, "owner": chosen.owner, "entity": chosen.entity, "rule": chosen.rule},
            decision=str(chosen.decision),
            corrected=chosen.corrected,
            by=chosen.by,
            reason=chosen.reason,
            dry_run=chosen.dry_run,
        )
        artifacts.show_answers(result)
    artifacts.show_work_list(answering.waiting())
    return result
