"""Have stations fetch a firmware image, each in its turn, and see that they boot with it as they were."""

from typing import Any

from prefect import flow

from flows.parameters import FirmwareCampaign
from tasks import artifacts, firmware


@flow(name="update_firmware", flow_run_name="update-firmware")
def update_firmware(parameters: FirmwareCampaign) -> dict[str, Any]:
    """Plan who fetches when, order those that have room, and follow them until they have booted with the version.

    Started again after any interruption it goes on from where the stations are: none is ordered twice. With `dry_run`
    nothing is stored and nothing is sent to any station.
    """
    form = parameters.model_dump(mode="json")
    plan = firmware.plan(form)
    artifacts.show_firmware_plan(plan)
    if parameters.dry_run:
        return plan
    campaign_id = firmware.begin(form)
    ended = firmware.run(campaign_id, form)
    outcome = firmware.outcome(campaign_id, ended=ended)
    artifacts.show_firmware(outcome)
    return outcome
