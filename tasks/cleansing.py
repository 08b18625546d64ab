"""Turning an extract into clean rows: rules first, then each entity's suite, then one transaction for all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import sqlalchemy as sa
from prefect import task

from charging import canonical
from charging import settings as configuration
from charging.cleansing import Cleansed, Context, cleanse
from charging.clock import system_clock
from charging.database import tables
from charging.database.columns import storable_values
from charging.database.operations import clean as write
from charging.database.queries import clean as read_clean
from charging.database.queries import landing as read
from charging.database.turns import take_turns
from charging.errors import CountsDisagree, UnknownThing
from charging.legacy.source import COLUMNS, LandedRow
from charging.network import (
    ChargingProfile,
    Connector,
    Contract,
    Customer,
    Evse,
    Location,
    MeterValue,
    Reservation,
    Session,
    Station,
    Tariff,
    Token,
)
from charging.settings import Settings
from expectations.check import check
from expectations.expectation import Given
from expectations.findings import Findings
from tasks import opening

KEYS: Mapping[str, str] = {
    "location": "location_id",
    "station": "station_id",
    "evse": "evse_uid",
    "token": "token_uid",
    "session": "session_id",
}
MODELS: Mapping[str, type] = {
    "location": Location,
    "station": Station,
    "evse": Evse,
    "connector": Connector,
    "tariff": Tariff,
    "customer": Customer,
    "contract": Contract,
    "token": Token,
    "session": Session,
    "meter_value": MeterValue,
    "reservation": Reservation,
    "charging_profile": ChargingProfile,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What rules and suite together made of one entity's rows."""

    cleansed: Cleansed[Any]
    findings: Findings
    clean: list[Any]
    set_aside: list[dict[str, object]]
    """Rows that the rules let pass and the suite did not, as they are stored in quarantine."""


@task(task_run_name="cleanse-{source}")
def cleanse_latest(source: str) -> dict[str, Any]:
    """Cleanse the latest extract of a source; return how rows and energy add up, and what the suites found."""
    settings = configuration.load()
    with opening.engine(settings) as engine:
        return cleanse_extract(engine, settings, _latest(engine, source))


def cleanse_extract(
    engine: sa.Engine,
    settings: Settings,
    extract_id: str,
    *,
    time_zone: str | None = None,
    currency: str | None = None,
) -> dict[str, Any]:
    """Cleanse one extract, entity by entity, and store all of it or nothing.

    `time_zone` and `currency` are the source's, where they are not the settings'.

    Raises:
        CountsDisagree: if a row is not accounted for.
        QualityBlocked: if an expectation whose consequence is "block" is not met.
        UnknownThing: if there is no such extract.
    """
    now = system_clock()
    with engine.begin() as connection:
        take_turns(connection, "cleanse")  # two sources may name the same stations
        manifest = read.manifest(connection, extract_id)
        if manifest is None:
            raise UnknownThing("extract", extract_id, "extract a source first")
        as_of, billed_in = manifest.extracted_at, currency or settings.currency
        known = Context(
            as_of=as_of,
            time_zone=time_zone or settings.time_zone,
            currency=billed_in,
            known_token_uids=read.values_of(connection, extract_id, entity="session", field="token_uid"),
            own_parties=frozenset({settings.operator.replace("*", "-")}),
        )
        given = Given(as_of=as_of, currencies=frozenset({billed_in}))
        accounts, checked = [], []
        for entity in (entity for entity in COLUMNS if entity in manifest.row_counts):
            if entity in {"evse", "session"}:
                station_ids = frozenset(station.station_id for station in read_clean.stations(connection))
                known, given = replace(known, station_ids=station_ids), replace(given, station_ids=station_ids)
            # A night's intake brings sessions alone, and a target that nobody has moved to yet has none.
            is_intake = set(manifest.row_counts) == {"session"}
            made = _check(connection, extract_id, entity, known, given, may_be_empty=is_intake)
            accounts.append(_store(connection, made, extract_id=extract_id, back_office=manifest.source, at=now))
            checked.append(made)
        write.store_fixes(connection, [fix for made in checked for fix in made.cleansed.fixes], extract_id=extract_id)
        questions = [canonical_row(question) for made in checked for question in made.cleansed.questions]
        write.store_questions(connection, questions, extract_id=extract_id)
        of = [(extract_id, made.cleansed.entity) for made in checked]
        waiting = [dict(row) for row in read_clean.quarantine_counts(connection, of)]
        fixes = [
            {"rule": rule, "rows": rows} for rule, rows in read_clean.fix_counts(connection, extract_id).most_common()
        ]
    return {
        "extract_id": extract_id,
        "source": manifest.source,
        "accounts": accounts,
        "quarantine": canonical.plain(waiting),
        "fixes": fixes,
        "questions": len(questions),
        "warnings": [warning for made in checked for warning in made.findings.warnings],
        "suites": [_told(made.findings) for made in checked],
    }


