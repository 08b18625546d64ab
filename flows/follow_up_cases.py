"""What follows the nights, also of partners that do not answer: cases grow old, invoices are tied out."""

from typing import Any

from prefect import flow

from charging.errors import PartnerFileError
from flows.parameters import FollowUp
from tasks import artifacts, following, invoices, night


@flow(name="follow_up_cases", flow_run_name="follow up")
def follow_up_cases(parameters: FollowUp | None = None) -> dict[str, Any]:
    """Remind of cases that lie, take old ones to the committee, write what is to be proposed, and tie invoices out.

    The night does the first three for the partner that it judges; this does it also for one whose night failed.

    Raises:
        PartnerFileError: after all others are done, if a partner's file cannot be read.
    """
    chosen = parameters or FollowUp()
    partners, troubles = [], []
    for name in night.partners(chosen.partners):
        try:
            partners.append(following.follow_up_partner(name))
        except PartnerFileError as trouble:
            troubles.append(trouble)
    tied = invoices.tie_out_all(chosen.tolerance)
    artifacts.show_follow_up(partners, tied)
    if troubles:
        raise troubles[0]
    return {"partners": partners, "is_tied": tied["is_tied"], "invoices": len(tied["invoices"])}
