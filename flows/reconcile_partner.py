"""One partner's night as a run of its own, on whatever worker is free."""

from typing import Any

from prefect import flow

from flows.parameters import PartnerNight
from tasks import artifacts, night


@flow(name="reconcile_partner", flow_run_name="night-{parameters.partner}-{parameters.day}")
def reconcile_partner(parameters: PartnerNight) -> dict[str, Any]:
    """Take in what one partner has, judge its night, and every earlier night that this changes.

    Raises:
        RemoteError: if the partner says no, or does not answer.
        QualityBlocked: if what it sent is in no state to be judged.
    """
    found: dict[str, Any] = night.reconcile_partner(
        parameters.partner, day=parameters.day, days=parameters.days, **parameters.place
    )
    artifacts.show_nights([found], troubles=[])
    return found
