"""Give every EVSE an id that partners accept, and remember the one it had."""

from typing import Any

from prefect import flow

from flows.parameters import Remapping
from tasks import artifacts, identifiers, impact


@flow(name="remap_ids", flow_run_name="remap")
def remap_ids(parameters: Remapping | None = None) -> dict[str, Any]:
    """Propose ids by rule, refuse collisions, leave to the owner what is the owner's; OCPI's `uid` never changes."""
    form = parameters or Remapping()
    result = identifiers.remap(approve=form.approve, rules=form.rules, by=form.by, reason=form.reason)
    artifacts.show_remap(result)
    sheet = impact.publish_impact()
    artifacts.show_impact(sheet)
    return result | {"impact": sheet["path"]}
