"""Publishing reports: read, render, write the file, note its hash."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import secret
from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import evidence as write
from charging.database.queries import clean, moves, roaming
from charging.roaming import partner_file
from charging.settings import Settings
from charging.work_list import workbook
from reports.collected.data_quality import data_quality
from reports.collected.gate_pack import gate_pack
from reports.collected.money_at_risk import money_at_risk
from reports.collected.partner_reconciliation import partner_reconciliation
from reports.collected.progress import progress
from reports.collected.work_list import work_lists
from reports.pages import Report
from reports.proof import proof
from reports.render import publish
from tasks import night, opening


@task(task_run_name="gate-pack-{wave}")
def publish_gate_pack(plan_id: str, wave: int) -> dict[str, str]:
    """Publish what the committee reads before a wave, and once it has decided, what it read and decided."""
    settings = configuration.load()
    with opening.engine(settings) as engine:
        return _publish_gate_pack(engine, settings, plan_id, wave)


@task
def publish_all(plan_id: str) -> list[dict[str, str]]:
    """Publish gates' packs, the plan's progress, each partner's last night, the money at risk, and data quality."""
    settings = configuration.load()
    with opening.engine(settings) as engine:
        with engine.connect() as connection:
            plan_id = plan_id or moves.latest_plan(connection)
            gates = [gate["wave"] for gate in moves.gates(connection, plan_id)]
            nights = roaming.last_nights(connection)
            sources = sorted({account["source"] for account in clean.accounts(connection)})
        return [
            *(_publish_gate_pack(engine, settings, plan_id, wave) for wave in gates),
            _publish_progress(engine, settings, plan_id),
            *(_publish_reconciliation(engine, settings, one) for one in nights),
            *_publish_money(engine, settings),
            *(publish_data_quality(engine, settings, source) for source in sources),
            *publish_work_lists(engine, settings),
        ]


def publish_data_quality(
    engine: sa.Engine, settings: Settings, source: str, *, extract_id: str | None = None
) -> dict[str, str]:
    """Publish what rules and suites found in a source's latest extract, or in the one that is meant."""
    return _publish(
        engine,
        settings,
        "data quality",
        lambda connection: data_quality(connection, settings, source, extract_id=extract_id),
    )


def publish_proof(engine: sa.Engine, settings: Settings, result: Mapping[str, Any]) -> dict[str, str]:
    """Publish the sums that prove a load."""
    made = proof(result, network=settings.operator, time_zone=settings.time_zone)
    return _publish(engine, settings, "proof", lambda _connection: made)


def publish_work_lists(engine: sa.Engine, settings: Settings) -> list[dict[str, str]]:
    """Publish what waits for each other party: a page to read, and beside it the workbook to answer in."""
    with engine.connect() as connection:
        made = list(work_lists(connection, settings))
    published = []
    for report, cases in made:
        page = _publish(engine, settings, "work list", lambda _connection, report=report: report)  # type: ignore[misc]
        path = Path(page["path"]).with_suffix(".xlsx")
        unfinished = path.with_name(f".{path.name}.unfinished")
        unfinished.write_bytes(workbook.written(cases))
        unfinished.replace(path)
        book = {"kind": "work list to answer", "path": str(path)}
        published += [page, book | {"content_sha256": sha256(path.read_bytes()).hexdigest()}]
    return published


def _publish_gate_pack(engine: sa.Engine, settings: Settings, plan_id: str, wave: int) -> dict[str, str]:
    return _publish(engine, settings, "gate pack", lambda connection: gate_pack(connection, settings, plan_id, wave))


def _publish_progress(engine: sa.Engine, settings: Settings, plan_id: str) -> dict[str, str]:
    now = system_clock()
    return _publish(engine, settings, "progress", lambda connection: progress(connection, settings, plan_id, as_of=now))


def _publish_money(engine: sa.Engine, settings: Settings) -> list[dict[str, str]]:
    with engine.connect() as connection:
        made = money_at_risk(connection, settings)
    return [] if made is None else [_publish(engine, settings, "money at risk", lambda _connection: made)]


def _publish_reconciliation(engine: sa.Engine, settings: Settings, one: Mapping[str, Any]) -> dict[str, str]:
    partner = partner_file.read(night.partner_folder(settings) / f"{one['partner']}.toml")
    reference = settings.pseudonym_key
    key = secret.resolve(reference, setting="pseudonym_key") if reference else None
    return _publish(
        engine,
        settings,
        "partner reconciliation",
        lambda connection: partner_reconciliation(connection, partner, one, key=key),
    )


def _publish(
    engine: sa.Engine, settings: Settings, kind: str, make: Callable[[sa.Connection], Report]
) -> dict[str, str]:
    with engine.begin() as connection:
        path: Path = publish(make(connection), settings.home / settings.reports)
        content = sha256(path.read_bytes()).hexdigest()
        write.store_report(
            connection, name=path.stem, kind=kind, path=str(path), content_sha256=content, at=system_clock()
        )
    return {"kind": kind, "path": str(path), "content_sha256": content}
