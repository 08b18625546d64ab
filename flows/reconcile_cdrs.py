"""The night: take in what both back-offices saw, then compare it with every partner."""

from datetime import date, timedelta
from typing import Any

from prefect import flow

from charging import settings as configuration
from charging.clock import system_clock
from charging.errors import QualityBlocked, RemoteError
from flows.parameters import BackOfficeName, Night
from tasks import artifacts, cleansing, data_docs, extraction, night, partner_runs

Trouble = RemoteError | QualityBlocked


@flow(name="reconcile_cdrs", flow_run_name="night")
def reconcile_cdrs(parameters: Night | None = None) -> dict[str, Any]:
    """Judge every CDR of the night, partner by partner; one partner's trouble is not another's, but it fails the run.

    Raises:
        RemoteError: after all others are done, if a partner could not be reached.
        QualityBlocked: after all others are done, if what a partner sent is in no state to be judged.
    """
    chosen = parameters or Night()
    day = chosen.day or (system_clock().astimezone(configuration.load().zone) - timedelta(days=1)).date()
    for back_office in BackOfficeName:
        if not extraction.extract_back_office(str(back_office), entities=("session",))["is_cleansed"]:
            cleansing.cleanse_latest(str(back_office))
    names = night.partners(chosen.partners)
    nights, troubles = _spread(names, chosen, day) if chosen.spread else _in_turn(names, chosen, day)
    artifacts.show_nights(nights, troubles=[str(trouble) for trouble in troubles])
    artifacts.show_data_docs(data_docs.publish_data_docs())
    if troubles:
        raise troubles[0]
    return {"day": day.isoformat(), "nights": nights}


def _in_turn(names: list[str], chosen: Night, day: date) -> tuple[list[dict[str, Any]], list[Trouble]]:
    nights, troubles = [], []
    for name in names:
        try:
            nights.append(night.reconcile_partner(name, day=day, days=chosen.days, **chosen.place))
        except (RemoteError, QualityBlocked) as trouble:
            troubles.append(trouble)
    return nights, troubles


def _spread(names: list[str], chosen: Night, day: date) -> tuple[list[dict[str, Any]], list[Trouble]]:
    """Have each partner's night judged by a run of its own, all at once as far as workers are free."""
    runs = [partner_runs.run_night.submit(name, day=day, days=chosen.days, place=chosen.place) for name in names]
    nights, troubles = [], []
    for run in runs:
        try:
            nights.append(run.result())
        except (RemoteError, QualityBlocked) as trouble:
            troubles.append(trouble)
    return nights, troubles
