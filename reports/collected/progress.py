"""The project manager's progress report, read from plan, journal, quarantine and accounts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.database.queries import clean, gateway_flavours, moves
from charging.settings import Settings
from reports.collected.shared import wave_stages
from reports.collected.standing import headline
from reports.formats import counted
from reports.progress import (
    Correction,
    EnergyAccount,
    NextStep,
    Progress,
    QuarantineWork,
    RowAccount,
    StuckStation,
    WaveTimes,
)
from reports.values import Figure, Risk, Span, WaveStages

DRIFTED_WITHIN = timedelta(days=14)
"""How long an alarm of a drift is among the risks; where it goes on, it is raised again."""
STUCK = ("rolled_back", "to_site")
OWNERS: Mapping[str, str] = {"rolled_back": "station migration", "to_site": "maintenance"}
MEANINGS: Mapping[str, str] = {
    "tx.rollover": "a register began again at zero",
    "tx.dup": "a session came twice",
    "tx.kept_stop": "a station was led elsewhere while it charged, and the gateway kept its stop",
    "tx.stop_failed": "a stop came apart from its session",
    "tx.no_stop": "a stop was missing and is estimated",
}
"""What had happened where a rule changed energy."""


def progress(connection: sa.Connection, settings: Settings, plan_id: str, *, as_of: datetime) -> Progress:
    """Return where the migration stands."""
    moves.require_plan(connection, plan_id)
    rows = [dict(row) for row in moves.move_rows(connection, plan_id)]
    stages = Counter(row["stage"] for row in rows)
    waves = wave_stages(rows)
    waiting = list(_waiting(rows))
    return Progress(
        plan_id=plan_id,
        network=settings.operator,
        legacy="legacy",
        target="target",
        as_of=as_of,
        time_zone=settings.time_zone,
        headline=headline(waves, stations=len(rows), to_site=stages["to_site"], waiting=len(waiting)),
        figures=_figures(rows, stages, connection),
        waves=waves,
        timeline=tuple(_timeline(connection, plan_id, waves)),
        legacy_ends_at=None,
        stuck=tuple(_stuck(rows)),
        quarantine=tuple(_quarantine(connection)),
        risks=(*_risks(stages, waiting), *_drifts(connection, as_of=as_of)),
        rows=tuple(_rows(connection)),
        energy=tuple(_energy(connection)),
        next_steps=tuple(_next(rows, waiting)),
    )


def _figures(rows: Sequence[Mapping[str, Any]], stages: Counter[str], connection: sa.Connection) -> tuple[Figure, ...]:
    waiting = sum(row["rows"] for row in _set_aside(connection))
    share = (Decimal(100 * stages["verified"]) / len(rows)).quantize(Decimal("0.1")) if rows else None
    return (
        Figure(label="Moved", value=share, unit="%", meaning=f"{stages['verified']} of {len(rows)} stations."),
        Figure(label="To site", value=stages["to_site"], unit="stations", meaning="A person must go there, or decide."),
        Figure(label="In quarantine", value=waiting, unit="rows", meaning="Each waits for the owner that it names."),
    )


def _timeline(connection: sa.Connection, plan_id: str, waves: Sequence[WaveStages]) -> Iterator[WaveTimes]:
    gates = {gate["wave"]: gate for gate in moves.gates(connection, plan_id)}
    actual = {row["wave"]: dict(row) for row in moves.wave_times(connection, plan_id)}
    for wave in waves:
        times, gate = actual.get(wave.wave), gates.get(wave.wave)
        yield WaveTimes(
            wave=wave.wave,
            name=wave.name,
            planned=None,
            actual=_actual(wave, times) if times else None,
            gate_decided_at=gate["decided_at"] if gate else None,
            gate_decision=gate["decision"] if gate else None,
        )


def _actual(wave: WaveStages, times: Mapping[str, Any]) -> Span:
    is_at_rest = not wave.moving and not wave.waiting
    return Span(started_at=times["started_at"], ended_at=times["ended_at"] if is_at_rest else None)


def _stuck(rows: Sequence[Mapping[str, Any]]) -> Iterator[StuckStation]:
    for row in rows:
        if row["stage"] in STUCK:
            yield StuckStation(
                station_id=row["station_id"],
                wave=row["wave"],
                stage=row["stage"],
                vendor=row["vendor"] or "",
                model=row["model"] or "",
                reason=row["reason"],
                owner=OWNERS[row["stage"]],
                since=row["changed_at"],
            )


def _waiting(rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (row for row in rows if row["wave"] is None and row["stage"] == "planned")


def _quarantine(connection: sa.Connection) -> Iterator[QuarantineWork]:
    for row in _set_aside(connection):
        yield QuarantineWork(
            owner=row["owner"],
            entity=row["entity"],
            rule=row["rule"],
            rows=row["rows"],
            oldest_at=row["oldest_at"],
            example=row["reason"],
        )


def _set_aside(connection: sa.Connection) -> list[sa.RowMapping]:
    """Return what waits of the latest tables: what is set aside in every extract is one piece of work, not many."""
    latest = [(account["extract_id"], account["entity"]) for account in clean.accounts(connection)]
    return clean.quarantine_counts(connection, latest)


def _risks(stages: Counter[str], waiting: Sequence[Mapping[str, Any]]) -> Iterator[Risk]:
    if stages["to_site"]:
        yield Risk(
            severity="high",
            title=f"{counted(stages['to_site'], 'station')} to visit",
            effect="Where a station is silent, drivers cannot charge there until somebody has been on site.",
            mitigation="Hand the open work orders to the maintenance party, the busiest locations first.",
            owner="maintenance",
        )
    if stages["rolled_back"]:
        yield Risk(
            severity="medium",
            title=f"{counted(stages['rolled_back'], 'station')} back on the legacy",
            effect="Drivers are served, but the legacy is kept alive.",
            mitigation="Read the reasons by type, mend the recipe or the station, and plan a later wave.",
            owner="station migration",
        )
    if waiting:
        yield Risk(
            severity="medium",
            title=f"{counted(len(waiting), 'station')} on hold",
            effect="What is in no wave does not move.",
            mitigation="Repair, firmware or installation first; then plan again.",
            owner="network owner",
        )


def _drifts(connection: sa.Connection, *, as_of: datetime) -> Iterator[Risk]:
    """Yield what types of stations no longer do as they were recorded to: recipes and flavours were made for that."""
    for row in gateway_flavours.drift_alarms(connection, since=as_of - DRIFTED_WITHIN, until=as_of):
        kind, _, what = row["problem"].partition(": ")
        yield Risk(
            severity="medium",
            title=f"{kind} behaves otherwise than recorded",
            effect=f"{what[:1].upper()}{what[1:]}: what is evened out for the target may be wrong now.",
            mitigation="Read rehome flavours learn, and set the type's flavour before its next wave.",
            owner="station migration",
        )


def _rows(connection: sa.Connection) -> Iterator[RowAccount]:
    for account in clean.accounts(connection):
        yield RowAccount(
            entity=f"{account['source']} {account['entity']}",
            rows_in=account["rows_in"],
            loaded=account["loaded"],
            quarantined=account["quarantined"],
            merged=account["merged"],
        )


def _energy(connection: sa.Connection) -> Iterator[EnergyAccount]:
    for account in clean.accounts(connection):
        if account["kwh_before"] is not None:
            yield EnergyAccount(
                scope=account["source"],
                before_kwh=account["kwh_before"],
                after_kwh=account["kwh_loaded"],
                quarantined_kwh=account["kwh_quarantined"],
                corrections=tuple(
                    Correction(rule=rule, meaning=MEANINGS.get(rule, ""), energy_kwh=Decimal(kwh))
                    for rule, kwh in account["kwh_adjustments"].items()
                ),
            )


def _next(rows: Sequence[Mapping[str, Any]], waiting: Sequence[Mapping[str, Any]]) -> Iterator[NextStep]:
    waves = sorted({row["wave"] for row in rows if row["wave"] is not None and row["stage"] == "planned"})
    if waves:
        yield NextStep(what=f"Decide at the gate before wave {waves[0]}", owner="steering committee", due_on=None)
    stuck = Counter(row["stage"] for row in rows if row["stage"] in STUCK)
    if stuck["to_site"]:
        what = f"Close {counted(stuck['to_site'], 'work order')} on site"
        yield NextStep(what=what, owner="maintenance", due_on=None)
    if stuck["rolled_back"]:
        what = f"Find out why {counted(stuck['rolled_back'], 'station')} went back, and plan again"
        yield NextStep(what=what, owner="station migration", due_on=None)
    if waiting:
        what = f"Clear the way for {counted(len(waiting), 'station')} on hold"
        yield NextStep(what=what, owner="network owner", due_on=None)
