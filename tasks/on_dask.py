"""Judging the parts of a night on a Dask cluster: as tasks of a flow, each of which is told where its part lies."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from prefect import flow, task

from charging.errors import SettingsError
from tasks.night_parts import STEPS, Each


@task(task_run_name="{step}-{part}")
def take_step(step: str, part: str) -> None:
    """Take one step with the part of a night that lies in a folder."""
    STEPS[step](Path(part))


def each_on_dask(scheduler: str = "") -> Each:
    """Return what takes a step with all parts at once, as far as the cluster's workers are free.

    `scheduler` is an address (`tcp://dask:8786`); without one, the workers are as many processes as there are cores.

    Raises:
        SettingsError: if prefect-dask is not installed.
    """
    if find_spec("prefect_dask") is None:
        raise SettingsError("judged_on", "is dask, which is not installed", "install rehome[dask] where flows run")
    runner = import_module("prefect_dask").DaskTaskRunner(
        **({"address": scheduler} if scheduler else {"cluster_kwargs": {"threads_per_worker": 1}})
    )

    @flow(name="judge_parts", flow_run_name="parts-{step}", task_runner=runner)
    def judge_parts(step: str, parts: list[str]) -> None:
        for run in [take_step.submit(step, part) for part in parts]:
            run.result()

    def each(step: str, parts: Sequence[Path]) -> None:
        judge_parts(step, [str(part) for part in parts])

    return each
