"""See whether each type of station still behaves as it was recorded to."""

from typing import Any

from prefect import flow

from flows.parameters import Watching
from tasks import artifacts, flavours


@flow(name="watch_flavours", flow_run_name="watch flavours")
def watch_flavours(parameters: Watching | None = None) -> dict[str, Any]:
    """Compare what was recorded since with what is kept of each type, and raise an alarm for each that has drifted.

    It keeps nothing of what it sees, or a drift would be the rule tomorrow; and it sends nothing to any station.
    """
    result = flavours.watch((parameters or Watching()).days)
    artifacts.show_drifts(result)
    return result
