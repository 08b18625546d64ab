"""Write what people read: the committee's packs, the project's progress, partners' reconciliations, data quality."""

from typing import Any

from prefect import flow

from flows.parameters import Publishing
from tasks import artifacts, reporting


@flow(name="publish_reports", flow_run_name="publish")
def publish_reports(parameters: Publishing | None = None) -> dict[str, Any]:
    """Publish every report anew; the same state of things gives the same bytes."""
    result = {"reports": reporting.publish_all((parameters or Publishing()).plan_id)}
    artifacts.show_reports(result)
    return result