def canonical_row(value: object) -> dict[str, object]:
    """Return a dataclass as a row of plain values."""
    row = canonical.plain(value)
    assert isinstance(row, dict)  # noqa: S101 - a dataclass is a mapping of its fields
    return dict(row)


def _check(
    connection: sa.Connection, extract_id: str, entity: str, context: Context, given: Given, *, may_be_empty: bool
) -> Checked:
    rows = [
        LandedRow(entity=entity, file=file, line=line, values=storable_values(values))
        for _, file, line, values in read.landed(connection, extract_id=extract_id, entity=entity)
    ]
    cleansed: Cleansed[Any] = cleanse(entity, rows, context)
    key, suite = KEYS[entity], f"{entity}s"
    if rows or not may_be_empty:
        findings = check(suite, _frame(entity, cleansed.clean), key=key, given=given)
    else:
        findings = Findings(suite=suite, rows=0, results=(), unasked=("There is at least one row.",))
    findings.require_no_blocks()
    reasons = findings.quarantined_keys
    return Checked(
        cleansed=cleansed,
        findings=findings,
        clean=[value for value in cleansed.clean if getattr(value, key) not in reasons],
        set_aside=[
            {
                "entity": entity,
                "key": str(getattr(value, key)),
                "file": f"clean.{entity}",
                "line": number,
                "rule": read_clean.SUITE,
                "reason": " ".join(reasons[getattr(value, key)]),
                "owner": "data team",
                "fields": canonical_row(value),
            }
            for number, value in enumerate(cleansed.clean, start=1)
            if getattr(value, key) in reasons
        ],
    )


def _store(
    connection: sa.Connection, made: Checked, *, extract_id: str, back_office: str, at: datetime
) -> dict[str, Any]:
    cleansed, entity = made.cleansed, made.cleansed.entity
    by_rule = [
        {name: getattr(row, name) for name in ("entity", "key", "file", "line", "rule", "reason", "owner")}
        | {"fields": dict(row.values)}
        for row in cleansed.quarantined
    ]
    write.store_entities(
        connection,
        made.clean,
        extract_id=extract_id,
        back_office=back_office if entity in {"session", "meter_value"} else None,
    )
    write.store_quarantined(connection, by_rule + made.set_aside, extract_id=extract_id, entity=entity, at=at)
    account: dict[str, Any] = {
        "extract_id": extract_id,
        "entity": entity,
        "rows_in": cleansed.rows_in,
        "loaded": len(made.clean),
        "merged": cleansed.merged,
        "quarantined": len(cleansed.quarantined) + len(made.set_aside),
        **_energy(made),
        "suite": _told(made.findings),
    }
    if account["rows_in"] != account["loaded"] + account["merged"] + account["quarantined"]:
        raise CountsDisagree(
            f"{entity}s of {extract_id}",
            rows_in=cleansed.rows_in,
            loaded=account["loaded"] + account["merged"],
            quarantined=account["quarantined"],
        )
    write.store_account(connection, account)
    return {"source": back_office} | {
        name: str(value) if isinstance(value, Decimal) else value for name, value in account.items() if name != "suite"
    }


def _energy(made: Checked) -> dict[str, Decimal | dict[str, str] | None]:
    energy = made.cleansed.energy
    if energy is None:
        return dict.fromkeys(("kwh_before", "kwh_loaded", "kwh_quarantined", "kwh_adjusted", "kwh_adjustments"))
    aside = sum((Decimal(str(row["fields"]["energy_kwh"])) for row in made.set_aside), Decimal(0))  # type: ignore[index]
    return {
        "kwh_before": energy.before,
        "kwh_loaded": energy.loaded - aside,
        "kwh_quarantined": energy.quarantined + aside,
        "kwh_adjusted": energy.adjusted,
        "kwh_adjustments": {rule: str(kwh) for rule, kwh in energy.adjusted_by_rule.items()},
    }


def _frame(entity: str, values: Sequence[Any]) -> pd.DataFrame:
    """Return values as a frame of their fields; everything stays the object it is, so that decimals stay exact."""
    names = [field.name for field in fields(MODELS[entity])]
    return pd.DataFrame({name: [getattr(value, name) for value in values] for name in names}, dtype=object)


def _told(findings: Findings) -> dict[str, object]:
    return {
        "suite": findings.suite,
        "rows": findings.rows,
        "unasked": list(findings.unasked),
        "results": [
            {
                "expectation": result.expectation_id,
                "column": result.column,
                "sentence": result.sentence,
                "consequence": str(result.consequence),
                "is_met": result.is_met,
                "unexpected": result.unexpected_count,
            }
            for result in findings.results
        ],
    }


def _latest(engine: sa.Engine, source: str) -> str:
    extract = tables.extract.c
    with engine.connect() as connection:
        found = connection.scalar(
            sa.select(extract.extract_id).where(extract.source == source).order_by(extract.extracted_at.desc()).limit(1)
        )
    if found is None:
        raise UnknownThing("extract", f"of {source}", "run the flow extract_legacy first")
    return str(found)
