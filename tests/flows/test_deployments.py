"""`prefect.yaml` says what can be started: every flow, with a form, dry by default where it acts."""

from importlib import import_module
from pathlib import Path

import pytest
import yaml
from prefect.flows import Flow
from prefect.utilities.callables import parameter_schema

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = {
    deployment["name"]: deployment for deployment in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
}
ACTS = ("answer-quarantine", "load-target", "cut-over", "roll-back", "update-firmware")


def flow_of(name: str) -> Flow:
    file, _, function = DEPLOYMENTS[name]["entrypoint"].partition(":")
    return getattr(import_module(file.removesuffix(".py").replace("/", ".")), function)


def form_of(name: str) -> dict[str, object]:
    schema = parameter_schema(flow_of(name)).model_dump_for_openapi()
    (definition,) = [one for title, one in schema["definitions"].items() if one.get("type") == "object"]
    return definition["properties"]


def test_every_flow_has_a_deployment_and_no_other():
    flows = {
        name
        for file in (ROOT / "flows").glob("*.py")
        for name, value in vars(import_module(f"flows.{file.stem}")).items()
        if isinstance(value, Flow) and value.fn.__module__ == f"flows.{file.stem}"
    }

    assert {name.replace("-", "_") for name in DEPLOYMENTS} == flows


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_flow_is_called_as_its_file_and_its_deployment(name):
    assert flow_of(name).name == name.replace("-", "_")


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_form_says_in_words_what_each_field_is(name):
    for field in form_of(name).values():
        assert field["title"]


@pytest.mark.parametrize("name", ACTS)
def test_what_acts_runs_dry_by_default(name):
    assert form_of(name)["dry_run"]["default"] is True


def test_every_schedule_names_its_time_zone():
    schedules = [schedule for one in DEPLOYMENTS.values() for schedule in one.get("schedules", [])]

    assert schedules
    assert all(schedule["timezone"] == "Europe/Amsterdam" for schedule in schedules)


def test_the_night_runs_outside_of_the_hours_that_a_clock_change_skips_or_repeats():
    (schedule,) = DEPLOYMENTS["reconcile-cdrs"]["schedules"]

    assert int(schedule["cron"].split()[1]) >= 4
