"""Bring stations that have moved back to the legacy."""

from prefect import flow

from charging.errors import UnknownThing
from flows.parameters import RollBack
from tasks import artifacts, cutover


@flow(name="roll_back", flow_run_name="roll-back")
def roll_back(parameters: RollBack) -> dict[str, object]:
    """Bring a wave, or single stations, back to the legacy. With `dry_run`, say which and touch none.

    What a person moved is brought back by a person: such a station gets a work order that says what to set.

    Raises:
        UnknownThing: if neither a wave nor a station is named: an empty field never means the whole network.
    """
    if parameters.wave is None and not parameters.stations:
        raise UnknownThing("wave", "(none named)", "name a wave or the stations that are to go back")
    plan_id, _ = cutover.waves(parameters.plan_id, [])
    before = cutover.stages(plan_id, wave=parameters.wave, stations=parameters.stations)
    by_hand = cutover.by_hand(plan_id, wave=parameters.wave, stations=parameters.stations)
    ended = (
        {}
        if parameters.dry_run
        else cutover.roll_back(
            plan_id, wave=parameters.wave, stations=parameters.stations, reason=parameters.reason or "rolled back"
        )
    )
    result = {"plan_id": plan_id, "dry_run": parameters.dry_run, "stations": before, "by_hand": by_hand, "ended": ended}
    artifacts.show_rollback(result)
    return result
