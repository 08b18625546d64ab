"""`rehome up`, and what it has in common with a rehearsal: starting the network that a rehearsal moves."""

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from charging.database import connection as database
from charging.secret import Secret
from console import parts, stack, stage_set, workplace
from console.prefect_home import ui_address
from console.progress import Telling
from console.workplace import Rehearsal


def up(home: Path, telling: Telling) -> None:
    """Start everything that daily work needs; while there is a rehearsal, its network too."""
    telling.begin("stack", "PostgreSQL, Prefect and the runner")
    home.mkdir(parents=True, exist_ok=True)
    with stack.starting_prefect(home) as prefect:
        stack.start_database(home).dispose()
    rehearsal = workplace.present(home)
    if rehearsal is not None:
        start_rehearsal(home, rehearsal, workplace.create_rehearsal_databases(home)).dispose()
    parts.wait(prefect, home=home)
    parts.wait(stack.start_runner(home), home=home)
    telling.end("stack", f"up; Prefect UI at {ui_address(home)}")


def start_rehearsal(home: Path, rehearsal: Rehearsal, databases: Mapping[str, Secret]) -> sa.Engine:
    """Start the rehearsal's network, bring its tables to this version, and return a way in.

    Its settings are written anew each time: after a restart the server may listen elsewhere.
    """
    world = stack.world_part(home, rehearsal, databases)
    parts.start(world, home=home)
    engine = database.connect(databases["own"])
    database.migrate(engine)
    parts.wait(world, home=home)
    stage_set.prepare(workplace.rehearsal_folder(home), databases=databases)
    return engine
